"""What is left out, and which links are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError, ConfigError
from hatch_envpack.segment.exclude import ExcludeSet, exclude
from hatch_envpack.segment.links import check_links
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.split import without_doubles


def _segment(*paths: str) -> Segment:
    return Segment("s", tuple(Entry(PurePosixPath(path), content=b"") for path in paths))


def _paths(segment: Segment) -> list[str]:
    return [str(entry.path) for entry in segment.entries]


def test_patterns_are_those_of_gitignore() -> None:
    """A folder takes all below it, ``**`` any depth, ``!`` brings back."""
    segment = _segment("lib/a/tests/x.py", "lib/a/tests/keep.py", "lib/b.py", "share/doc/t")
    selection = exclude([segment], ["lib/**/tests/*", "!lib/a/tests/keep.py", "/share"])
    assert _paths(selection.segments[0]) == ["lib/a/tests/keep.py", "lib/b.py"]
    assert selection.findings == ()


def test_pattern_without_effect_is_a_finding() -> None:
    """A slip in a pattern is told."""
    findings = exclude([_segment("lib/b.py")], ["lib/bb.py"]).findings
    assert [(finding.kind, "lib/bb.py" in finding.what) for finding in findings] == [("unused-exclude", True)]


def test_invalid_pattern() -> None:
    """A pattern that is none is an error that names whose it is."""
    with pytest.raises(ConfigError, match=r"the patterns of bad are not valid"):
        exclude([_segment("lib/b.py")], [], [ExcludeSet("bad", ("!",), "a plugin's", always=True)])


_TESTS = ExcludeSet("tests", ("**/tests/",), "few import them")
_KEYS = ExcludeSet("keys", (".netrc",), "nobody else is to have it", always=True, finding="credentials")


def test_set_counts_when_it_is_asked_for() -> None:
    """A set leaves files out of every segment, and the selection says how many; unasked it does nothing."""
    segment = _segment("lib/a/tests/x.py", "lib/a/y.py")
    assert _paths(exclude([segment], [], [_TESTS]).segments[0]) == ["lib/a/tests/x.py", "lib/a/y.py"]
    selection = exclude([segment], [], [_TESTS], ["tests"])
    assert _paths(selection.segments[0]) == ["lib/a/y.py"]
    assert selection.left_out == (("tests", 1),)


def test_c14_a15_set_that_always_counts_spares_distributions() -> None:
    """What a distribution brings is there by intent; what nobody owns is left out with a finding."""
    owned, unowned = _segment("share/.netrc"), replace(_segment("share/.netrc", "x"), name="unowned")
    selection = exclude([owned, unowned], [], [_KEYS])
    assert [_paths(segment) for segment in selection.segments] == [["share/.netrc"], ["x"]]
    assert [(finding.kind, finding.path) for finding in selection.findings] == [("credentials", "share/.netrc")]


def test_c14_pattern_brings_back() -> None:
    """A pattern with ``!`` of the user's own comes after those of the sets, and is then no pattern without effect."""
    unowned = replace(_segment(".netrc"), name="unowned")
    selection = exclude([unowned], ["!.netrc"], [_KEYS])
    assert _paths(selection.segments[0]) == [".netrc"]
    assert selection.findings == ()


def test_unknown_set_names_the_nearest() -> None:
    """A slip in a name is an error; sets that always count cannot be meant."""
    with pytest.raises(ConfigError, match=r"exclude-sets` names an unknown set, `test`: did you mean `tests`\?"):
        exclude([_segment("x")], [], [_TESTS, _KEYS], ["test"])
    with pytest.raises(ConfigError, match=r"unknown set, `zzz`: the sets are `tests`"):
        exclude([_segment("x")], [], [_TESTS, _KEYS], ["zzz"])


@pytest.mark.parametrize("link", ["/etc/passwd", "../../out", "gone"])
def test_a1_links_that_lead_nowhere(link: str) -> None:
    """An absolute, escaping or dangling link is an error that names it."""
    entries = (Entry(PurePosixPath("bin/python"), link=link), Entry(PurePosixPath("bin/python3"), content=b""))
    with pytest.raises(ArchiveError, match=r"bin/python is a link to"):
        check_links([Segment("s", entries)])


def test_a1_links_inside() -> None:
    """Links to files and folders of the pack, also of another segment, are right."""
    links = (Entry(PurePosixPath("bin/python"), link="../lib/x"), Entry(PurePosixPath("lib64"), link="lib"))
    check_links([Segment("a", links), _segment("lib/x")])


def test_distribution_replaces_the_interpreters_file() -> None:
    """Where both have a file, it is the distribution's."""
    assert _paths(without_doubles(_segment("bin/pip", "bin/python"), [_segment("bin/pip")])) == ["bin/python"]
