"""A segment: the part of the pack that belongs together and changes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.environment.distributions import Distribution


@dataclass(frozen=True, slots=True)
class Segment:
    """The entries of one distribution, of the interpreter, of the copied libraries, or of nobody."""

    name: str
    """Unique in a pack: ``interpreter``, ``libraries``, ``distribution:numpy``, ``unowned``."""
    entries: tuple[Entry, ...]
    """By path. A distribution's ``RECORD`` is not among them: it is written last, from what was really packed."""
    distribution: Distribution | None = None
