"""tar as a container: what is cut where, and that plain readers get every byte."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_envpack.archive.member import Member
from hatch_envpack.archive.tar import Tar
from hatch_envpack.frame.frame import FRAME_SIZE
from hatch_envpack.frame.zstd import Zstd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIZES = st.one_of(
    st.integers(0, 3000),
    st.integers(FRAME_SIZE - 2, FRAME_SIZE + 2),
    st.integers(2 * FRAME_SIZE - 513, 2 * FRAME_SIZE + 513),
)


def _member(number: int, size: int) -> Member:
    data = bytes([number]) * size
    chunks = [data[at : at + (1 << 20)] for at in range(0, size, 1 << 20)]
    return Member(f"folder/{number}", size, chunks, executable=number % 2 == 0)


def _frames(sizes: Sequence[int]) -> tuple[Tar, list[tuple[bytes, int | None]]]:
    tar = Tar(Zstd(1), 1580601600)
    frames = [work.run() for work in tar.works([_member(*pair) for pair in enumerate(sizes)])]
    return tar, [(zstandard.decompress(frame.data), frame.inner) for frame in frames]


@settings(max_examples=15)
@given(st.lists(SIZES, max_size=6))
def test_every_byte_is_in_the_archive(sizes: list[int]) -> None:
    """Whatever the sizes, Python's reader finds the members in order, with their content."""
    tar, frames = _frames(sizes)
    stream = io.BytesIO(b"".join(content for content, _ in frames) + zstandard.decompress(tar.tail([])))
    with tarfile.open(fileobj=stream) as archive:
        found = [(info.name, info.size, info.mode, info.mtime) for info in archive]
        contents = [archive.extractfile(info).read() for info in archive]  # type: ignore[union-attr]
    wanted = [(f"folder/{n}", size, 0o644 if n % 2 else 0o755, 1580601600) for n, size in enumerate(sizes)]
    assert found == wanted
    assert contents == [bytes([number]) * size for number, size in enumerate(sizes)]


@settings(max_examples=15)
@given(st.lists(SIZES, max_size=6))
def test_inner_tells_how_a_frame_begins(sizes: list[int]) -> None:
    """Without ``inner`` a frame begins with a header, and with it that many bytes of one file come first."""
    _, frames = _frames(sizes)
    for content, inner in frames:
        if inner is None:
            assert content[257:262] == b"ustar"
        else:
            assert len(set(content[:inner])) <= 1
            assert len(content) - inner < 512
            assert not any(content[inner:])


@settings(max_examples=10)
@given(st.lists(SIZES, max_size=6))
def test_frames_are_neither_tiny_nor_huge(sizes: list[int]) -> None:
    """Small members share a frame; a large one has its own, of the frame size each but the last."""
    _, frames = _frames(sizes)
    assert all(len(content) <= 2 * FRAME_SIZE + 1024 for content, _ in frames)
    assert len(frames) <= 1 + 2 * len([size for size in sizes if size > FRAME_SIZE]) + sum(sizes) // FRAME_SIZE


def test_gnu_tar_reads_frames_laid_end_to_end(tmp_path: Path) -> None:
    """``tar --zstd`` takes the frames of a large and a small file for one stream."""
    tar, _ = _frames([])
    members = [
        _member(1, 3 * FRAME_SIZE + 7),
        _member(2, 10),
        Member("link", link="folder/1"),
        Member("e", folder=True),
    ]
    pack = tmp_path / "pack.tar.zst"
    pack.write_bytes(b"".join(work.run().data for work in tar.works(members)) + tar.tail([]))
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", tmp_path], check=True)
    assert (tmp_path / "link").read_bytes() == b"\1" * (3 * FRAME_SIZE + 7)
    assert (tmp_path / "folder/2").read_bytes() == b"\2" * 10
    assert (tmp_path / "e").is_dir()
