"""Frames that are cut anywhere give the same tree in any order, and damage in them is noticed."""

from __future__ import annotations

import functools
import io
import itertools
import os
import random
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_envpack.archive.index import FrameRecord, Group, encode_trailer, read_index
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract import frames as module
from hatch_envpack.extract.frames import Performer, frames_of, plan
from hatch_envpack.extract.tree import Tree
from tests.extract import packs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.extract.frames import Task


@contextmanager
def _sizes(task: int, split: int) -> Iterator[None]:
    """Let small packs be cut into tasks as large ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_TASK", task)
        patch.setattr(module, "_SPLIT", split)
        yield


def _perform(pack: Path, folder: Path, tasks: Sequence[Task]) -> list[bool]:
    folder.mkdir()
    root = os.open(folder, os.O_RDONLY)
    source = os.open(pack, os.O_RDONLY)
    try:
        tree = Tree(root, str(folder))
        performer = Performer(source, tree)
        ended = [performer.perform(task) for task in tasks]
        tree.finish()
    finally:
        os.close(source)
        os.close(root)
    return ended


def _plan(pack: Path) -> list[Task]:
    with pack.open("rb") as stream:
        groups = read_index(stream)
    assert groups is not None
    return plan(frames_of(groups))


def _any_order(tasks: Sequence[Task], seed: int) -> list[Task]:
    """Return an order in which what is to be done before is done before."""
    waiting, done, ordered = list(tasks), {None}, []
    chosen = random.Random(seed)
    while waiting:
        task = chosen.choice([task for task in waiting if task.after in done])
        waiting.remove(task)
        ordered.append(task)
        done.add(task.number)  # type: ignore[arg-type]
    return ordered


_MEMBERS = (
    packs.folder("d"),
    packs.file("d/small", b"a"),
    packs.file("d/large", random.Random(1).randbytes(20_000)),
    packs.file("d/empty", b""),
    packs.file("other/" + "long" * 40, bytes(3000), executable=True),
    packs.link("link", "d/large"),
    packs.file("block", bytes(1024)),
    packs.file("after", bytes(5000)),
)
_LENGTH = len(packs.stream(_MEMBERS))


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, _LENGTH - 1), max_size=60),
    st.integers(500, 6000),
    st.integers(500, 30_000),
    st.integers(),
)
def test_frames_cut_anywhere_in_any_order(cuts: list[int], task: int, split: int, seed: int) -> None:
    """Cut inside files, inside what fills a block, at ends: the tree is that of the tar archive."""
    with tempfile.TemporaryDirectory() as name, _sizes(task, split):
        folder = Path(name)
        pack = packs.indexed(folder / "pack", _MEMBERS, cuts)
        tasks = _plan(pack)
        if not tasks:
            # a file in too many pieces
            return
        assert [frame for each in tasks for frame in each.frames] == list(frames_of(_groups(pack)))
        ordered = _any_order(tasks, seed)
        ended = _perform(pack, folder / "out", ordered)
        assert [each.number for each, last in zip(ordered, ended, strict=True) if last] == [len(tasks) - 1]
        assert packs.tree(folder / "out") == _expected()


def _groups(pack: Path) -> tuple[Group, ...]:
    with pack.open("rb") as stream:
        return read_index(stream) or ()


@functools.cache
def _expected() -> dict[str, tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _sizes(1 << 30, 1 << 30):
            pack = packs.indexed(folder / "pack", _MEMBERS)
            _perform(pack, folder / "out", _plan(pack))
        found = packs.tree(folder / "out")
    assert len(found) == 9
    return found


def test_a_large_file_is_shared_out(tmp_path: Path) -> None:
    """Its midst is tasks of its own, all of which wait for the first and for nothing else."""
    member = packs.file("large", random.Random(1).randbytes(20_000))
    with _sizes(4000, 8000):
        pack = packs.indexed(
            tmp_path / "pack", [packs.file("before"), member, packs.file("behind")], range(1024, 22_000, 2000)
        )
        tasks = _plan(pack)
    pieces = [task for task in tasks if task.head is not None]
    assert len(pieces) > 4
    assert len({task.after for task in pieces}) == 1
    _perform(pack, tmp_path / "out", tasks)
    assert (tmp_path / "out/large").read_bytes() == member.content
    assert (tmp_path / "out/large").stat().st_mtime == packs.MTIME


def test_tasks_have_few_frames(tmp_path: Path) -> None:
    """A task has room in a pipe, however small its frames; a file in more pieces than that is not shared out."""
    many = [packs.file(f"{number}") for number in range(100)]
    tasks = _plan(packs.indexed(tmp_path / "many", many, range(0, 100 * 1024, 1024)))
    assert max(len(task.frames) for task in tasks) <= 16
    crumbs = packs.indexed(tmp_path / "crumbs", [packs.file("a", bytes(5000))], range(512, 5000, 100))
    assert _plan(crumbs) == []


def _with_records(path: Path, pairs: Sequence[tuple[bytes, FrameRecord]]) -> Path:
    body = b"".join(frame for frame, _ in pairs)
    path.write_bytes(body + encode_trailer([Group("all", tuple(record for _, record in pairs))]))
    return path


_CONTENT = packs.stream([packs.file("a", bytes(2000))])
_DIGEST = "0" * 64


@pytest.mark.parametrize("raw", [len(_CONTENT) - 1, len(_CONTENT) + 1, 0, 1 << 20])
def test_a13_frame_of_another_size_than_the_index_says(tmp_path: Path, raw: int) -> None:
    """A bomb says little and gives much; either way the size is compared before anything is made of it."""
    frame = packs.compress(_CONTENT)
    pack = _with_records(tmp_path / "pack", [(frame, FrameRecord(len(frame), raw, _DIGEST, None))])
    with pytest.raises(ArchiveError, match="damaged"):
        _perform(pack, tmp_path / "out", _plan(pack))


def test_a13_frame_that_lies_about_itself(tmp_path: Path) -> None:
    """Header and index say 1 MiB, and 64 MiB would come out: no more memory than was said is taken."""
    frame = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(bytes(64 << 20)))
    parameters = zstandard.get_frame_parameters(bytes(frame))
    place = bytes(frame).index((64 << 20).to_bytes(4, "little"))
    frame[place : place + 4] = (1 << 20).to_bytes(4, "little")
    assert (parameters.content_size, zstandard.get_frame_parameters(bytes(frame)).content_size) == (64 << 20, 1 << 20)
    pack = _with_records(tmp_path / "pack", [(bytes(frame), FrameRecord(len(frame), 1 << 20, _DIGEST, None))])
    with pytest.raises(ArchiveError, match="damaged"):
        _perform(pack, tmp_path / "out", _plan(pack))


def test_a13_frame_that_says_a_terabyte(tmp_path: Path) -> None:
    """Where the index says 1 MiB, the frame is not asked for more: there would be no memory for it."""
    # magic, sizes of eight bytes in one segment with a checksum, a terabyte, an empty last block, a checksum
    frame = b"\x28\xb5\x2f\xfd" + b"\xe4" + (1 << 40).to_bytes(8, "little") + b"\x01\0\0" + bytes(4)
    assert zstandard.get_frame_parameters(frame).content_size == 1 << 40
    pack = _with_records(tmp_path / "pack", [(frame, FrameRecord(len(frame), 1 << 20, _DIGEST, None))])
    with pytest.raises(ArchiveError, match="damaged"):
        _perform(pack, tmp_path / "out", _plan(pack))


def test_a13_frames_too_large_for_the_memory(tmp_path: Path) -> None:
    """They are not decompressed in one piece: such a pack is read from its beginning to its end."""
    frame = packs.compress(_CONTENT)
    pack = _with_records(tmp_path / "pack", [(frame, FrameRecord(len(frame), (32 << 20) + 1, _DIGEST, None))])
    assert _plan(pack) == []


def test_a12_flipped_bit_in_a_frame(tmp_path: Path) -> None:
    """A frame's own checksum tells; where it has none, the digest in the index."""
    members = [packs.file("a", random.Random(1).randbytes(5000))]
    for checksum in (True, False):
        pack = packs.indexed(tmp_path / f"pack {checksum}", members, checksum=checksum)
        _perform(pack, tmp_path / f"whole {checksum}", _plan(pack))
        data = bytearray(pack.read_bytes())
        data[3000] ^= 1
        pack.write_bytes(data)
        with pytest.raises(ArchiveError, match="damaged"):
            _perform(pack, tmp_path / f"broken {checksum}", _plan(pack))


