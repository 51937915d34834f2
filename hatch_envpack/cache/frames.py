"""Frames on disk, under the digests of their bytes."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.errors import ArchiveError
from hatch_envpack.frame.frame import Frame, FrameRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

KIND = "frames"


class FrameStore:
    """Keeps frames in the cache, and in a spare folder what the cache cannot take.

    A frame's name is the digest of what it holds, so that damage is seen, and two builds that write the same frame do
    not disturb each other. It is not the digest of what was compressed, since this one proves the very bytes that are
    laid into a pack, and there are three times less of them to hash.
    """

    def __init__(self, cache: Path, spare: Path) -> None:
        """Use the cache in the folder ``cache``; ``spare`` is a folder of this build alone."""
        self._cache = cache
        self._spare = spare
        self._whole: set[str] = set()
        self.refused: OSError | None = None
        """Why the cache did not take a frame."""

    def put(self, frame: Frame) -> FrameRecord:
        """Keep a frame. Raises `ArchiveError` when there is room for it nowhere."""
        digest = hashlib.sha256(frame.data).hexdigest()
        record = FrameRecord(digest, len(frame.data), frame.raw, frame.inner, frame.directory)
        if self.refused is None:
            path = place(self._cache, KIND, digest)
            try:
                if not _holds(path, frame.data):
                    write_aside(path, [frame.data])
            except OSError as error:
                self.refused = error
            else:
                return record
        try:
            write_aside(place(self._spare, KIND, digest), [frame.data])
        except OSError as error:
            raise ArchiveError(
                f"the pack cannot be written: {error.strerror}: make room in the folder for temporary files (TMPDIR)"
            ) from error
        return record

    def open(self, digest: str) -> BinaryIO:
        """Open a frame that was put or checked. Raises `OSError`."""
        for root in (self._spare, self._cache):
            with suppress(FileNotFoundError):
                return place(root, KIND, digest).open("rb")
        raise FileNotFoundError(digest)

    def lacking(self, records: Iterable[FrameRecord]) -> set[str]:
        """Return the digests of the frames that are not there, or not whole; damaged ones are thrown away.

        A frame is read once in a build.
        """
        wanted = {record.digest for record in records} - self._whole
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._whole |= {
                digest for digest, whole in zip(wanted, pool.map(self._is_whole, wanted), strict=True) if whole
            }
        return wanted - self._whole

    def _is_whole(self, digest: str) -> bool:
        path = place(self._cache, KIND, digest)
        try:
            data = path.read_bytes()
        except OSError:
            return False
        if hashlib.sha256(data).hexdigest() != digest:
            with suppress(OSError):
                path.unlink()
            return False
        touch(path)
        return True


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
