"""The leak scan finds build paths, and only them."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.relocate.leaks import LeakScanner
from hatch_envpack.search import holds

_PATH = "/home/somebody/build/env"
_FILE = PurePosixPath("lib/file")


def _found(*chunks: bytes, paths: tuple[str, ...] = (_PATH,)) -> list[str]:
    scanner = LeakScanner(paths)
    scanner.begin()
    for chunk in chunks:
        scanner.feed(_FILE, chunk)
    return [finding.path for finding in scanner.findings()]


def test_names_the_file() -> None:
    """A path between other bytes is found, once for each file."""
    assert _found(b"\0/home/somebody/build/env/lib\0", b"/home/somebody/build/env") == ["lib/file"]


def test_longer_names_are_other_paths() -> None:
    """A path that only begins alike is not the build path; what stands before it may be a compiler's flag."""
    assert not _found(b"/home/somebody/build/environment", b"/home/somebody/build/env.old")
    assert _found(b"-L/home/somebody/build/env")


def test_short_paths_are_ordinary_words() -> None:
    """One folder below the root, as in containers, occurs in any program."""
    assert not _found(b"/app /app/x", paths=("/app",))


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 400))
def test_found_across_chunks(before: bytes, after: bytes, at: int) -> None:
    """Wherever the chunks are cut, the path is found."""
    data = before + b"=" + _PATH.encode() + b"/" + after
    assert _found(data[:at], data[at:]) == ["lib/file"]


@given(st.binary(max_size=40), st.integers(0, 100_000), st.integers(0, 100_000))
def test_search_finds_what_python_finds(needle: bytes, before: int, after: int) -> None:
    """In pieces of every size, zero bytes and all, the search says what ``in`` says."""
    noise = b"\0/home/someb" * 20_000
    assert holds(noise[:before] + needle + noise[:after], needle)
    other = noise[:before] + needle[:-1] + noise[:after]
    assert holds(other, needle) is (needle in other)
