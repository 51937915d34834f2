"""Copies stand where links would lead (A1)."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError
from hatch_envpack.segment.copies import with_copies
from hatch_envpack.segment.links import check_links
from hatch_envpack.segment.model import Segment

_FILES = ("a/file", "b/file", "b/deep/file", "top")
_LINKS = ("a/l", "b/deep/l", "l", "m", "a/m")
_TARGETS = st.lists(st.sampled_from(["a", "b", "deep", "file", "top", "l", "..", "."]), min_size=1, max_size=3)


def _segments(links: dict[str, str]) -> list[Segment]:
    """Return two segments, of which the links of one lead to files of the other."""
    files = tuple(Entry(PurePosixPath(path), content=path.encode()) for path in _FILES)
    return [
        Segment("files", files),
        Segment("links", tuple(Entry(PurePosixPath(path), link=target) for path, target in links.items())),
    ]


def _leading(links: dict[str, str]) -> dict[str, str]:
    """Return the links that lead to something with those before them."""
    found: dict[str, str] = {}
    for path, target in links.items():
        try:
            check_links(_segments({**found, path: target}))
        except ArchiveError:
            continue
        found[path] = target
    return found


def _copies(links: dict[str, str]) -> dict[str, bytes]:
    """Return what is written under each name that was a link, or lies below one."""
    files, copies = with_copies(_segments(links))
    assert [entry.copy_of for entry in files.entries] == [None] * len(_FILES)
    found = {}
    for entry in copies.entries:
        assert entry.copy_of is not None
        found[str(entry.path)] = entry.copy_of.read()
    assert len(found) == len(copies.entries)
    return found


def _walk(folder: Path, above: tuple[Path, ...] = ()) -> dict[str, bytes] | None:
    """Return all files below a folder, as the kernel finds them behind links; None when there is no end to them."""
    here = folder.resolve()
    if here in above:
        return None
    found: dict[str, bytes] = {}
    for path in folder.iterdir():
        if path.is_dir():
            inner = _walk(path, (*above, here))
            if inner is None:
                return None
            found |= {f"{path.name}/{name}": data for name, data in inner.items()}
        else:
            found[path.name] = path.read_bytes()
    return found


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(_LINKS), _TARGETS.map("/".join), min_size=1))
def test_a1_copies_agree_with_the_kernel(tmp_path: Path, links: dict[str, str]) -> None:
    """A real folder's files behind links are the copies; those that have no end are an error that names the link."""
    links = _leading(links)
    folder = Path(os.path.realpath(tmp_path)) / f"tree-{len(os.listdir(tmp_path))}"
    for path in _FILES:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    for path, target in links.items():
        (folder / path).symlink_to(target)
    expected = _walk(folder)
    if expected is None:
        with pytest.raises(ArchiveError, match=r"^\S+ is a link to \S+, a folder that it lies in"):
            with_copies(_segments(links))
    else:
        assert _copies(links) == {path: data for path, data in expected.items() if path not in _FILES}


def test_a1_chains_and_folders() -> None:
    """A chain ends in the file, a folder in all its files, those behind its own links included."""
    assert _copies({"l": "m", "m": "a/l", "a/l": "file"}) == dict.fromkeys(("l", "m", "a/l"), b"a/file")
    assert _copies({"l": "b", "b/deep/l": "../file"}) == {
        "l/file": b"b/file",
        "l/deep/file": b"b/deep/file",
        "l/deep/l": b"b/file",
        "b/deep/l": b"b/file",
    }


def test_the_digest_of_record_is_asked_for_once() -> None:
    """A file that is not as RECORD has it is found where it is, and not a second time as a copy."""
    file = Entry(PurePosixPath("file"), content=b"x", digest="sha256=abc", size="7")
    link = Entry(PurePosixPath("link"), link="file")
    (segment,) = with_copies([Segment("all", (file, link))])
    assert segment.entries[0] is file
    assert segment.entries[1].copy_of == Entry(PurePosixPath("file"), content=b"x")
