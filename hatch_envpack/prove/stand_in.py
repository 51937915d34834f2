"""The Python that a pack without one is proven with: the one that it names, or, where that is not here, another."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.probe import interpreter_of, probe

if TYPE_CHECKING:
    from hatch_envpack.interpreter.elsewhere import Elsewhere


def stand_in(place: Path, expected: Elsewhere) -> str:
    """Lead an unpacked pack to a Python that is here, if it names none; return that one's path, or nothing."""
    link, config = place / expected.link.path, place / expected.config.path
    if _is_here(expected) or not (link.is_symlink() and config.is_file()):
        return ""
    other = replace(expected, program=str(expected.interpreter.executable))
    # a tree that is kept for the next proof must still stand as it did then
    if os.readlink(link) != other.program:  # noqa: PTH115 - a text to compare
        config.write_bytes(other.config.content or b"")
        link.unlink()
        link.symlink_to(other.program)
    return other.program


def _is_here(expected: Elsewhere) -> bool:
    program, local = Path(expected.program), expected.interpreter
    if program.resolve() == local.executable:
        return True
    try:
        found = interpreter_of(probe(program)) if program.is_file() else None
    except InterpreterError:
        return False
    return found is not None and (found.tag, found.magic, found.machine) == (local.tag, local.magic, local.machine)
