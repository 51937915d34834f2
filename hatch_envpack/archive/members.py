"""From entries to the bytes of a segment's tar slice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_envpack.archive import layout
from hatch_envpack.errors import ArchiveError
from hatch_envpack.finding import Finding, printable
from hatch_envpack.relocate.chain import apply
from hatch_envpack.segment.record import Digest, RecordValue, record_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.relocate.leaks import LeakScanner

CHUNK = 1 << 20
"""Files are read in pieces of this size, so that a large one never lies in memory whole."""


class Slicer:
    """Turns entries into tar bytes: relocated, scanned for leaks, compared with ``RECORD``. One for each pack."""

    def __init__(self, chain: Chain, scanner: LeakScanner, mtime: int) -> None:
        self._chain = chain
        self._scanner = scanner
        self._mtime = mtime
        self._mismatched: set[PurePosixPath] = set()

    def findings(self) -> list[Finding]:
        """Return one finding for each file that is not what ``RECORD`` says (C9)."""
        return [
            Finding(
                "record-mismatch",
                str(path),
                "is not the file that RECORD describes: it was changed since it was installed",
                "reinstall the distribution it is of, unless the change was meant",
            )
            for path in sorted(self._mismatched)
        ]

    def folders(self, paths: Iterable[PurePosixPath]) -> Iterator[bytes]:
        """Yield a member for every folder above the given files, parents first.

        They stand together at the beginning, so that no segment's bytes depend on the segments before it.
        """
        folders = {parent for path in paths for parent in path.parents if parent.parts}
        for folder in sorted(folders, key=lambda folder: folder.parts):
            yield layout.folder_header(str(folder), mtime=self._mtime)

    def slice(self, entries: Iterable[Entry], changed: dict[PurePosixPath, RecordValue]) -> Iterator[bytes]:
        """Yield the members; what is not as ``RECORD`` has it is put into ``changed`` as it is met.

        Raises `ArchiveError` for a file that changes while it is read, `RelocationError` from a fixer.
        """
        for entry in entries:
            if entry.link is not None:
                yield layout.link_header(str(entry.path), entry.link, mtime=self._mtime)
            elif entry.source is None:
                yield from self._whole(entry, self._fixed(entry, entry.content or b"", changed))
            else:
                try:
                    with entry.source.open("rb") as stream:
                        yield from self._file(entry, stream, changed)
                except OSError as error:
                    what = f"{entry.path}: {entry.source} cannot be read: {error.strerror}"
                    raise ArchiveError(printable(what)) from error

    def _file(self, entry: Entry, stream: BufferedReader, changed: dict[PurePosixPath, RecordValue]) -> Iterator[bytes]:
        before = os.fstat(stream.fileno())
        first = stream.read(CHUNK)
        digest = Digest(entry.digest)
        fixers = self._chain.claimants(entry, first)
        data = apply(fixers, entry) if fixers else None
        if data is not None:
            if digest.is_known:
                digest.update(entry.read())
                self._compare(entry, digest)
            changed[entry.path] = record_value(data)
            yield from self._whole(entry, data)
            return
        self._scanner.begin()
        yield layout.file_header(str(entry.path), before.st_size, executable=entry.executable, mtime=self._mtime)
        size = 0
        chunk = first
        while chunk:
            size += len(chunk)
            self._scanner.feed(entry.path, chunk)
            digest.update(chunk)
            yield chunk
            chunk = stream.read(CHUNK) if len(chunk) == CHUNK else b""
        after = os.fstat(stream.fileno())
        if size != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise ArchiveError(printable(f"{entry.path}: {entry.source} changed while it was packed: build again"))
        yield layout.padding(size)
        if not self._compare(entry, digest):
            changed[entry.path] = RecordValue(digest.text, str(size))

    def _compare(self, entry: Entry, digest: Digest) -> bool:
        if digest.fits:
            return True
        self._mismatched.add(entry.path)
        return False

    def _fixed(self, entry: Entry, data: bytes, changed: dict[PurePosixPath, RecordValue]) -> bytes:
        fixed = self._chain.fixed(entry)
        if fixed is None:
            return data
        changed[entry.path] = record_value(fixed)
        return fixed

    def _whole(self, entry: Entry, data: bytes) -> Iterator[bytes]:
        self._scanner.begin()
        self._scanner.feed(entry.path, data)
        yield layout.file_header(str(entry.path), len(data), executable=entry.executable, mtime=self._mtime)
        for start in range(0, len(data), CHUNK):
            yield data[start : start + CHUNK]
        yield layout.padding(len(data))
