"""The chain of fixers: the content of an entry as it is written into the pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.relocate.fixer import HEAD_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context, Fixer


@dataclass(frozen=True, slots=True)
class Chain:
    """All fixers of one pack, in their order."""

    fixers: tuple[Fixer, ...]

    def claimants(self, entry: Entry, head: bytes) -> tuple[Fixer, ...]:
        """Return the fixers that want to see the whole file."""
        head = head[:HEAD_SIZE]
        return tuple([fixer for fixer in self.fixers if fixer.claims(entry, head)])

    def fixed(self, entry: Entry) -> bytes | None:
        """Return the entry's new content, or None when it stays as it is. Raises `RelocationError`."""
        if entry.link is not None:
            return None
        fixers = self.claimants(entry, entry.head(HEAD_SIZE))
        return apply(fixers, entry, entry.read()) if fixers else None


def apply(fixers: Iterable[Fixer], entry: Entry, original: bytes) -> bytes | None:
    """Run the fixers over the entry's content; None when none of them changes it."""
    data = original
    for fixer in fixers:
        changed = fixer.fix(entry, data)
        if changed is not None:
            data = changed
    return None if data == original else data


def make_chain(kinds: Iterable[type[Fixer]], context: Context) -> Chain:
    """Make a fixer of each kind, sorted by ``order``, then by name."""
    return Chain(tuple(kind(context) for kind in sorted(kinds, key=lambda kind: (kind.order, kind.name))))
