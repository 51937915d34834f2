"""``RECORD`` is written from what was packed."""

from __future__ import annotations

import base64
import csv
import hashlib
from pathlib import PurePosixPath

from hatch_envpack.environment.distributions import Distribution, RecordRow
from hatch_envpack.segment.record import record_entry, record_value

_SITE = PurePosixPath("lib/python3.12/site-packages")
_INFO = _SITE / "demo-1.0.dist-info"
_BIN = PurePosixPath("bin/demo")
_MODULE = _SITE / "demo.py"
_LEFT_OUT = _SITE / "demo_tests.py"


def test_c9_changed_rows_are_hashed_again() -> None:
    """Changed files get their new digest and size, files left out lose their row, the others keep theirs."""
    distribution = Distribution(
        "demo",
        "1.0",
        _INFO,
        (
            RecordRow(_MODULE, "sha256=module", "11"),
            RecordRow(_BIN, "sha256=old", "99"),
            RecordRow(_LEFT_OUT, "sha256=x", "1"),
        ),
        (),
    )
    bytecode = _SITE / "__pycache__/demo.cpython-312.pyc"
    entry = record_entry(distribution, _SITE, [_MODULE, _BIN], {_BIN: record_value(b"#!/bin/sh\n")}, [bytecode])
    assert entry.path == _INFO / "RECORD"
    expected = base64.urlsafe_b64encode(hashlib.sha256(b"#!/bin/sh\n").digest()).decode().rstrip("=")
    rows = {row[0]: row[1:] for row in csv.reader((entry.content or b"").decode().splitlines())}
    assert rows == {
        "../../../bin/demo": [f"sha256={expected}", "10"],
        "demo.py": ["sha256=module", "11"],
        "__pycache__/demo.cpython-312.pyc": ["", ""],
        "demo-1.0.dist-info/RECORD": ["", ""],
    }
