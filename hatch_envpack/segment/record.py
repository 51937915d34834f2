"""``RECORD``, written from what was really packed.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from hatch_envpack.environment.distributions import Distribution


@dataclass(frozen=True, slots=True)
class RecordValue:
    """The second and third column of a row, as they are written."""

    digest: str = ""
    size: str = ""


def record_value(data: bytes) -> RecordValue:
    """Return what ``RECORD`` says of this content: URL-safe base64 without padding, and the size in bytes."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return RecordValue(f"sha256={digest}", str(len(data)))


def record_entry(
    distribution: Distribution,
    site_packages: PurePosixPath,
    packed: Iterable[PurePosixPath],
    changed: Mapping[PurePosixPath, RecordValue],
    bytecode: Iterable[PurePosixPath],
) -> Entry:
    """Return the ``RECORD`` of a distribution.

    ``packed`` are the files that were written, ``changed`` says what is new of those that a fixer changed. Bytecode has
    rows without digest, as pip writes them.
    """
    known = {row.path: RecordValue(row.digest, row.size) for row in distribution.rows}
    rows = {path: changed.get(path) or known[path] for path in packed}
    rows |= dict.fromkeys((*bytecode, distribution.info / "RECORD"), RecordValue())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for path, value in sorted(rows.items()):
        writer.writerow((posixpath.relpath(path, site_packages), value.digest, value.size))
    return Entry(distribution.info / "RECORD", content=text.getvalue().encode("utf-8", "surrogateescape"))
