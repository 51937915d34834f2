"""Writing an archive: the segments' frames first into a spool, then all behind the manifest, which knows them."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.archive import layout
from hatch_envpack.errors import ArchiveError
from hatch_envpack.frame.cut import cut
from hatch_envpack.frame.zstd import compress_frames
from hatch_envpack.manifest.model import SegmentSummary
from hatch_envpack.segment.record import record_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from hatch_envpack.archive.members import Slicer
    from hatch_envpack.entry import Entry
    from hatch_envpack.manifest.model import Manifest
    from hatch_envpack.segment.model import Segment
    from hatch_envpack.segment.record import RecordValue

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(slots=True)
class _Count:
    files: int = 0
    size: int = 0


def write_segments(
    segments: Sequence[Segment],
    bytecode: Mapping[str, Sequence[Entry]],
    slicer: Slicer,
    site_packages: PurePosixPath,
    level: int,
    spool: BinaryIO,
) -> tuple[SegmentSummary, ...]:
    """Write the frames of all segments to ``spool``; return what the manifest says of them.

    Raises `ArchiveError` when the disk is full.
    """
    counts = {segment.name: _Count() for segment in segments}

    def contents() -> Iterator[bytes]:
        paths = [entry.path for segment in segments for entry in (*segment.entries, *bytecode.get(segment.name, ()))]
        yield from cut(slicer.folders(paths))
        for segment in segments:
            count = counts[segment.name]
            chunks = _segment_chunks(segment, bytecode.get(segment.name, ()), slicer, site_packages, count)
            for content in cut(chunks):
                count.size += len(content)
                yield content
        yield layout.END

    write_frames(contents(), level, spool)
    return tuple(SegmentSummary(name, count.files, count.size) for name, count in counts.items())


def _segment_chunks(
    segment: Segment, bytecode: Sequence[Entry], slicer: Slicer, site_packages: PurePosixPath, count: _Count
) -> Iterator[bytes]:
    changed: dict[PurePosixPath, RecordValue] = {}
    entries = (*segment.entries, *bytecode)
    count.files = len(entries)
    yield from slicer.slice(entries, changed)
    if segment.distribution is not None:
        count.files += 1
        record = record_entry(
            segment.distribution,
            site_packages,
            [entry.path for entry in segment.entries],
            changed,
            [entry.path for entry in bytecode],
        )
        yield from slicer.slice([record], {})


def assemble(manifest: Manifest, slicer: Slicer, level: int, spool: Path, stream: BinaryIO) -> None:
    """Write the manifest's frame and then the spooled ones to ``stream``, in the place of what it had.

    Raises `ArchiveError`.
    """
    stream.seek(0)
    stream.truncate()
    write_frames(cut(slicer.slice([manifest.entry()], {})), level, stream)
    with spool.open("rb") as source, _disk_full_is_an_error():
        _copy(source, stream)
        stream.flush()


def write_frames(contents: Iterator[bytes], level: int, stream: BinaryIO) -> None:
    """Compress and write. Raises `ArchiveError` when the disk is full."""
    frames = compress_frames(contents, level)
    with _disk_full_is_an_error():
        stream.writelines(frames)
        stream.flush()


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    target.flush()
    size = os.fstat(source.fileno()).st_size
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
    source.seek(done)
    shutil.copyfileobj(source, target, 1 << 20)


@contextmanager
def _disk_full_is_an_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise ArchiveError(
            f"the pack cannot be written: {error.strerror}: make room in the output folder and in the folder for "
            "temporary files (TMPDIR)"
        ) from error
