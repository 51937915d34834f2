"""From a pack of any format to the files of a folder that is there and empty."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from hatch_envpack.archive.index import read_index
from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.frames import frames_of, plan
from hatch_envpack.extract.pool import perform_all
from hatch_envpack.extract.sources import is_zip, is_zstd, tar_stream
from hatch_envpack.extract.tar import members
from hatch_envpack.extract.tree import Tree
from hatch_envpack.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    Progress = Callable[[int, int], None]

_WORTH_PROCESSES = 100 << 20
"""Uncompressed bytes below which starting processes takes longer than they save."""


class Counts(NamedTuple):
    """What was written."""

    files: int
    links: int
    size: int
    """Bytes of all files."""


def unpack_into(
    pack: Path,
    folder: Path,
    *,
    place: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    held: Sequence[int] = (),
) -> Counts:
    """Unpack into ``folder``, which must be empty, and which nobody else may write to meanwhile.

    ``place`` is the folder's name in messages. ``held`` are descriptors that child processes keep open, for the locks
    on them. ``progress`` is called with bytes done and all bytes, of the file or of its content. Nothing is synced.
    Raises `ArchiveError`; what was written until then stays.
    """
    try:
        stream = open_regular(pack)
    except OSError as error:
        raise ArchiveError(f"{pack} cannot be read: {error.strerror}") from error
    with stream, _opened(folder) as root:
        tree = Tree(root, str(place or folder))
        try:
            _unpack(stream, tree, jobs or processors(), progress or _silent, held)
            links = tree.finish()
        except ArchiveError as error:
            raise ArchiveError(f"{pack}: {error}") from error
        return Counts(tree.files, links, tree.size)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _unpack(stream: BinaryIO, tree: Tree, jobs: int, progress: Progress, held: Sequence[int]) -> None:
    head = stream.read(BLOCK)
    if is_zip(head):
        from hatch_envpack.extract.zip import zip_members  # noqa: PLC0415 - what most packs do not need

        for member, data in zip_members(stream):
            tree.add(member, data)
            progress(*_position(stream))
        return
    tasks = plan(frames_of(read_index(stream) or ())) if is_zstd(head) and jobs > 1 else []
    total = sum(task.size for task in tasks)
    if not tasks or total < _WORTH_PROCESSES:
        stream.seek(0)
        _unpack_stream(stream, head, tree, progress)
        return
    done = 0
    with closing(perform_all(tasks, stream.fileno(), tree, min(jobs, len(tasks)), held)) as sizes:
        for size in sizes:
            done += size
            progress(done, total)


def _unpack_stream(stream: BinaryIO, head: bytes, tree: Tree, progress: Progress) -> None:
    with tar_stream(stream, head) as pieces:
        blocks = Blocks(pieces)
        for member in members(blocks):
            tree.add(member, blocks.data())
            progress(*_position(stream))
        for _ in pieces:
            pass  # what is behind the end may be cut off too, and has checksums
    if not blocks.ended:
        raise ArchiveError("the pack is damaged: it ends too early")


def _position(stream: BinaryIO) -> tuple[int, int]:
    """Return how much of a file was read, also by another thread, and its size."""
    return os.lseek(stream.fileno(), 0, os.SEEK_CUR), os.fstat(stream.fileno()).st_size


def _silent(_done: int, _all: int) -> None:
    pass


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
