"""Entries: members before their bytes are read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.entry import Entry, Stamp


@pytest.mark.parametrize(
    ("size", "expected"),
    [("70", 70), ("", 5), ("-1", 5), ("many", 5), ("9" * 5000, 5)],
    ids=["told", "empty", "negative", "a word", "absurd"],
)
def test_expected_size(tmp_path: Path, size: str, expected: int) -> None:
    """What ``RECORD`` says is believed if it can be; otherwise the file is asked."""
    source = tmp_path / "file"
    source.write_bytes(b"12345")
    entry = Entry(PurePosixPath("file"), source=source, size=size)
    assert entry.expected_size == expected


def test_expected_size_without_a_look() -> None:
    """A stamp or content is enough, links have nothing, and a file that is gone is left to its reader."""
    gone = Path("/does/not/exist")
    assert Entry(PurePosixPath("a"), source=gone, stamp=Stamp(7, 0, 0), size="70").expected_size == 7
    assert Entry(PurePosixPath("a"), content=b"abc").expected_size == 3
    assert Entry(PurePosixPath("a"), link="b").expected_size == 0
    assert Entry(PurePosixPath("a"), source=gone).expected_size == 0
