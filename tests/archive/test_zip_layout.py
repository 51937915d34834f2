"""The bytes of a zip archive, read back by Python's own reader and by Info-ZIP."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import time
import zipfile
import zlib
from typing import TYPE_CHECKING

import deflate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.archive import zip_layout as layout
from tests.conftest import missing

if TYPE_CHECKING:
    from pathlib import Path

_NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120).filter(
    lambda name: name not in (".", "..")
)
_PATHS = st.lists(_NAME, min_size=1, max_size=5).map("/".join)
_TIMES = st.integers(0, 2**33)


def _stored(head: layout.Head, content: bytes) -> tuple[bytes, layout.Sizes]:
    sizes = layout.Sizes(zlib.crc32(content), len(content), len(content))
    return layout.local_header(head, sizes) + content, sizes


def _read(head: layout.Head, content: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    data, sizes = _stored(head, content)
    directory = layout.central_record(head, sizes, 0)
    archive = data + directory + layout.end_of_directory(1, len(directory), len(data))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        (info,) = opened.infolist()
        return info, opened.read(info)


@given(_PATHS, st.binary(max_size=50), st.booleans(), _TIMES)
def test_a6_a10_name_mode_and_content_survive(path: str, content: bytes, executable: bool, mtime: int) -> None:  # noqa: FBT001
    """A member says what it was given, and that its mode is one of Unix."""
    head = layout.file_head(path, executable=executable, method=layout.STORED, mtime=mtime)
    info, read = _read(head, content)
    assert info.orig_filename.encode() == path.encode()
    assert (read, info.file_size) == (content, len(content))
    assert info.create_system == 3
    assert info.external_attr >> 16 == stat.S_IFREG | (0o755 if executable else 0o644)


@given(_PATHS, _PATHS)
def test_a10_links_and_folders_are_what_they_are(path: str, target: str) -> None:
    """A link is of that type and holds its target; a folder ends with a slash."""
    link, content = _read(layout.link_head(path, mtime=0), target.encode())
    assert (stat.S_ISLNK(link.external_attr >> 16), content) == (True, target.encode())
    folder, _ = _read(layout.folder_head(path, mtime=0), b"")
    assert folder.orig_filename.endswith("/")
    assert folder.external_attr >> 16 == stat.S_IFDIR | 0o755
    assert folder.is_dir()


def test_a6_a_name_that_is_not_utf_8_keeps_its_bytes() -> None:
    """The flag that says UTF-8 is not set where it would be wrong."""
    head = layout.file_head(os.fsdecode(b"caf\xe9"), executable=False, method=layout.STORED, mtime=0)
    assert (head.name, head.flags) == (b"caf\xe9", 0)
    assert layout.file_head("café", executable=False, method=layout.STORED, mtime=0).flags == 1 << 11


@given(_TIMES)
def test_a14_times_begin_in_1980_and_are_even(mtime: int) -> None:
    """The header's own time is UTC, less an odd second; what it cannot say becomes the nearest that it can."""
    info, _ = _read(layout.file_head("a", executable=False, method=layout.STORED, mtime=mtime), b"")
    assert info.date_time >= (1980, 1, 1, 0, 0, 0)
    assert info.date_time[5] % 2 == 0
    if 315532800 <= mtime < 4354819200:
        assert info.date_time == time.gmtime(mtime - mtime % 2)[:6]


@given(_TIMES)
def test_a14_the_extra_field_has_the_same_floor(mtime: int) -> None:
    """Readers that know the time in UTC do not see another one than those that do not; after 2038 it is left out."""
    extra = layout.file_head("a", executable=False, method=layout.STORED, mtime=mtime).extra
    if mtime >= 2**31:
        assert extra == b""
    else:
        assert extra == b"UT\5\0\1" + max(mtime, 315532800).to_bytes(4, "little")


