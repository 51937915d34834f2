"""gzip members: what their headers say, and that plain readers take several for one file."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.formats import LEVELS
from hatch_envpack.frame.gzip import Gzip
from tests.conftest import missing

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"".join(b"line %d of a text that repeats itself\n" % number for number in range(40_000))


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.sampled_from(LEVELS["tar.gz"]))
def test_members_laid_end_to_end_are_one_file(contents: list[bytes], level: int) -> None:
    """Python's reader gives the contents one after the other, whatever the level."""
    codec = Gzip(level)
    assert gzip.decompress(b"".join(codec.compress(content) for content in contents)) == b"".join(contents)


@pytest.mark.parametrize("level", LEVELS["tar.gz"])
def test_a14_a_member_has_neither_name_nor_time(level: int) -> None:
    """RFC 1952, 2.3: no flag is set, the time is 0 (none), and the operating system is 255 (unknown)."""
    member = Gzip(level).compress(TEXT)
    assert member[:4] == b"\x1f\x8b\x08\x00"
    assert member[4:8] == bytes(4)
    assert member[9] == 255
    assert int.from_bytes(member[-8:-4], "little") == zlib.crc32(TEXT)
    assert int.from_bytes(member[-4:], "little") == len(TEXT)


def test_same_bytes_in_every_thread() -> None:
    """Many threads that compress at once do not disturb each other."""
    codec = Gzip(3)
    contents = [TEXT[number * 1000 :] for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(codec.compress, contents)) == [codec.compress(content) for content in contents]


def test_level_and_library_are_part_of_the_fingerprint() -> None:
    """A frame of another level, or of another version of the library, is never taken for this one."""
    fingerprints = {Gzip(level).fingerprint for level in LEVELS["tar.gz"]}
    assert len(fingerprints) == len(LEVELS["tar.gz"])
    assert all("libdeflate" in fingerprint for fingerprint in fingerprints)


@pytest.mark.parametrize("command", [["gzip", "-dc"], ["busybox", "gunzip", "-c"], ["zcat"]], ids=" ".join)
def test_programs_read_every_member(tmp_path: Path, command: list[str]) -> None:
    """What the shell has at hand reads on after the first member."""
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is not installed")
    file = tmp_path / "text.gz"
    file.write_bytes(b"".join(Gzip(3).compress(TEXT[at : at + 100_000]) for at in range(0, len(TEXT), 100_000)))
    assert subprocess.run([*command, file], capture_output=True, check=True).stdout == TEXT


def test_it_is_smaller_than_what_zlib_makes() -> None:
    """The default level beats zlib's fourth on a program of this machine, which is what others write."""
    with open("/proc/self/exe", "rb") as stream:  # noqa: PTH123 - it is no path of a file that we know
        content = stream.read(4 << 20)
    compressor = zlib.compressobj(4, zlib.DEFLATED, 31)
    assert len(Gzip(3).compress(content)) < len(compressor.compress(content) + compressor.flush())
