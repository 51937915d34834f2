"""Files that change while they are read, in every way and at every moment (A3)."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

import pytest

from hatch_envpack.archive.members import CHUNK, Slicer
from hatch_envpack.entry import Entry, Stamp
from hatch_envpack.errors import ArchiveError
from hatch_envpack.relocate.chain import Chain
from hatch_envpack.relocate.leaks import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_envpack.relocate.fixer import Context

_PATH = PurePosixPath("lib/data")


class _Claiming:
    """A fixer that wants every file, and changes nothing."""

    name: ClassVar[str] = "claiming"
    order: ClassVar[int] = 1

    def __init__(self, context: Context | None = None) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim all."""
        del entry, head
        return True

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Change nothing."""
        del entry, data
        return None


def _slicer(*fixers: _Claiming) -> Slicer:
    return Slicer(Chain(fixers), LeakScanner([]))


def _chunks(slicer: Slicer, entry: Entry) -> Iterator[bytes]:
    return (chunk for member in slicer.members([entry]) for chunk in member.chunks)


def _entry(folder: Path, size: int) -> Entry:
    source = folder / "data"
    source.write_bytes(b"a" * size)
    return Entry(_PATH, source=source, stamp=Stamp.of(source.stat()))


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"b" * CHUNK)


def _truncate(path: Path) -> None:
    os.truncate(path, 10)


def _rewrite(path: Path) -> None:
    path.write_bytes(b"b" * path.stat().st_size)
    os.utime(path, ns=(1, 1))


def _replace(path: Path) -> None:
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"b" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def _put_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [_append, _truncate, _rewrite, _replace, Path.unlink, _put_fifo])
@pytest.mark.parametrize("fixers", [(), (_Claiming(),)], ids=["streamed", "claimed"])
def test_a3_changed_since_it_was_found(
    tmp_path: Path, change: Callable[[Path], None], fixers: tuple[_Claiming, ...]
) -> None:
    """Longer, shorter, other bytes, another file with the same time, gone, a FIFO: an error that names the file."""
    entry = _entry(tmp_path, 100)
    change(tmp_path / "data")
    with pytest.raises(ArchiveError, match=rf"lib/data: {tmp_path}/data (changed while|cannot be read: \w)"):
        b"".join(_chunks(_slicer(*fixers), entry))


@pytest.mark.parametrize("change", [_append, _truncate, _rewrite])
def test_a3_changed_while_it_is_read(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """The same between two pieces of one file."""
    chunks = _chunks(_slicer(), _entry(tmp_path, 4 * CHUNK))
    next(chunks)
    change(tmp_path / "data")
    with pytest.raises(ArchiveError, match="changed while it was packed: build again"):
        b"".join(chunks)


@pytest.mark.parametrize("change", [_append, _truncate, _rewrite])
@pytest.mark.parametrize("claims", [True, False])
def test_a3_small_file_changed_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], None], *, claims: bool
) -> None:
    """The same in the moment after its bytes were read."""

    class Changing(_Claiming):
        def claims(self, entry: Entry, head: bytes) -> bool:
            del entry, head
            change(tmp_path / "data")
            return claims

    with pytest.raises(ArchiveError, match="changed while it was packed: build again"):
        b"".join(_chunks(_slicer(Changing()), _entry(tmp_path, 100)))


def test_a3_file_that_grows_for_ever(tmp_path: Path) -> None:
    """A file that grows faster than it is read ends the build, not the disk."""
    chunks = _chunks(_slicer(), _entry(tmp_path, 2 * CHUNK))
    read = 0
    with pytest.raises(ArchiveError, match="changed while"):  # noqa: PT012 - the file has to grow meanwhile
        for chunk in chunks:
            read += len(chunk)
            _append(tmp_path / "data")
    assert read <= 2 * CHUNK


def test_a3_file_that_holds_still(tmp_path: Path) -> None:
    """An unchanged file passes, streamed or claimed, with the same bytes; its links and its access do not count."""
    entry = _entry(tmp_path, CHUNK + 1)
    (tmp_path / "link").hardlink_to(tmp_path / "data")
    os.utime(tmp_path / "data", ns=(1, (tmp_path / "data").stat().st_mtime_ns))
    assert b"".join(_chunks(_slicer(), entry)) == b"a" * (CHUNK + 1)
    assert b"".join(_chunks(_slicer(_Claiming()), entry)) == b"a" * (CHUNK + 1)


def test_huge_sparse_file_takes_no_memory(tmp_path: Path) -> None:
    """A file of 9 GiB is read in pieces: the first of them are there at once, and the header says its size."""
    source = tmp_path / "data"
    with source.open("wb") as stream:
        stream.truncate(9 << 30)
    members = _slicer().members([Entry(_PATH, source=source)])
    member = next(members)
    assert member.size == 9 << 30
    chunks = iter(member.chunks)
    assert [next(chunks) for _ in range(3)] == [bytes(CHUNK)] * 3
    chunks.close()  # type: ignore[attr-defined]
    members.close()  # type: ignore[attr-defined]
