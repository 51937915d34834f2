"""A build before a real terminal."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from hatch_envpack.cache.entries import KINDS
from tests.conftest import copy_example, find_pyenv
from tests.terminal import look

if TYPE_CHECKING:
    from pathlib import Path


_BUILD = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]


def _project(folder: Path) -> Path:
    options = {"verify": False, "bytecode": False, "compression_level": 1}
    return copy_example(folder, python=find_pyenv("3.12"), **options)


def _own_cache(folder: Path) -> dict[str, str]:
    return {"HATCH_ENVPACK_CACHE_DIR": str(folder / "cache")}


def test_build_on_a_terminal(tmp_path: Path) -> None:
    """Hatchling shows our bar, and of it nothing is left above the table and the path of the pack.

    What the build leaves in the cache is known to those who look after it.
    """
    project = _project(tmp_path)
    seen = look(_BUILD, _own_cache(tmp_path), cwd=project, columns=200, piped=True)
    assert seen.code == 0, seen.end
    bar = re.compile(r"Packing .* \d+\.\d MB of \d+\.\d MB, \d+\.\d MB/s \d:\d\d:\d\d")
    assert any(bar.search(picture) for picture in seen.pictures)
    (pack,) = (project / "dist").iterdir()
    lines = seen.end.splitlines()
    assert lines[0].startswith("Python 3.12")
    assert lines[-1] == f"dist/{pack.name}"
    assert re.search(r"^interpreter +[\d,]+ +\d+\.\d MB +\d+\.\d MB +\d+ +0$", seen.end, re.MULTILINE)
    assert re.search(r"^Packing +\d+\.\d$", seen.end, re.MULTILINE)
    assert "MB/s" not in seen.end
    assert seen.output == ""
    kept = {path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()}
    assert "frames" in kept
    assert kept <= set(KINDS)


def test_ctrl_c_ends_a_build(tmp_path: Path) -> None:
    """There is no traceback, no half pack, and no bar."""
    project = _project(tmp_path)
    seen = look(_BUILD, _own_cache(tmp_path), cwd=project, interrupt_at="Building the wheel")
    # where it came while a module made a dataclass, which runs a text, CPython ends `python -m` by the signal itself,
    # though the interruption was caught (`unhandled_keyboard_interrupt` in its pythonrun.c): the same to a shell
    assert (128 - seen.code if seen.code < 0 else seen.code) == 130
    assert seen.end in ("", "^C")
    assert not seen.cursor_hidden
    assert list((project / "dist").iterdir()) == []
