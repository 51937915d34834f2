"""An indexed pack as tasks that any process can do, in any order but one: a file is begun before it is continued.

A task is a run of frames, and so a piece of the tar stream that begins with a member's header. Small frames share one.
Only the frames in the midst of a large file are tasks of their own, as are those that follow them: who does such a task
looks into the frame that has the file's header, the ``head``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import zstandard

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.names import shown
from hatch_envpack.extract.tar import Member, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_envpack.archive.index import Group
    from hatch_envpack.extract.tree import Tree

_MAX_FRAME = 32 << 20
"""Larger frames are not decompressed in one piece."""

_TASK = 4 << 20
"""Uncompressed bytes that are worth being a task."""
_MOST_FRAMES = 16
"""In one task, so that a few tasks have room in a pipe, and giving one to another process never has to wait."""

_SPLIT = 16 << 20
"""A file that takes more bytes of frames than this is shared out."""
_DAMAGED = "the pack is damaged: fetch or build it again"


class Frame(NamedTuple):
    """A frame and where it lies."""

    offset: int
    """In the file."""
    compressed: int
    position: int
    """In the tar stream."""
    raw: int
    digest: str
    inner: int | None

    @property
    def is_full(self) -> bool:
        """Whether it is nothing but the midst of a file."""
        return self.inner == self.raw


class Task(NamedTuple):
    """What one process does in one go."""

    number: int
    after: int | None
    """The task that has to be done before."""
    head: Frame | None
    """The frame with the header of the file that the first frame continues."""
    before: int
    """Bytes of that file in the frames between the head and the first frame."""
    frames: tuple[Frame, ...]
    cut: bool
    """Whether another task continues the last file."""

    @property
    def size(self) -> int:
        """Bytes of the tar stream."""
        return sum(frame.raw for frame in self.frames)


def frames_of(groups: Iterable[Group]) -> tuple[Frame, ...]:
    """Return all frames with their places."""
    found = []
    offset = position = 0
    for group in groups:
        for each in group.frames:
            found.append(Frame(offset, each.compressed, position, each.raw, each.digest, each.inner))
            offset, position = offset + each.compressed, position + each.raw
    return tuple(found)


def plan(frames: Sequence[Frame]) -> list[Task]:
    """Return tasks that hold each frame once, in the order of the file.

    There are none for a pack of frames that are too large, or too small where a file continues: it is read in order.
    """
    if any(max(frame.raw, frame.compressed) > _MAX_FRAME for frame in frames):
        return []
    tasks: list[Task] = []
    runs = list(_runs(frames))
    head: Frame | None = None
    after, before = None, 0
    for number, run in enumerate(runs):
        continues = run[0].inner is not None
        cut = number + 1 < len(runs) and runs[number + 1][0].inner is not None
        if not continues:
            head, after, before = None, None, 0
        tasks.append(Task(number, after, head, before, run, cut))
        if run[-1].is_full and continues:
            before += sum(frame.raw for frame in run)
        else:
            head, after, before = run[-1], number, 0
    return tasks if all(len(task.frames) <= _MOST_FRAMES for task in tasks) else []


def _runs(frames: Iterable[Frame]) -> Iterator[tuple[Frame, ...]]:
    """Yield the frames of each task: a chain of frames that continue one another stays whole unless it is long."""
    run: list[Frame] = []
    size = 0
    for chain in _chains(frames):
        total = sum(frame.raw for frame in chain)
        if run and (size + total > _TASK or len(run) + len(chain) > _MOST_FRAMES):
            yield tuple(run)
            run, size = [], 0
        if total <= _SPLIT:
            run += chain
            size += total
            continue
        yield from _split([*run, *chain])
        run, size = [], 0
    if run:
        yield tuple(run)


def _chains(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    chain: list[Frame] = []
    for frame in frames:
        if frame.inner is None and chain:
            yield chain
            chain = []
        chain.append(frame)
    if chain:
        yield chain


def _split(chain: list[Frame]) -> Iterator[tuple[Frame, ...]]:
    """Yield pieces of a long chain: runs of full frames on their own, up to the size of a task."""
    run: list[Frame] = []
    for frame in chain:
        full = len(run) == _MOST_FRAMES or sum(each.raw for each in run) + frame.raw > _TASK
        if run and (frame.is_full != run[-1].is_full or (frame.is_full and full)):
            yield tuple(run)
            run = []
        run.append(frame)
    yield tuple(run)


class Performer:
    """Does tasks. One for each process; ``pack`` is the descriptor of the pack."""

    def __init__(self, pack: int, tree: Tree) -> None:
        self._pack = pack
        self._tree = tree
        self._decompressor = zstandard.ZstdDecompressor()
        self._opened: tuple[Frame, Member, int] | None = None

    def perform(self, task: Task) -> bool:
        """Do a task; return whether the end of the archive was in it. Raises `ArchiveError`."""
        blocks = Blocks(self._contents(task.frames), position=task.frames[0].position, cut=task.cut)
        if task.head is not None:
            self._continue(task.head, task.before, task.frames[0], blocks)
        for member in members(blocks):
            self._tree.add(member, blocks.data())
        return blocks.ended

    def _continue(self, head: Frame, before: int, frame: Frame, blocks: Blocks) -> None:
        """Write what continues a file; `Blocks` notices when the last of it is not all."""
        member, written = self._last(head)
        offset = written + before
        left = member.size - offset
        if left < (frame.inner or 0) or (left > (frame.inner or 0) and not frame.is_full):
            raise ArchiveError(f"the pack is damaged: its index does not fit the file {shown(member.name)}")
        blocks.begin(left)
        self._tree.continue_file(member, offset, blocks.data())
        blocks.end()

    def _last(self, head: Frame) -> tuple[Member, int]:
        """Return the member that a frame ends with, and how many of its bytes are there."""
        if self._opened is None or self._opened[0] != head:
            blocks = Blocks(self._contents([head]), position=head.position, cut=True)
            blocks.begin(head.inner or 0)
            blocks.end()
            last = None
            for member in members(blocks):
                for _ in blocks.data():
                    pass
                last = member, member.size - blocks.left
            if last is None:
                raise ArchiveError(_DAMAGED)
            self._opened = (head, *last)
        return self._opened[1:]

    def _contents(self, frames: Iterable[Frame]) -> Iterator[bytes]:
        return (self._content(frame) for frame in frames)

    def _content(self, frame: Frame) -> bytes:
        """Return the content of a frame, which is as large as the index says.

        zstd compares the content with the checksum of the frame, at no cost to speak of; SHA-256 of the index would
        take as long as decompressing, and is no better against damage: who means harm writes the index too. It is
        compared only where a frame has no checksum.
        """
        data = self._read(frame)
        try:
            parameters = zstandard.get_frame_parameters(data)
            if parameters.content_size != frame.raw:
                raise ArchiveError(_DAMAGED)
            if not parameters.has_checksum and _sha256(data) != frame.digest:
                raise ArchiveError(_DAMAGED)
            content = self._decompressor.decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ArchiveError(_DAMAGED) from error
        if len(content) != frame.raw:
            raise ArchiveError(_DAMAGED)
        return content

    def _read(self, frame: Frame) -> bytes:
        try:
            data = os.pread(self._pack, frame.compressed, frame.offset)
        except OSError as error:
            raise ArchiveError(f"the pack cannot be read: {error.strerror}") from error
        if len(data) != frame.compressed:
            raise ArchiveError(_DAMAGED)
        return data


def _sha256(data: bytes) -> str:
    import hashlib  # noqa: PLC0415 - frames of ours never need it, and every process would import it

    return hashlib.sha256(data).hexdigest()