@given(
    st.lists(st.tuples(_PATHS, st.sampled_from([0, 1, 2**32 - 2, 2**32 - 1, 2**40]), st.booleans()), max_size=4),
    st.sampled_from([0, 7, 2**32 - 2000, 2**32 - 1, 2**32, 2**42]),
)
def test_records_can_be_moved_anywhere(members: list[tuple[str, int, bool]], base: int) -> None:
    """Records made for offsets from 0 on, moved by any number, say what Python's reader understands."""
    records = b""
    for number, (path, size, streamed) in enumerate(members):
        head = layout.file_head(path, executable=False, method=layout.DEFLATED, mtime=1580601600)
        records += layout.central_record(head, layout.Sizes(5, size // 3, size), number * 300, streamed=streamed)
    moved = list(layout.relocated(records, base))
    directory = b"".join(moved)
    archive = directory + layout.end_of_directory(len(moved), len(directory), base + 4000)
    with zipfile.ZipFile(_Behind(base + 4000, archive)) as opened:
        found = [
            (info.orig_filename, info.compress_size, info.file_size, info.header_offset) for info in opened.filelist
        ]
        times = {(info.date_time, info.extra[-9:]) for info in opened.filelist}
    wanted = [(path, size // 3, size, base + number * 300) for number, (path, size, _) in enumerate(members)]
    assert found == wanted
    assert len(times) <= 1


class _Behind(io.BytesIO):
    """A file with many zeros before its content, which nobody reads."""

    def __init__(self, before: int, content: bytes) -> None:
        super().__init__(content)
        self._before = before

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move as if the zeros were there."""
        return super().seek(offset - self._before if whence == 0 else offset, whence) + self._before

    def tell(self) -> int:
        """Tell the place as if the zeros were there."""
        return super().tell() + self._before


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a zip whose first member has 5 GiB of zeros, which take no room on disk; a second one lies behind."""
    size = 5 << 30
    checksum = 0
    zeros = bytes(64 << 20)
    for _ in range(size // len(zeros)):
        checksum = deflate.crc32(zeros, checksum)
    first = layout.file_head("zeros", executable=False, method=layout.STORED, mtime=1580601600)
    sizes = layout.Sizes(checksum, size, size)
    second, second_sizes = _stored(
        layout.file_head("second", executable=True, method=layout.STORED, mtime=1580601600), b"behind 4 GiB\n"
    )
    path = tmp_path_factory.mktemp("huge") / "huge.zip"
    with path.open("wb") as stream:
        stream.write(layout.local_header(first, sizes))
        begin = stream.seek(size, os.SEEK_CUR)
        stream.write(second)
        records = [
            layout.central_record(first, sizes, 0),
            *layout.relocated(
                layout.central_record(
                    layout.file_head("second", executable=True, method=layout.STORED, mtime=1580601600), second_sizes, 0
                ),
                begin,
            ),
        ]
        offset = stream.tell()
        directory = b"".join(records)
        stream.write(directory + layout.end_of_directory(2, len(directory), offset))
    return path


@pytest.mark.parametrize(
    "command",
    [["unzip", "-p", "{}", "second"], ["bsdtar", "-xOf", "{}", "second"], ["python3", "-c", "{python}", "{}"]],
    ids=lambda command: command[0],
)
def test_a_member_behind_four_gib_is_found(huge: Path, command: list[str]) -> None:
    """Zip64 sizes and offsets are what each reader expects."""
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is not installed")
    python = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('second').decode(), end='')"
    words = [word.format(huge, python=python) for word in command]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "behind 4 GiB\n"


def test_info_zip_lists_a_huge_member(huge: Path) -> None:
    """``zipinfo`` reads its size from the Zip64 field, and the mode of the one behind it."""
    if shutil.which("zipinfo") is None:
        missing("zipinfo is not installed (Debian: unzip)")
    lines = subprocess.run(["zipinfo", "-l", huge], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = {line.split()[-1]: line.split() for line in lines if line.startswith("-rw")}
    assert (rows["zeros"][3], rows["second"][0]) == (str(5 << 30), "-rwxr-xr-x")


@pytest.mark.parametrize("large", [False, True])
def test_a_reader_of_a_pipe_finds_the_end_of_streamed_content(large: bool) -> None:  # noqa: FBT001
    """Pieces joined by sync flushes, and behind them a descriptor, with 64-bit sizes when the header says Zip64."""
    if shutil.which("bsdtar") is None:
        missing("bsdtar is not installed (Debian: libarchive-tools)")
    head = layout.file_head("first", executable=False, method=layout.DEFLATED, mtime=0)
    piece, end = (zlib.compressobj(6, zlib.DEFLATED, -15) for _ in range(2))
    data = piece.compress(b"one ") + piece.flush(zlib.Z_SYNC_FLUSH) + end.compress(b"two\n") + end.flush()
    sizes = layout.Sizes(zlib.crc32(b"one two\n"), len(data), 8)
    member = layout.streamed_header(head, large=large) + data + layout.descriptor(sizes, large=large)
    other = layout.file_head("second", executable=False, method=layout.STORED, mtime=0)
    second, second_sizes = _stored(other, b"three\n")
    directory = layout.central_record(head, sizes, 0, streamed=True)
    directory += layout.central_record(other, second_sizes, len(member))
    archive = member + second + directory + layout.end_of_directory(2, len(directory), len(member + second))
    done = subprocess.run(["bsdtar", "-xOf", "-"], input=archive, capture_output=True, check=True)
    assert done.stdout == b"one two\nthree\n"
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert opened.read("first") == b"one two\n"