def _in_pieces(path: Path, content: bytes, *, before: int = 0, inner: int = 1000) -> Path:
    """Write a pack of one file in five frames, of which the index says these things."""
    whole = packs.stream([packs.file("a", content)])
    pairs = []
    for number, (first, last) in enumerate(itertools.pairwise([0, 5000, 10_000, 15_000, 19_512, len(whole)])):
        frame = packs.compress(whole[first:last])
        left = {0: None, 1: last - first - before, 4: inner}.get(number, last - first)
        pairs.append((frame, FrameRecord(len(frame), last - first, _DIGEST, left)))
    return _with_records(path, pairs)


@pytest.mark.parametrize(("before", "inner"), [(1, 999), (0, 1001), (0, 1512), (0, 0)])
def test_a13_pieces_that_do_not_fit_the_file(tmp_path: Path, before: int, inner: int) -> None:
    """An index that says other things of a file's pieces than the file's header is damaged."""
    content = random.Random(1).randbytes(20_000)
    with _sizes(5000, 5000):
        whole = _plan(_in_pieces(tmp_path / "pack", content))
        assert len(whole) == 5
        _perform(tmp_path / "pack", tmp_path / "whole", whole)
        assert (tmp_path / "whole/a").read_bytes() == content
        tasks = _plan(_in_pieces(tmp_path / "pack", content, before=before, inner=inner))
        with pytest.raises(ArchiveError, match="damaged"):
            _perform(tmp_path / "pack", tmp_path / "out", tasks)


def test_read_index_of_a_plain_file() -> None:
    """A stream without an index has no frames to share."""
    assert plan(frames_of(read_index(io.BytesIO(_CONTENT)) or ())) == []
