"""Every format: the same bytes whatever the number of workers, read by the programs that people have."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.archive.choose import container_of
from hatch_envpack.archive.member import Member
from hatch_envpack.formats import FOLDER, LEVELS
from hatch_envpack.frame.frame import FRAME_SIZE, Frame, FrameRecord
from hatch_envpack.frame.pool import make_frames
from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORDS = [b"import ", b"numpy", b"return ", b"self.", b"\n", b"    ", b"for x in "]


def _contents() -> dict[str, bytes]:
    """Return files that can be compressed about as well as programs."""
    chance = random.Random(5)
    text = b"".join(chance.choices(_WORDS, k=FRAME_SIZE // 4))
    sizes = {"small": 10, "empty": 0, "middle": 700_000, "large": 2 * FRAME_SIZE + 5, "last": 4000}
    return {name: (text * 3)[:size] for name, size in sizes.items()}


def _members() -> Iterator[Member]:
    yield Member("folder", folder=True)
    for name, content in _contents().items():
        chunks = [content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)]
        yield Member(f"folder/{name}", len(content), chunks, executable=name == "middle")
    yield Member("link", link="folder/large")


def _pack(name: str, workers: int) -> bytes:
    shelf: dict[str, bytes] = {}

    def keep(frame: Frame) -> FrameRecord:
        digest = hashlib.sha256(frame.data).hexdigest()
        shelf[digest] = frame.data
        return FrameRecord(digest, len(frame.data), frame.raw, frame.inner, frame.directory)

    container = container_of(name, 3, 1580601600)
    records = list(make_frames(container.works(_members()), keep, workers))
    return b"".join(shelf[record.digest] for record in records) + container.tail([("all", records)])


@pytest.mark.parametrize("name", LEVELS)
def test_same_bytes_for_any_number_of_workers(name: str) -> None:
    """1, 2 and 16 workers write the same archive, again and again."""
    packs = {hashlib.sha256(_pack(name, workers)).digest() for workers in (1, 2, 16, 16, 2)}
    assert len(packs) == 1


def test_no_two_formats_share_frames() -> None:
    """Neither do two levels of one, nor two time stamps; a plain tar has no levels. A folder is made from a tar.zst."""
    files = {name: levels for name, levels in LEVELS.items() if name != FOLDER}
    wanted = [(name, level, mtime) for name, levels in files.items() for level in levels or [1] for mtime in (1, 2)]
    assert len({container_of(*each).fingerprint for each in wanted}) == len(wanted)
    assert container_of(FOLDER, 3, 1).fingerprint == container_of("tar.zst", 3, 1).fingerprint
    assert container_of("tar", 1, 1).fingerprint == container_of("tar", 9, 1).fingerprint


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("tar.zst", "tar --zstd -xf {pack} -C {folder}"),
        ("tar.gz", "tar -xzf {pack} -C {folder}"),
        ("tar.gz", "bsdtar -xf {pack} -C {folder}"),
        ("tar.gz", "busybox tar -xzf {pack} -C {folder}"),
        ("tar.gz", "python3 -m tarfile -e {pack} {folder}"),
        ("tar", "tar -xf {pack} -C {folder}"),
        ("tar", "bsdtar -xf {pack} -C {folder}"),
        ("tar", "busybox tar -xf {pack} -C {folder}"),
        ("tar", "python3 -m tarfile -e {pack} {folder}"),
        ("zip", "unzip -q {pack} -d {folder}"),
        ("zip", "bsdtar -xf {pack} -C {folder}"),
        ("zip", "busybox unzip -q {pack} -d {folder}"),
    ],
)
def test_a7_a10_every_reader_makes_the_same_tree(tmp_path: Path, name: str, command: str) -> None:
    """Contents, x bits and links come out of each format as they went in."""
    words = command.format(pack=tmp_path / f"pack.{name}", folder=tmp_path / "out").split()
    if shutil.which(words[0]) is None:
        missing(f"{words[0]} is not installed")
    (tmp_path / "out").mkdir()
    (tmp_path / f"pack.{name}").write_bytes(_pack(name, 2))
    subprocess.run(words, check=True)
    folder = tmp_path / "out/folder"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == _contents()
    assert {path.name for path in folder.iterdir() if os.access(path, os.X_OK) and path.stat().st_mode & 1} == {
        "middle"
    }
    assert os.readlink(tmp_path / "out/link") == "folder/large"  # noqa: PTH115 - the text, not a path


def test_gzip_finds_no_error(tmp_path: Path) -> None:
    """``gzip -t`` checks each member's checksum, and takes what follows the last one for damage."""
    pack = tmp_path / "pack.tar.gz"
    pack.write_bytes(_pack("tar.gz", 2))
    done = subprocess.run(["gzip", "-tv", pack], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("OK")
