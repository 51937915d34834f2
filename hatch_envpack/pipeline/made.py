"""A pack that is made, but for its file: what is laid end to end, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_envpack.archive.segments import PackedSegment
from hatch_envpack.finding import Finding
from hatch_envpack.report import SegmentFigures, Summary

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.archive.container import Groups


@dataclass(frozen=True, slots=True)
class Made:
    """Everything but the bytes."""

    base_name: str
    """The pack's name without the ending that says the format."""
    head: tuple[PackedSegment, ...]
    """The manifest, the list of digests, and the folders."""
    segments: tuple[PackedSegment, ...]
    """All others; the list of digests is not kept once more with them."""
    findings: tuple[Finding, ...]
    facts: str
    """One line about what the pack is."""

    @property
    def groups(self) -> Groups:
        """All frames in the order of the file."""
        return [(group.name, group.frames) for group in (*self.head, *self.segments)]

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        return {
            "base_name": self.base_name,
            "head": [group.to_dict() for group in self.head],
            "segments": [replace(segment, sums="").to_dict() for segment in self.segments],
            "findings": [finding.to_dict() for finding in self.findings],
            "facts": self.facts,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Made:
        """Return what a document of `to_dict` tells."""
        return cls(
            data["base_name"],
            tuple(map(PackedSegment.from_dict, data["head"])),
            tuple(map(PackedSegment.from_dict, data["segments"])),
            tuple(Finding(**finding) for finding in data["findings"]),
            data["facts"],
        )


def summarize(made: Made, reused: frozenset[str], pack: Path, size: int) -> Summary:
    """Return the table that is shown at the end; ``reused`` names the segments that came from the cache.

    ``size`` is that of the pack in bytes.
    """
    figures = tuple(
        SegmentFigures(
            each.name,
            each.files,
            each.size,
            sum(frame.compressed for frame in each.frames),
            len(each.frames),
            len(each.frames) if each.name in reused else 0,
        )
        for each in made.segments
    )
    return Summary(figures, made.findings, pack, size)
