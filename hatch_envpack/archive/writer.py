"""Writing an archive: frames, laid end to end."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.archive.container import Container, Groups
    from hatch_envpack.archive.member import Member
    from hatch_envpack.cache.frames import FrameStore
    from hatch_envpack.frame.frame import FrameRecord

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def write_archive(groups: Groups, container: Container, store: FrameStore, stream: BinaryIO) -> None:
    """Lay all frames end to end into ``stream``, in the place of what it had. Raises `ArchiveError`."""
    with _disk_full_is_an_error():
        stream.seek(0)
        for _, records in groups:
            for record in records:
                _append(record, store, stream)
        stream.write(container.tail(groups))
        stream.truncate()  # at the end: the file system need not free what it would have to find again
        stream.flush()


def make_group(
    name: str, members: Iterable[Member], container: Container, store: FrameStore
) -> tuple[str, tuple[FrameRecord, ...]]:
    """Return the frames of what belongs to the pack as a whole. Raises `ArchiveError`."""
    return name, tuple(store.put(work.run()) for work in container.works(members))


def _append(record: FrameRecord, store: FrameStore, stream: BinaryIO) -> None:
    try:
        source = store.open(record.digest)
    except OSError as error:
        raise ArchiveError("the cache was emptied while the pack was written: build again") from error
    with source:
        _copy(source, stream, record.compressed)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    target.flush()
    start, done = target.tell(), 0
    try:
        while done < size:
            # inside the kernel, and on some file systems without copying anything
            count = os.copy_file_range(source.fileno(), target.fileno(), size - done)
            if not count:
                break
            done += count
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise
        # between two file systems some kernels refuse: copy the rest by hand
    target.seek(start + done)
    if done < size:
        source.seek(done)
        if target.write(source.read(size - done)) != size - done:
            raise ArchiveError("the cache was damaged while the pack was written: build again")


@contextmanager
def _disk_full_is_an_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ArchiveError(f"the pack cannot be written: {error.strerror}: make room in the output folder") from error
