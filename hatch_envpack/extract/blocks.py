"""A tar stream as blocks, from pieces of any size; only the piece at hand is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRUNCATED = "the pack is damaged: it ends too early: fetch or build it again"


class Blocks:
    """Gives headers, and the data of the member that `begin` was called for."""

    def __init__(self, pieces: Iterator[bytes], *, position: int = 0, cut: bool = False) -> None:
        """``position`` is where the first piece lies in the stream; ``cut``: it may end inside of a file."""
        self._pieces = pieces
        self._cut = cut
        self._data = b""
        self._at = 0
        self._start = position
        """Of the piece at hand, in the stream."""
        self.left = 0
        """Bytes of the member's data that were not read yet."""
        self.ended = False
        """Whether the end of the archive was met."""

    def header(self) -> bytes | None:
        """Return the next block, or None at the end of the stream."""
        end = self._at + BLOCK
        if end > len(self._data):
            while len(self._data) - self._at < BLOCK and (piece := next(self._pieces, None)) is not None:
                self._start += self._at
                self._data, self._at = self._data[self._at :] + piece, 0
            end = self._at + BLOCK
            if self._at == len(self._data):
                return None
            if end > len(self._data):
                raise ArchiveError(_TRUNCATED)
        block = self._data[self._at : end]
        self._at = end
        return block

    def begin(self, size: int) -> None:
        """Say that the next ``size`` bytes are a member's data."""
        self.left = size

    def data(self) -> Iterator[memoryview]:
        """Yield the data that is left, in pieces."""
        while self.left and self._more():
            end = min(self._at + self.left, len(self._data))
            piece = memoryview(self._data)[self._at : end]
            self.left -= end - self._at
            self._at = end
            yield piece

    def end(self) -> None:
        """Step over the data that is left, and over what fills the last block."""
        for _ in self.data():
            pass
        while (over := -(self._start + self._at) % BLOCK) and self._more():
            self._at = min(self._at + over, len(self._data))

    def _more(self) -> bool:
        """Whether there is a byte; raises `ArchiveError` at an end that should not be there."""
        while self._at == len(self._data):
            piece = next(self._pieces, None)
            if piece is None:
                if self._cut:
                    return False
                raise ArchiveError(_TRUNCATED)
            self._start += self._at
            self._data, self._at = piece, 0
        return True
