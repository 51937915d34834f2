"""Writing an archive: the manifest, which knows what follows, before the frames of all segments."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.archive.container import FOLDERS, MANIFEST
from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_envpack.archive.container import Container
    from hatch_envpack.archive.member import Member
    from hatch_envpack.cache.frames import FrameStore
    from hatch_envpack.frame.frame import FrameRecord

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def assemble(
    manifest: Member,
    folders: Iterable[Member],
    segments: Sequence[tuple[str, Sequence[FrameRecord]]],
    container: Container,
    store: FrameStore,
    stream: BinaryIO,
) -> None:
    """Write the archive to ``stream``, in the place of what it had. Raises `ArchiveError`."""
    head = [(MANIFEST, _make([manifest], container, store)), (FOLDERS, _make(folders, container, store))]
    groups = [*head, *segments]
    with _disk_full_is_an_error():
        stream.seek(0)
        stream.truncate()
        for _, records in groups:
            for record in records:
                _append(record, store, stream)
        stream.write(container.tail(groups))
        stream.flush()


def _make(members: Iterable[Member], container: Container, store: FrameStore) -> list[FrameRecord]:
    return [store.put(work.run(), lasting=False) for work in container.works(members)]


def _append(record: FrameRecord, store: FrameStore, stream: BinaryIO) -> None:
    try:
        source = store.open(record.digest)
    except OSError as error:
        raise ArchiveError("the cache was emptied while the pack was written: build again") from error
    with source:
        _copy(source, stream, record.compressed)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    target.flush()
    done = 0
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
    target.seek(0, os.SEEK_END)
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
