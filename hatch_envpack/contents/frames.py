"""Following zstd frames as their bytes pass: https://www.rfc-editor.org/rfc/rfc8878#name-zstandard-frames.

zstd's decoder, as it can be used here, does not tell a stream that ends inside of a frame from one that ends behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC_SIZE, _LENGTH_SIZE, _BLOCK_SIZE = 4, 4, 3
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_CHECKSUM_SIZE = 4
_RUN = 1
"""The type of a block that is one byte, however often it comes out."""


class FrameWalk:
    """Says whether the last frame is whole, of frames that a decoder has found to be frames."""

    def __init__(self) -> None:
        self.skippable: set[int] = set()
        """The magic numbers of frames of which nothing comes out."""
        self._step: Callable[[int], None] = self._magic
        self._wanted = _MAGIC_SIZE
        self._field = b""
        self._skip = 0
        self._checksum = 0

    @property
    def is_whole(self) -> bool:
        """Whether no frame has begun that has not ended."""
        return self._step == self._magic and not self._field and not self._skip

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            piece = data[at : at + self._wanted - len(self._field)]
            self._field += piece
            at += len(piece)
            if len(self._field) == self._wanted:
                value, self._field = int.from_bytes(self._field, "little"), b""
                self._step(value)

    def _expect(self, step: Callable[[int], None], size: int) -> None:
        self._step, self._wanted = step, size

    def _magic(self, value: int) -> None:
        if value in _SKIPPABLE:
            self.skippable.add(value)
            self._expect(self._length, _LENGTH_SIZE)
        else:
            self._expect(self._descriptor, 1)

    def _length(self, value: int) -> None:
        self._skip = value
        self._expect(self._magic, _MAGIC_SIZE)

    def _descriptor(self, value: int) -> None:
        is_single = value >> 5 & 1
        self._checksum = _CHECKSUM_SIZE * (value >> 2 & 1)
        # window, dictionary, and size of the content
        self._skip = 1 - is_single + (0, 1, 2, 4)[value & 3] + (is_single, 2, 4, 8)[value >> 6]
        self._expect(self._block, _BLOCK_SIZE)

    def _block(self, value: int) -> None:
        is_last, kind, size = value & 1, value >> 1 & 3, value >> 3
        self._skip = 1 if kind == _RUN else size
        if is_last:
            self._skip += self._checksum
            self._expect(self._magic, _MAGIC_SIZE)
