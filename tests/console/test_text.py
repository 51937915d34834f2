"""Figures and tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.console.text import size_text, table


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (187_000_000, "187.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    """Four digits at most, rounded before the unit is chosen."""
    assert size_text(size) == text


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.text("123", min_size=1)), min_size=1))
def test_columns_are_aligned(rows: list[tuple[str, str]]) -> None:
    """Names begin, and figures end, in one column; every cell is there."""
    lines = list(table(rows))
    assert [tuple(line.split()) for line in lines] == rows
    assert len({len(line) for line in lines}) == 1
    assert not any(line.startswith(" ") for line in lines)
