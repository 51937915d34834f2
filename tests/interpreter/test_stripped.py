"""An installation that ``strip`` of binutils went over before it is packed (N14)."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import find_pyenv, missing
from tests.interpreter.moved import move

if TYPE_CHECKING:
    from pathlib import Path

_USE = """
import ctypes, curses, readline, sqlite3, ssl, zlib
assert ctypes.CDLL(None).getpid() > 0
assert zlib.decompress(zlib.compress(b"x")) == b"x"
mapped = {line[73:-1] for line in open("/proc/self/maps")}
print(*sorted(path for path in mapped if "libpython" in path or "lib-dynload" in path), sep=chr(10))
"""


@pytest.mark.parametrize("how", ["--strip-all", "--strip-unneeded"])
def test_n14_stripped_before_it_is_packed(tmp_path: Path, how: str) -> None:
    """Its libpython and its extension modules are given their search paths, load, and come from the moved tree."""
    if shutil.which("strip") is None:
        missing("strip is not installed")
    prefix = find_pyenv("3.12").parent.parent
    copy = tmp_path / "installation"
    unneeded = shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a")
    shutil.copytree(prefix, copy, symlinks=True, ignore=unneeded)
    libraries = [
        copy / "lib/libpython3.12.so.1.0",
        *copy.glob("lib/python3.12/lib-dynload/*.so"),
        copy / "bin/python3.12",
    ]
    before = sum(path.stat().st_size for path in libraries)
    subprocess.run(["strip", how, *libraries], check=True)
    assert sum(path.stat().st_size for path in libraries) < before / 2
    moved = move(copy / "bin/python3.12", tmp_path / "a b'c")
    mapped = moved.run(moved.python, "-c", _USE).splitlines()
    assert len(mapped) > 5
    assert all(path.startswith(f"{moved.place}/lib/") for path in mapped), mapped
