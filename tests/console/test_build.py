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


def test_build_on_a_terminal(tmp_path: Path) -> None:
    """Hatchling shows our bar, and of it nothing is left above the table and the path of the pack.

    What the build leaves in the cache is known to those who look after it.
    """
    options = {"verify": False, "bytecode": False, "compression_level": 1}
    project = copy_example(tmp_path, python=find_pyenv("3.12"), **options)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    seen = look(command, {"HATCH_ENVPACK_CACHE_DIR": str(tmp_path / "cache")}, cwd=project, columns=200, piped=True)
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
