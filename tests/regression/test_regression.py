"""A part of CPython's regression tests, in interpreters before and after packing; `run.py` runs all of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import find_debian, find_pyenv, missing
from tests.regression.run import Pair, make_pair, report
from tests.regression.suite import run_in
from tests.targets.roots import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = (
    "test_cppext",
    "test_ctypes",
    "test_embed",  # what needs the program `_testembed` skips itself: only the folder of a build has it
    "test_ensurepip",
    "test_importlib",
    "test_site",
    "test_ssl",
    "test_subprocess",
    "test_sysconfig",
    "test_tcl",
    "test_venv",
    "test_zipimport",
)
_SLOW = {"3.13": ("test.test_multiprocessing_spawn.test_processes",)}
"""A minute each time: once is enough, and of one of its three files. An installation of 3.12.1 lacks it."""


@pytest.fixture(scope="module", params=["3.12", "3.13", "debian"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Return each interpreter in turn, before and after packing."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        missing("hiding an interpreter needs unshare, and to be root")
    python = find_debian() if request.param == "debian" else find_pyenv(request.param)
    # not in pytest's own folder: its name is too long for the sockets of some tests
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        try:
            yield make_pair(python, Path(folder))
        except MissingToolError as error:
            missing(str(error))


def test_what_passes_before_passes_after(pair: Pair) -> None:
    """Every test file and every case tells the same of both, but for what is known and explained."""
    tests = [*_SLOW.get(pair.interpreter.short_version if pair.interpreter.is_private else "", ()), *_TESTS]
    made = report(pair, tests, repeats=2)
    assert len(made.before.cases) > 1000, made.to_text()
    assert made.unexplained == [], made.to_text()


def test_nothing_is_imported_at_start(pair: Pair) -> None:
    """A packed interpreter starts with the modules of the original, and one of ours where there is a terminal (D3).

    From 3.13 on `site` reads any ``.pth`` file with a codec that is a module of its own.
    """
    code = "import sys; print(*sys.modules)"
    before, after = (
        set(run_in(pair.folder / f"start-{name}", subject, "-X", "utf8", "-I", "-c", code).split())
        for name, subject in (("before", pair.before), ("after", pair.after))
    )
    assert "site" in before
    assert after - before - {"encodings.utf_8_sig"} == {"_envpack_terminfo"}
    assert before - after <= {"sitecustomize"}  # the build machine's own
