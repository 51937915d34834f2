"""What differs between two packs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_envpack.contents.contents import Contents


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same; an empty text where it is not there."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between an old and a new pack."""

    facts: tuple[Change, ...]
    """Of what kind the packs are: name, version, Python, platform."""
    distributions: tuple[Change, ...]
    """Added, removed, or with another version."""
    sizes: tuple[tuple[str, int, int], ...]
    """Segments with other sizes: bytes in the old and in the new one, before compression."""
    old_size: int
    """Bytes of all segments."""
    new_size: int

    @property
    def is_none(self) -> bool:
        """Whether nothing differs that a pack tells of itself."""
        return not (self.facts or self.distributions or self.sizes)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {
            "facts": {each.name: {"old": each.old, "new": each.new} for each in self.facts},
            "added": {each.name: each.new for each in self.distributions if not each.old},
            "removed": {each.name: each.old for each in self.distributions if not each.new},
            "changed": {
                each.name: {"old": each.old, "new": each.new} for each in self.distributions if each.old and each.new
            },
            "segments": {name: {"old": old, "new": new} for name, old, new in self.sizes},
            "bytes": {"old": self.old_size, "new": self.new_size},
        }


def compare(old: Contents, new: Contents) -> Difference:
    """Return what differs, by name."""
    names = ("name", "version", "python", "python_prefix", "platform_tag")
    facts = [Change(name, getattr(old, name), getattr(new, name)) for name in names]
    before, after = ({part.name: part.size for part in each.parts} for each in (old, new))
    sizes = [(name, before.get(name, 0), after.get(name, 0)) for name in sorted(before.keys() | after.keys())]
    return Difference(
        tuple(each for each in facts if each.old != each.new),
        _changes(old.distributions, new.distributions),
        tuple(each for each in sizes if each[1] != each[2]),
        sum(before.values()),
        sum(after.values()),
    )


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    changes = [Change(name, old.get(name, ""), new.get(name, "")) for name in sorted(old.keys() | new.keys())]
    return tuple(each for each in changes if each.old != each.new)
