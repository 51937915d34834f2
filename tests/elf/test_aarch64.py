"""Real files for aarch64: edited, and loaded by an emulated machine with pages of 64 KiB (N8)."""

from __future__ import annotations

import io
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.elf.edit import set_search_path
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import read_elf
from tests.conftest import missing
from tests.targets.roots import MissingToolError, unpacked_packages
from tests.wheels import Wheel

if TYPE_CHECKING:
    from pathlib import Path

NUMPY = Wheel(
    "numpy==1.26.4",
    "manylinux2014_aarch64",
    "7ab55401287bfec946ced39700c053796e7cc0e3acbef09993a9ad2adba6ca6e",
    python="3.11",
)

_USE = "import numpy, numpy.random; print(*numpy.linalg.solve(numpy.eye(3) * 2, numpy.arange(3)))"


@pytest.fixture(scope="module")
def python() -> list[str | Path]:
    """Return the command that runs Debian's Python for aarch64 on an emulated machine with large pages."""
    try:
        emulator = unpacked_packages("bookworm", "qemu-user-static", architecture="amd64")
        system = unpacked_packages("bookworm", "python3.11-minimal", "python3.11", "libstdc++6", architecture="arm64")
    except MissingToolError as error:
        missing(str(error))
    return [emulator / "usr/bin/qemu-aarch64-static", "-p", "65536", "-L", system, system / "usr/bin/python3.11", "-B"]


def _moved(folder: Path, libraries: str, *, every: bool) -> None:
    """Unpack the wheel with another name for its folder of libraries; lead what needs them there, or edit all files."""
    with zipfile.ZipFile(NUMPY.path) as archive:
        archive.extractall(folder)
    (folder / "numpy.libs").rename(folder / libraries)
    for path in folder.rglob("*.so*"):
        data = path.read_bytes()
        elf = read_elf(io.BytesIO(data))
        assert elf is not None
        found = tuple(entry.replace("numpy.libs", libraries) for entry in elf.rpath or elf.runpath or ())
        if found or every:
            edited = set_search_path(data, SearchPath(found or ("$ORIGIN",), inherited=True))
            assert (len(edited) == len(data)) == (not every)
            path.write_bytes(edited)


@pytest.mark.parametrize(("libraries", "every"), [("libs", False), ("a-folder-with-a-longer-name", True)])
def test_n8_real_files_with_large_pages(tmp_path: Path, python: list[str | Path], libraries: str, every: bool) -> None:  # noqa: FBT001
    """Edited in place, and with LIEF, numpy finds the libraries that it brings, and computes."""
    _moved(tmp_path, libraries, every=every)
    done = subprocess.run(
        [*python, "-c", _USE], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "0.0 0.5 1.0\n", done.stderr
