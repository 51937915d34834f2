"""The table at the end."""

from __future__ import annotations

from pathlib import Path

from hatch_envpack.console.summary import summary_lines
from hatch_envpack.report import SegmentFigures, Summary


def _summary(count: int) -> Summary:
    segments = [SegmentFigures(f"s{n}", n, 1000 * n, 100 * n, 2 * n, n) for n in range(1, count + 1)]
    return Summary(tuple(segments), (), Path("/dist/app.envpack.tar.zst"), 12_000_000)


def test_the_largest_come_first_and_the_others_together() -> None:
    """Eight have a line; nothing is missing from the sums."""
    lines = list(summary_lines(_summary(20), []))
    names = [line.split("  ")[0].strip() for line in lines]
    assert names[:11] == ["segment", *(f"s{n}" for n in range(20, 12, -1)), "12 more", "all"]
    # files, size, packed, frames, reused; 1 + 2 + … + 12 = 78, and + … + 20 = 210
    assert lines[9].split()[2:] == ["78", "78.0", "kB", "7.8", "kB", "156", "78"]
    assert lines[10].split()[1:] == ["210", "210.0", "kB", "21.0", "kB", "420", "210"]


def test_few_segments_and_the_pack() -> None:
    """Without others there is no line for them; the pack's own size is the last."""
    lines = list(summary_lines(_summary(2), []))
    assert [line.split("  ")[0].strip() for line in lines] == ["segment", "s2", "s1", "all", "pack"]
    assert lines[-1].split() == ["pack", "12.0", "MB"]


def test_seconds_of_stages() -> None:
    """Stages are in the order in which they ran."""
    text = "\n".join(summary_lines(_summary(1), [("Installing with uv", 1.25), ("Packing", 61.04)]))
    assert "\n\nstage               seconds\nInstalling with uv      1.2\nPacking                61.0" in text


def test_names_cannot_play_with_the_terminal() -> None:
    """A control character in a name is shown as an escape."""
    summary = Summary((SegmentFigures("a\x1b[2J", 1, 1, 1, 1, 0),), (), Path("/dist/app.zip"), 1)
    text = "\n".join(summary_lines(summary, [("b\nc", 1.0)]))
    assert "\x1b" not in text
    assert r"a\x1b[2J" in text
    assert r"b\nc" in text
