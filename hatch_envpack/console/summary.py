"""The table at the end of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.console.text import size_text, table
from hatch_envpack.printable import printable
from hatch_envpack.report import SegmentFigures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.report import Summary

_SHOWN = 8
"""How many segments have a line of their own."""


def summary_lines(summary: Summary, stages: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Yield the lines: the largest segments, the others together, the pack, and the seconds of each stage."""
    largest = sorted(summary.segments, key=lambda segment: (-segment.packed, segment.name))
    shown, others = largest[:_SHOWN], largest[_SHOWN:]
    rows = [_row(segment) for segment in shown]
    if others:
        rows.append(_row(_together(f"{len(others)} more", others)))
    rows += [_row(_together("all", summary.segments)), ("pack", "", "", size_text(summary.size), "", "")]
    yield from table([("segment", "files", "size", "packed", "frames", "reused"), *rows])
    if stages:
        yield ""
        yield from table([("stage", "seconds"), *((printable(name), f"{seconds:.1f}") for name, seconds in stages)])


def _together(name: str, segments: Sequence[SegmentFigures]) -> SegmentFigures:
    return SegmentFigures(
        name,
        files=sum(segment.files for segment in segments),
        raw=sum(segment.raw for segment in segments),
        packed=sum(segment.packed for segment in segments),
        frames=sum(segment.frames for segment in segments),
        reused=sum(segment.reused for segment in segments),
    )


def _row(segment: SegmentFigures) -> tuple[str, ...]:
    return (
        printable(segment.name),
        f"{segment.files:,}",
        size_text(segment.raw),
        size_text(segment.packed),
        f"{segment.frames:,}",
        f"{segment.reused:,}",
    )
