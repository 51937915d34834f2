"""What is left out, and which links are refused."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError, ConfigError
from hatch_envpack.segment.exclude import exclude
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
    """A pattern that is none is an error that names the field."""
    with pytest.raises(ConfigError, match=r"envpack\.exclude"):
        exclude([_segment("lib/b.py")], ["!"])


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
