"""Where links lead, compared with what the kernel makes of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.links import check_links

_NAMES = ("a", "b", "d/a", "d/b", "d/e/a", "d/e/b")
_TARGETS = st.lists(st.sampled_from(["a", "b", "d", "e", "..", ".", ""]), min_size=1, max_size=6).map("/".join)


def _seen_from(link: Path) -> Path:
    """Return where the kernel comes to; the link itself when it comes to nothing."""
    try:
        descriptor = os.open(link, os.O_PATH)
    except OSError:
        return link
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    finally:
        os.close(descriptor)


@given(st.dictionaries(st.sampled_from(_NAMES), _TARGETS.filter(lambda text: text and not text.startswith("/"))))
def test_a1_a13_what_is_accepted_stays_inside(links: dict[str, str]) -> None:
    """Links over links over folders: none that is accepted leads out, and what the kernel sees outside is refused."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "root"
        (root / "d/e").mkdir(parents=True)
        for name, target in links.items():
            (root / name).symlink_to(target)
        out = [name for name in links if not _seen_from(root / name).is_relative_to(root)]
    try:
        check_links({name.encode(): target.encode() for name, target in links.items()})
    except ArchiveError as error:
        assert "leads out" in str(error)  # noqa: PT017 - it need not be raised
        return
    assert out == []


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc"},
        {"a": ".."},
        {"d/a": "../.."},
        {"d/e/up": "../..", "a": "d/e/up/.."},
        {"d/a": "b/c/../../../..", "d/b/c": "."},
        {"a": "x/../.."},
        {"a": "b", "b": "/"},
        {"a": ""},
    ],
)
def test_a1_a13_links_that_lead_out(links: dict[str, str]) -> None:
    """Absolute ones, too many steps up, steps up behind a link that looks deeper than it leads."""
    with pytest.raises(ArchiveError, match="leads out of the folder"):
        check_links({name.encode(): target.encode() for name, target in links.items()})


@pytest.mark.parametrize(
    "links",
    [
        {"bin/python": "python3.12", "bin/python3": "python"},
        {"lib/a/b": "../../x"},
        {"d/e/a": "../.."},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "nowhere/at/all"},
        {"a": "d//./e/"},
    ],
)
def test_a1_links_that_stay(links: dict[str, str]) -> None:
    """Links to links, to the top, to nothing, in a circle: strange, but they lead nowhere outside."""
    check_links({name.encode(): target.encode() for name, target in links.items()})


_PYTHON = (b"bin/python", b"/usr/bin/python3.12")


def test_a1_one_link_may_lead_out() -> None:
    """With the name and the target that are named; others lead to it, and not through it."""
    links = dict([_PYTHON])
    check_links({**links, b"bin/python3": b"python", b"a": b"bin/./python3"}, _PYTHON)


@pytest.mark.parametrize(
    "links",
    [
        {"bin/python": "/usr/bin/python3.13"},
        {"bin/python": "/usr/bin/python3.12/"},
        {"bin/python3": "/usr/bin/python3.12"},
        {"bin/python": "/usr/bin/python3.12", "bin/python3": "/usr/bin/python3.12"},
        {"bin/python": "/usr/bin/python3.12", "a": "bin/python/.."},
        {"bin/python": "/usr/bin/python3.12", "a": "bin/python/x"},
        {"bin/python": "/usr/bin/python3.12", "a": "b/x", "b": "bin/python"},
        {"bin/python": "/usr/bin/python3.12", "a": "bin/python/"},
        {"bin/python": "/usr/bin/python3.12", "a": "/usr"},
    ],
)
def test_a13_no_other_link_leads_out(links: dict[str, str]) -> None:
    """Whatever is nearly the one that may."""
    with pytest.raises(ArchiveError, match="leads out of the folder"):
        check_links({name.encode(): target.encode() for name, target in links.items()}, _PYTHON)


def test_a13_nothing_lies_behind_the_link_that_leads_out() -> None:
    """It would be made at the target's Python."""
    with pytest.raises(ArchiveError, match="through a link"):
        check_links({**dict([_PYTHON]), b"bin/python/x/y": b"z"}, _PYTHON)


@given(st.dictionaries(st.sampled_from(_NAMES), _TARGETS.filter(lambda text: text and not text.startswith("/"))))
def test_a1_a13_the_way_out_is_an_end(links: dict[str, str]) -> None:
    """Even where it leads to a folder, what is accepted comes to that, or stays inside."""
    with tempfile.TemporaryDirectory() as folder:
        root, outside = Path(folder).resolve() / "root", Path(folder).resolve() / "python"
        (root / "d/e").mkdir(parents=True)
        (outside / "d/e").mkdir(parents=True)
        way_out = (b"d/a", os.fsencode(outside))
        links = {**links, "d/a": str(outside)}
        for name, target in links.items():
            (root / name).symlink_to(target)
        seen = {name: _seen_from(root / name) for name in links}
        out = [name for name, place in seen.items() if place != outside and not place.is_relative_to(root)]
    try:
        check_links({name.encode(): target.encode() for name, target in links.items()}, way_out)
    except ArchiveError as error:
        assert "leads out" in str(error)  # noqa: PT017 - it need not be raised
        return
    assert out == []


def test_a13_long_ways() -> None:
    """Links that double at each step take no time, since the kernel gives up soon as well."""
    links = {b"l%d" % number: b"l%d/../l%d" % (number - 1, number - 1) for number in range(1, 64)}
    check_links({**links, b"l0": b"d"})


def test_a13_link_below_a_link() -> None:
    """It would be made wherever the other one leads."""
    with pytest.raises(ArchiveError, match="through a link"):
        check_links({b"a": b"d", b"a/b/c": b"x"})
