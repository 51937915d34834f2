"""The cache of one build: what it cannot give or take costs time, and never the build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_envpack.cache import bytecode
from hatch_envpack.cache.frames import FrameStore
from hatch_envpack.cache.records import read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hatch_envpack.entry import Entry

SEGMENTS, PLANS, PROOFS, INTERPRETERS, LIBRARIES = "segments", "plans", "proofs", "interpreters", "libraries"
"""The kinds of documents."""


class Cache:
    """Reads and writes below one folder, and remembers the first failure for the user to be told."""

    def __init__(self, root: Path, spare: Path) -> None:
        """Use the folder ``root``; ``spare`` is a folder of this build alone, for frames that the cache refuses."""
        self.root = root
        self.frames = FrameStore(root, spare)
        self._refused: OSError | None = None

    @property
    def problem(self) -> str:
        """Why something could not be kept; empty when all could."""
        refused = self._refused or self.frames.refused
        return "" if refused is None else refused.strerror or str(refused)

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return the document that was kept under a key."""
        return read_record(self.root, kind, key)

    def write(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Keep a document."""
        self._try(lambda: write_record(self.root, kind, key, document))

    def read_bytecode(self, key: str) -> tuple[Entry, ...] | None:
        """Return the bytecode that was kept under a key."""
        return bytecode.read_bytecode(self.root, key)

    def has_bytecode(self, key: str) -> bool:
        """Return whether `read_bytecode` has something to give."""
        return bytecode.has_bytecode(self.root, key)

    def write_bytecode(self, key: str, entries: Sequence[Entry]) -> None:
        """Keep the bytecode of a segment."""
        self._try(lambda: bytecode.write_bytecode(self.root, key, entries))

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._refused = self._refused or error
