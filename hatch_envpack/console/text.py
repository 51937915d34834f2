"""Figures and tables as plain text, the same on a terminal and in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def size_text(size: float) -> str:
    """Return a number of bytes in the unit that fits, which is a power of 1000: ``187.0 MB``."""
    if size < 1000:  # noqa: PLR2004 - the power of the units
        return f"{size:.0f} B"
    for unit in _UNITS:
        size /= 1000
        if round(size, 1) < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 - the same
            break
    return f"{size:.1f} {unit}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table: the first column left-aligned, the others, which are figures, right-aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
