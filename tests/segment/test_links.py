"""Links are followed as the kernel follows them (A1)."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError
from hatch_envpack.segment.links import check_links, inside
from hatch_envpack.segment.model import Segment


def _check(**links: str) -> None:
    files = [Entry(PurePosixPath(path), content=b"") for path in ("folder/file", "folder/deep/file", "top")]
    entries = [Entry(PurePosixPath(name.replace("__", "/")), link=target) for name, target in links.items()]
    check_links([Segment("all", tuple(files + entries))])


@pytest.mark.parametrize(
    "links",
    [
        {"a": "folder", "b": "a/deep/../file"},
        {"folder__up": "..", "a": "folder/up/folder/up/top"},
        {"a": "."},
        {"folder__self": "../folder"},
        {"a": "folder/deep", "b": "a/../file"},
        {f"l{n}": f"l{n + 1}" if n < 39 else "top" for n in range(40)},
    ],
)
def test_a1_links_that_lead_somewhere(links: dict[str, str]) -> None:
    """Through other links, up again from where those led, to their own folder, in chains as long as the kernel's."""
    _check(**links)


_PYTHON = Entry(PurePosixPath("bin/python"), link="/usr/bin/python3.12")


def _with_python(*entries: Entry) -> list[Segment]:
    return [Segment("all", (_PYTHON, *entries, Entry(PurePosixPath("lib/file"), content=b"")))]


def test_a1_one_link_may_lead_out() -> None:
    """Others may lead to it."""
    check_links(_with_python(Entry(PurePosixPath("bin/python3"), link="python")), _PYTHON)


@pytest.mark.parametrize(
    ("path", "target", "why"),
    [
        ("bin/python3", "/usr/bin/python3.12", "is outside of the pack"),
        ("bin/python", "/usr/bin/python3.13", "is outside of the pack"),
        ("a", "bin/python/..", "is not in the pack"),
        ("a", "bin/python/", "is not in the pack"),
        ("bin/python/x", "../../lib", "bin/python/x lies behind it"),
    ],
)
def test_a1_no_other_link_leads_out(path: str, target: str, why: str) -> None:
    """Nor does one lead on from it, and nothing lies behind it."""
    with pytest.raises(ArchiveError, match=why):
        check_links(_with_python(Entry(PurePosixPath(path), link=target)), _PYTHON)


@pytest.mark.parametrize(
    ("links", "why"),
    [
        ({"a": "folder/deep", "b": "a/../top"}, r"b is a link to a/\.\./top, which is not in the pack"),
        ({"a": "folder/../../x"}, "is outside of the pack"),
        ({"a": "//etc"}, "is outside of the pack"),
        ({"a": "b/x", "b": "a/x"}, "leads back to itself"),
        ({"a": "a"}, "leads back to itself"),
        ({"folder__a": "../b", "b": "folder/a/c"}, "leads back to itself"),
        ({f"l{n}": f"l{n + 1}" if n < 40 else "top" for n in range(41)}, "leads back to itself"),
        ({"a": "top/../folder"}, "is not in the pack"),
        ({"a": "b/.", "b": "top"}, "is not in the pack"),
        ({"folder": "top"}, "folder is a link to top, and folder/deep/file lies behind it"),
    ],
)
def test_a1_links_that_lead_nowhere(links: dict[str, str], why: str) -> None:
    """A ``..`` counts from where a link led, loops of files and of folders end, nothing lies behind a link."""
    with pytest.raises(ArchiveError, match=why):
        _check(**links)


_NAMES = ("a", "b", "c")
_TARGETS = st.lists(st.sampled_from([*_NAMES, "file", "..", "."]), min_size=1, max_size=4).map("/".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a/l", "b/l", "c/l", "l", "m", "a/m"]), _TARGETS | st.just("m/l"), min_size=1))
def test_a1_agrees_with_the_kernel(tmp_path: Path, links: dict[str, str]) -> None:
    """Whatever links a real folder has: those that the kernel cannot follow, or that lead out, are refused."""
    folder = Path(os.path.realpath(tmp_path)) / f"tree-{len(os.listdir(tmp_path))}"
    for name in _NAMES:
        (folder / name).mkdir(parents=True)
        (folder / name / "file").touch()
    for path, target in links.items():
        (folder / path).symlink_to(target)
    files = [Entry(PurePosixPath(name, "file"), content=b"") for name in _NAMES]
    entries = [*files, *(Entry(PurePosixPath(path), link=target) for path, target in links.items())]
    leads = all((folder / path).exists() for path in links)
    stays = all(_stays(folder, path) for path in links)
    try:
        check_links([Segment("all", tuple(entries))])
    except ArchiveError:
        assert not (leads and stays)
    else:
        assert leads
        assert stays


def _stays(folder: Path, path: str) -> bool:
    """Whether a link can be followed with nothing but this folder to see."""
    here, waiting, steps = folder, [path], 0
    while waiting:
        first, _, rest = waiting.pop().partition("/")
        if rest:
            waiting.append(rest)
        here = here.parent if first == ".." else here / first
        if not here.is_relative_to(folder):
            return False
        if here.is_symlink():
            steps += 1
            if steps > 60:
                return True  # a loop
            waiting.append(str(here.readlink()))
            here = here.parent
    return True


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("{root}/lib/x", "../lib/x"),
        ("{root}", ".."),
        ("{root}/../{name}/lib/./y", "../lib/y"),
        ("//{root}/lib", "../lib"),
        ("{root}/../../etc", "{root}/../../etc"),
        ("{root}2/lib", "{root}2/lib"),
        ("/etc/passwd", "/etc/passwd"),
        ("../lib/x", "../lib/x"),
    ],
)
def test_a1_absolute_links_become_relative(tmp_path: Path, target: str, expected: str) -> None:
    """Only what really lies below the environment does, whatever its spelling."""
    words = {"root": str(tmp_path).lstrip("/"), "name": tmp_path.name}
    target, expected = (
        ("/" if text.startswith("{root}") else "") + text.format(**words) for text in (target, expected)
    )
    assert inside(PurePosixPath("bin/link"), target, tmp_path) == expected
