"""Findings that the configuration accepts."""

from __future__ import annotations

from hatch_envpack.accept import accept
from hatch_envpack.finding import Finding
from hatch_envpack.settings import Allowance

_HERE = Finding("build-path", "lib/a/x.cmake", "holds a path", "leave it out")
_THERE = Finding("build-path", "lib/b/y.txt", "holds a path", "leave it out")
_OTHER = Finding("no-tzdata", "lib/a/METADATA", "uses time zones", "add tzdata")


def test_an_allowance_gives_its_reason() -> None:
    """Kind and path must both fit; what is accepted stays in the report, with the reason."""
    found = accept([_OTHER, _THERE, _HERE], [Allowance("build-path", "for builds only", "lib/a/**")])
    assert [(finding.path, finding.accepted) for finding in found] == [
        ("lib/a/x.cmake", "for builds only"),
        ("lib/b/y.txt", ""),
        ("lib/a/METADATA", ""),
    ]


def test_without_a_path_the_whole_kind_is_accepted() -> None:
    """Also findings that are in no file."""
    nowhere = Finding("build-path", "", "somewhere", "look for it")
    found = accept([_HERE, nowhere], [Allowance("build-path", "known")])
    assert {finding.accepted for finding in found} == {"known"}


def test_the_first_that_fits_decides() -> None:
    """As in every list of rules that people read from the top; the second one did fit too, so that it is not unused."""
    found = accept([_HERE], [Allowance("build-path", "one"), Allowance("build-path", "two", "*.cmake")])
    assert [finding.accepted for finding in found] == ["one"]


def test_an_allowance_without_effect_is_a_finding() -> None:
    """It would hide the next finding of that kind."""
    (finding,) = accept([], [Allowance("build-path", "gone since", "lib/a/**")])
    assert (finding.kind, finding.accepted) == ("unused-allow", "")
    assert "build-path in lib/a/**" in finding.what


def test_the_same_finding_is_told_once() -> None:
    """Several environments can bring the same."""
    assert accept([_HERE, _HERE], []) == [_HERE]
