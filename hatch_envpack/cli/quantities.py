"""Sizes and durations as people write them, for options: what is not one is a wrong command line."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZES = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
_DURATIONS = {"S": 1, "M": 60, "H": 3600, "D": 86_400, "W": 604_800}
_LARGEST = 2**63 - 1
"""More bytes than any disk has."""


def size(text: str) -> int:
    """Return the bytes: ``5GB`` are powers of 1000, ``5GiB`` powers of 1024."""
    value = _parse(text, _SIZES)
    if value is None:
        raise click.BadParameter(f"{text!r} is not a size: write a number and B, kB, MB, GB, TB, or KiB, MiB, GiB, TiB")
    return int(value)


def duration(text: str) -> timedelta:
    """Return the time: ``90s``, ``45m``, ``12h``, ``30d``, ``2w``."""
    value = _parse(text, _DURATIONS)
    if value is None or value > timedelta.max.days * 86_400:
        raise click.BadParameter(f"{text!r} is not a duration: write a number and s, m, h, d or w, such as 30d")
    return timedelta(seconds=float(value))


def _parse(text: str, units: Mapping[str, int]) -> Decimal | None:
    found = re.fullmatch(r"(\d{1,19}(?:\.\d{1,19})?) ?([A-Z]+)", text.strip().upper(), re.ASCII)
    if not found or found[2] not in units:
        return None
    value = Decimal(found[1]) * units[found[2]]
    return value if value <= _LARGEST else None
