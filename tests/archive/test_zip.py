"""zip as a container: what is cut where, and that plain readers get every byte, mode and link."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_envpack.archive.member import Member
from hatch_envpack.archive.zip import Zip
from hatch_envpack.frame.frame import FRAME_SIZE, FrameRecord
from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_envpack.frame.frame import Frame

MTIME = 1580601600
SIZES = st.one_of(
    st.integers(0, 3000),
    st.integers(FRAME_SIZE - 2, FRAME_SIZE + 2),
    st.integers(2 * FRAME_SIZE - 2, 2 * FRAME_SIZE + 2),
)


def _member(number: int, size: int) -> Member:
    data = bytes([number]) * size
    chunks = [data[at : at + (1 << 20)] for at in range(0, size, 1 << 20)]
    return Member(f"folder/{number}", size, chunks, executable=number % 2 == 0)


def _noise(name: str, size: int) -> Member:
    return Member(name, size, [os.urandom(size)])


def _frames(members: Sequence[Member]) -> list[Frame]:
    return [work.run() for work in Zip(1, MTIME).works(members)]


def _record(frame: Frame) -> FrameRecord:
    return FrameRecord("", len(frame.data), frame.raw, frame.inner, frame.directory)


def _archive(*groups: Sequence[Member]) -> bytes:
    made = [_frames(members) for members in groups]
    tail = Zip(1, MTIME).tail([(str(number), list(map(_record, frames))) for number, frames in enumerate(made)])
    return b"".join(frame.data for frames in made for frame in frames) + tail


@settings(max_examples=15)
@given(st.lists(st.lists(SIZES, max_size=4), max_size=3))
def test_every_byte_is_in_the_archive(groups: list[list[int]]) -> None:
    """Whatever the sizes, and wherever groups begin, Python's reader finds the members in order, with their content."""
    numbered = list(enumerate(size for sizes in groups for size in sizes))
    waiting = iter(numbered)
    archive = _archive(*([_member(*next(waiting)) for _ in sizes] for sizes in groups))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        found = [(info.filename, info.file_size, info.external_attr >> 16, info.date_time) for info in opened.filelist]
        contents = [opened.read(info) for info in opened.filelist]
    assert found == [
        (f"folder/{n}", size, stat.S_IFREG | (0o644 if n % 2 else 0o755), (2020, 2, 2, 0, 0, 0)) for n, size in numbered
    ]
    assert contents == [bytes([number]) * size for number, size in numbered]


def test_what_does_not_become_smaller_is_stored() -> None:
    """A small file is stored then; a large one, which is cut, grows by less than a thousandth."""
    archive = _archive([_noise("small", 5000), _noise("large", 2 * FRAME_SIZE)])
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        small, large = opened.filelist
        assert opened.testzip() is None
    assert (small.compress_type, small.compress_size) == (zipfile.ZIP_STORED, 5000)
    assert large.compress_type == zipfile.ZIP_DEFLATED
    assert large.compress_size < 2 * FRAME_SIZE * 1.001


def test_only_large_members_have_their_sizes_behind_them() -> None:
    """A reader of a stream that cannot do that still gets all others."""
    archive = _archive([_member(1, 10), _member(2, FRAME_SIZE), _member(3, FRAME_SIZE + 1)])
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert [bool(info.flag_bits & 8) for info in opened.filelist] == [False, False, True]


def test_a_frame_holds_whole_members_or_a_piece_of_one() -> None:
    """``inner`` tells which: a frame that begins with a member begins with its header."""
    frames = _frames([_member(1, 10), _member(2, 2 * FRAME_SIZE + 5), _member(3, 10)])
    assert [frame.inner for frame in frames] == [None, None, FRAME_SIZE, 5, 0, None]
    assert [frame.data[:4] == b"PK\3\4" for frame in frames] == [True, True, False, False, False, True]
    assert [frame.raw for frame in frames] == [10, FRAME_SIZE, FRAME_SIZE, 5, 0, 10]


LARGE = (b"0123456" * FRAME_SIZE)[: 3 * FRAME_SIZE + 7]
MEMBERS = (
    Member("folder", folder=True),
    Member("folder/deep", folder=True),
    Member("folder/program", 8, [b"#!/bin/s"], executable=True),
    Member("folder/deep/text", 5, [b"text\n"]),
    Member("folder/empty", 0, []),
    Member(
        "folder/large",
        len(LARGE),
        [LARGE[at : at + (1 << 20)] for at in range(0, len(LARGE), 1 << 20)],
        executable=True,
    ),
    Member("folder/ünï", 3, [b"uni"]),
    Member("folder/new\nline", 3, [b"new"]),
    Member("folder/link", link="deep/text"),
    Member("link to a folder", link="folder/deep"),
)


