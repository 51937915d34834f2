"""Leaving entries out by pattern."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from hatch_envpack.errors import ConfigError
from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.segment.model import Segment


def exclude(segments: Sequence[Segment], patterns: Sequence[str]) -> tuple[list[Segment], list[Finding]]:
    """Return the segments without the entries that match, and a finding for each pattern that matches nothing.

    Patterns have the syntax of ``.gitignore``, as hatchling's own have: https://git-scm.com/docs/gitignore.
    Raises `ConfigError` for a pattern that is not valid.
    """
    if not patterns:
        return list(segments), []
    spec = _spec(patterns)
    kept = [replace(s, entries=tuple(e for e in s.entries if not spec.match_file(str(e.path)))) for s in segments]
    return kept, [_unused(pattern) for pattern in patterns if not _matches(pattern, segments)]


def _spec(patterns: Sequence[str]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise ConfigError(f"Field `tool.hatch.build.targets.envpack.exclude`: {error}") from None


def _matches(pattern: str, segments: Sequence[Segment]) -> bool:
    spec = _spec([pattern.removeprefix("!")])
    return any(spec.match_file(str(entry.path)) for segment in segments for entry in segment.entries)


def _unused(pattern: str) -> Finding:
    return Finding("unused-exclude", "", f"the exclude pattern {pattern!r} matches nothing", "correct or remove it")
