"""Sizes and durations."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.cli.quantities import duration, size

_POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@given(st.integers(0, 10**6), st.sampled_from(sorted(_POWERS)), st.sampled_from(["", " "]), st.booleans())
def test_decimal_and_binary_sizes(number: int, letter: str, space: str, lower: bool) -> None:  # noqa: FBT001 - drawn
    """Powers of 1000, and with an ``i`` of 1024, in capital letters or not."""
    for base, unit in [(1000, f"{letter}B"), (1024, f"{letter}iB" if letter else "B")]:
        text = f"{number}{space}{unit}"
        assert size(text.lower() if lower else text) == number * base ** _POWERS[letter]


@given(st.integers(0, 10_000), st.sampled_from(sorted(_UNITS)))
def test_durations(number: int, unit: str) -> None:
    """A number and the first letter of the unit."""
    assert duration(f"{number}{unit}") == timedelta(**{_UNITS[unit]: number})


def test_fractions() -> None:
    """A point may be in the number; there is no part of a byte."""
    assert size("1.5GB") == 1_500_000_000
    assert size("0.0015kB") == 1
    assert duration("1.5h") == timedelta(minutes=90)


@pytest.mark.parametrize(
    "text",
    ["", "5", "GB", "5G", "5XB", "-5GB", "+5GB", "5GB5", "5 5GB", "1e3B", "infB", "nanB", ".5GB", "5.GB", "1,5GB",
     "5\nGB", "\u0665GB", "5G\u0130B", "9" * 40 + "B", "9999999999999999999TB"],
)  # fmt: skip
def test_what_is_no_size(text: str) -> None:
    """It is a usage error that says what is one."""
    with pytest.raises(click.BadParameter, match="is not a size: write a number and B, kB"):
        size(text)


@pytest.mark.parametrize("text", ["", "30", "d", "30days", "-1d", "1d12h", "1y", "\u0663d", "9" * 18 + "w", "1e3d"])
def test_what_is_no_duration(text: str) -> None:
    """It is a usage error that says what is one."""
    with pytest.raises(click.BadParameter, match="is not a duration: write a number and s, m, h, d or w"):
        duration(text)


@given(st.text() | st.from_regex(r"\d{1,30}(\.\d{1,30})? ?[kKmMgGtTbBiIsShHdDwW]{1,3}", fullmatch=True))
def test_any_text(text: str) -> None:
    """Whatever is typed is a value that can be used, or a usage error."""
    with suppress(click.BadParameter):
        assert size(text) >= 0
    with suppress(click.BadParameter):
        assert duration(text) >= timedelta(0)
