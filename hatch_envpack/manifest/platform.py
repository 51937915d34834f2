"""Where a pack runs, measured from the ELF files inside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_envpack.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from hatch_envpack.elf.model import Elf

_RELR = (2, 36)
"""``GLIBC_ABI_DT_RELR`` names no version of its own: glibc 2.36 was the first to have it."""

_OLDEST = (2, 17)
"""CPython 3.9 and newer are built for nothing older."""


def glibc_needs(elves: Mapping[PurePosixPath, Elf]) -> dict[PurePosixPath, tuple[int, int]]:
    """Return the lowest glibc that each file runs with, for the files that ask for one."""
    needs = {path: max(map(_glibc, _symbols(elf)), default=None) for path, elf in elves.items()}
    return {path: need for path, need in needs.items() if need is not None}


def min_glibc(elves: Mapping[PurePosixPath, Elf]) -> tuple[int, int]:
    """Return the lowest glibc that the whole pack runs with."""
    return max(glibc_needs(elves).values(), default=_OLDEST)


def platform_tag(glibc: tuple[int, int], machine: str) -> str:
    """Return the tag of PEP 600: https://peps.python.org/pep-0600/."""
    return f"manylinux_{glibc[0]}_{glibc[1]}_{machine}"


def check_max_glibc(elves: Mapping[PurePosixPath, Elf], limit: tuple[int, int] | None) -> None:
    """Raise `LibraryError` naming the files that need a newer glibc than ``limit``."""
    above = {path: need for path, need in glibc_needs(elves).items() if limit is not None and need > limit}
    if above and limit is not None:
        lines = [f"{path} needs glibc {need[0]}.{need[1]}" for path, need in sorted(above.items())]
        most = max(above.values())
        raise LibraryError(
            f"the pack needs glibc {most[0]}.{most[1]}, and `max-glibc` allows {limit[0]}.{limit[1]}: "
            "take an interpreter and wheels that were built on an older system",
            detail="\n".join(lines),
        )


def _symbols(elf: Elf) -> list[str]:
    return [
        symbol
        for _library, symbols in elf.versions
        for symbol in symbols
        if symbol == "GLIBC_ABI_DT_RELR" or re.match(r"GLIBC_\d+\.\d+", symbol)
    ]


def _glibc(symbol: str) -> tuple[int, int]:
    match = re.match(r"GLIBC_(\d+)\.(\d+)", symbol)
    return (int(match[1]), int(match[2])) if match else _RELR
