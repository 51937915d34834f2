"""Unpacking: what is refused, and that nothing is written outside."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from hatch_envpack.archive import layout
from hatch_envpack.archive.reader import extract
from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path


def _pack(path: Path, *members: bytes) -> Path:
    path.write_bytes(b"".join(zstandard.compress(member) for member in (*members, layout.END)))
    return path


def _file(name: str, content: bytes = b"x") -> bytes:
    header = layout.file_header(name, len(content), executable=False, mtime=1)
    return header + content + layout.padding(len(content))


def test_frames_end_to_end_are_one_archive(tmp_path: Path) -> None:
    """Members in frames of their own are read as one stream."""
    place = tmp_path / "place"
    extract(_pack(tmp_path / "p", _file("a/b", b"1"), layout.link_header("a/c", "b", mtime=1), _file("d", b"2")), place)
    assert (place / "a/b").read_bytes() == b"1"
    assert (place / "a/c").read_bytes() == b"1"
    assert (place / "a/c").is_symlink()
    assert (place / "d").stat().st_mtime == 1


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/out"])
def test_a13_paths_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    """A member outside of the folder is refused by name."""
    with pytest.raises(ArchiveError, match="outside"):
        extract(_pack(tmp_path / "p", _file(name)), tmp_path / "place")
    assert not (tmp_path / "out").exists()


def test_a13_writing_through_a_link(tmp_path: Path) -> None:
    """A link that was unpacked before is not a folder to write into."""
    (tmp_path / "out").mkdir()
    pack = _pack(tmp_path / "p", layout.link_header("door", "../out", mtime=1), _file("door/file"))
    with pytest.raises(ArchiveError, match="outside"):
        extract(pack, tmp_path / "place")
    assert not list((tmp_path / "out").iterdir())


def test_a13_devices(tmp_path: Path) -> None:
    """Nothing but files, folders and symbolic links is unpacked."""
    info = tarfile.TarInfo("null")
    info.type = tarfile.CHRTYPE
    with pytest.raises(ArchiveError, match="neither file, folder nor symbolic link"):
        extract(_pack(tmp_path / "p", info.tobuf()), tmp_path / "place")


@pytest.mark.parametrize("content", [b"", b"not zstd at all", zstandard.compress(b"not tar" * 1000)])
def test_a13_foreign_files(tmp_path: Path, content: bytes) -> None:
    """What is no pack is said to be none."""
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(ArchiveError, match="damaged or is not a pack"):
        extract(tmp_path / "p", tmp_path / "place")