def _mode(path: Path) -> str:
    return oct(path.lstat().st_mode & 0o7777)


@pytest.mark.parametrize("command", ["unzip -q {} -d {}", "bsdtar -xf {} -C {}", "busybox unzip -q {} -d {}"])
def test_a1_a6_a10_a14_programs_unpack_modes_links_and_names(tmp_path: Path, command: str) -> None:
    """Info-ZIP, bsdtar and BusyBox make the same tree: x bits, links, names and contents."""
    words = command.split()
    if shutil.which(words[0]) is None:
        missing(f"{words[0]} is not installed")
    pack = tmp_path / "pack.zip"
    pack.write_bytes(_archive(MEMBERS[:2], MEMBERS[2:]))
    folder = tmp_path / "out"
    folder.mkdir()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "America/New_York"}
    paths = iter([str(pack), str(folder)])
    subprocess.run([next(paths) if word == "{}" else word for word in words], check=True, env=environment)
    assert {name: _mode(folder / "folder" / name) for name in ("program", "large", "deep/text", "empty", "deep")} == {
        "program": "0o755", "large": "0o755", "deep/text": "0o644", "empty": "0o644", "deep": "0o755",
    }  # fmt: skip
    assert (folder / "folder/large").read_bytes() == LARGE
    assert os.readlink(folder / "folder/link") == "deep/text"  # noqa: PTH115 - the text, not a path
    assert (folder / "link to a folder/text").read_text() == "text\n"
    assert (folder / "folder/ünï").read_text() == "uni"
    if words[0] != "unzip":  # which writes a question mark for a control character, as for any other archive
        assert (folder / "folder/new\nline").read_text() == "new"
    if words[0] != "busybox":  # which leaves the time of unpacking
        assert (folder / "folder/program").stat().st_mtime == MTIME


def test_a_stream_is_read_without_the_directory(tmp_path: Path) -> None:
    """From a pipe bsdtar reads, where only what stands before and behind each content is known."""
    if shutil.which("bsdtar") is None:
        missing("bsdtar is not installed (Debian: libarchive-tools)")
    subprocess.run(["bsdtar", "-xf", "-", "-C", tmp_path], input=_archive(MEMBERS[:6]), check=True)
    assert (tmp_path / "folder/large").read_bytes() == LARGE


def test_more_members_than_a_zip_without_zip64_can_count(tmp_path: Path) -> None:
    """70,000 members are counted by Python, Info-ZIP and bsdtar."""
    for program in ("zipinfo", "bsdtar"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    pack = tmp_path / "pack.zip"
    pack.write_bytes(_archive([Member(f"f{number}", folder=True) for number in range(70_000)]))
    with zipfile.ZipFile(pack) as opened:
        assert len(opened.filelist) == 70_000
    for command in (["zipinfo", "-1", str(pack)], ["bsdtar", "-tf", str(pack)]):
        names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert (len(names), names[-1]) == (70_000, "f69999/")


_PACK_ONE_LARGE_FILE = f"""
import os, re, sys
from pathlib import Path
from hatch_envpack.archive.member import Member
from hatch_envpack.archive.zip import Zip
from hatch_envpack.frame.frame import FrameRecord
from hatch_envpack.frame.pool import make_frames

def keep(frame):
    with open(sys.argv[1], "ab") as stream:
        stream.write(frame.data)
    return FrameRecord("", len(frame.data), frame.raw, frame.inner, frame.directory)

def peak():
    # not getrusage: that counts what the process was forked from too
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
size = 400 << 20
chunks = (os.urandom(1 << 12) * (1 << 8) for _ in range(400))
records = list(make_frames(Zip(1, {MTIME}).works([Member("large", size, chunks)]), keep, 1))
with open(sys.argv[1], "ab") as stream:
    stream.write(Zip(1, {MTIME}).tail([("all", records)]))
print(peak() - before)
"""


def test_a_large_file_does_not_lie_in_memory(tmp_path: Path) -> None:
    """400 MB are packed in less than 100 MB."""
    pack = tmp_path / "pack.zip"
    command = [sys.executable, "-c", _PACK_ONE_LARGE_FILE, str(pack)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000
    with zipfile.ZipFile(pack) as opened:
        assert opened.getinfo("large").file_size == 400 << 20
        with opened.open("large") as stream:
            assert len(stream.read(1 << 20)) == 1 << 20
