"""Leaving entries out: by the user's patterns, and by sets that have a name."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from hatch_envpack.errors import ConfigError
from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.segment.model import Segment


_NEWLINE = "\ufffd"

_SPECIAL = re.compile(r"([\\\[\]!*#? ])")
"""What means something in a pattern."""


@dataclass(frozen=True, slots=True)
class ExcludeSet:
    """Patterns that have one purpose, and a name that the option ``exclude-sets`` takes."""

    name: str
    patterns: tuple[str, ...]
    """For archive paths, with the syntax of ``.gitignore``: https://git-scm.com/docs/gitignore."""
    reason: str
    """Why such files can go, or must."""
    always: bool = False
    """Whether it counts without being asked for; it then spares the files of distributions, which are there by intent.

    The user's own patterns come later, so that ``!…`` brings a file back.
    """
    finding: str = ""
    """The kind of the finding that each file left out is; empty: none."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is packed, and what is not."""

    segments: tuple[Segment, ...]
    findings: tuple[Finding, ...]
    files: tuple[tuple[str, str], ...]
    """What was left out: the name of a set, or ``exclude`` for the user's patterns, and the archive path."""

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """The same names, and how many files each left out."""
        return tuple(sorted(Counter(name for name, _ in self.files).items()))


def exclude(
    segments: Sequence[Segment], patterns: Sequence[str], known: Iterable[ExcludeSet] = (), asked: Sequence[str] = ()
) -> Selection:
    """Return the entries that no pattern matches, and a finding for each pattern that matches nothing.

    ``known`` are all sets, ``asked`` the names of those that the user wants. Raises `ConfigError` for an invalid
    pattern or an unknown name.
    """
    known = tuple(known)
    _check_names(asked, known)
    chosen = [each for each in known if each.always or each.name in asked]
    user = _spec(patterns, "exclude")
    sieve = _Sieve(tuple(patterns), user, chosen)
    kept = tuple(sieve.sifted(segment) for segment in segments)
    unused = [_unused(pattern) for pattern in patterns if not _matches(pattern, segments)]
    return Selection(kept, (*sieve.findings, *unused), tuple(sieve.files))


class _Sieve:
    def __init__(self, patterns: tuple[str, ...], user: GitIgnoreSpec, sets: Sequence[ExcludeSet]) -> None:
        self._user = user if patterns else None
        self._sets = [(each, _spec((*each.patterns, *patterns), each.name)) for each in sets]
        self.files: list[tuple[str, str]] = []
        self.findings: list[Finding] = []

    def sifted(self, segment: Segment) -> Segment:
        sets = [(each, spec) for each, spec in self._sets if not each.always or segment.name == "unowned"]
        if self._user is None and not sets:
            return segment
        return replace(segment, entries=tuple([entry for entry in segment.entries if self._keeps(entry, sets)]))

    def _keeps(self, entry: Entry, sets: Sequence[tuple[ExcludeSet, GitIgnoreSpec]]) -> bool:
        # pathspec's regular expressions take no newline, so that such a name would slip through
        path = str(entry.path).replace("\n", _NEWLINE)
        if self._user is not None and self._user.match_file(path):
            self.files.append(("exclude", str(entry.path)))
            return False
        for each, spec in sets:
            if spec.match_file(path):
                self.files.append((each.name, str(entry.path)))
                if each.finding:
                    todo = f"remove it, or bring it into the pack with `exclude = ['!/{_escaped(path)}']`"
                    self.findings.append(Finding(each.finding, str(entry.path), f"is left out: {each.reason}", todo))
                return False
        return True


def _check_names(asked: Iterable[str], known: Sequence[ExcludeSet]) -> None:
    names = sorted(each.name for each in known if not each.always)
    for name in asked:
        if name not in {each.name for each in known}:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"the sets are {', '.join(f'`{each}`' for each in names)}"
            raise ConfigError(
                f"Field `tool.hatch.build.targets.envpack.exclude-sets` names an unknown set, `{name}`: {hint}"
            )


def _spec(patterns: Sequence[str], name: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise ConfigError(f"the patterns of {name} are not valid: {error}") from None


def _matches(pattern: str, segments: Sequence[Segment]) -> bool:
    spec = _spec([pattern.removeprefix("!")], "exclude")
    return any(spec.match_file(str(entry.path)) for segment in segments for entry in segment.entries)


def _escaped(path: str) -> str:
    """Return the pattern that matches this path alone."""
    return _SPECIAL.sub(r"\\\1", path).replace(_NEWLINE, "?")


def _unused(pattern: str) -> Finding:
    return Finding("unused-exclude", "", f"the exclude pattern {pattern!r} matches nothing", "correct or remove it")
