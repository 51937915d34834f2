"""Libraries of the machine that came into the memory of an unpacked pack's process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.elf.read import read_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.elf.model import Elf
    from hatch_envpack.prove.ask import Answer


def libraries_outside(place: Path, answer: Answer) -> Iterator[Path]:
    """Yield those that are not the pack's."""
    yield from (Path(path) for path in answer.mapped if not path.startswith(f"{place}/") and ".so" in Path(path).name)


def library(path: Path) -> Elf | None:
    """Return what the file is; None for one that is gone again, which was not the machine's."""
    try:
        with path.open("rb") as stream:
            return read_elf(stream)
    except FileNotFoundError:
        return None


def brought_by_python(place: Path, program: str, answer: Answer) -> frozenset[Path]:
    """Return the libraries outside that an interpreter has which is not the pack's.

    They are itself, what lies in its folders for modules, and what these need in their turn.
    """
    folders = tuple(f"{os.path.realpath(path)}/" for path in answer.path if path and not path.startswith(f"{place}/"))
    found = {path: elf for path in libraries_outside(place, answer) if (elf := library(path)) is not None}
    own = {path for path in found if path.name.startswith("libpython") or str(path).startswith(folders)}
    waiting = [library((place / "bin" / program).resolve()), *(found[path] for path in own)]
    while waiting:
        elf = waiting.pop()
        needed = elf.needed if elf else ()
        new = {path for path, other in found.items() if (other.soname or path.name) in needed} - own
        own |= new
        waiting += [found[path] for path in new]
    return frozenset(own)
