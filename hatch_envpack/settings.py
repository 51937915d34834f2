"""What is asked for, whoever asks: the build target's table or a command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Allowance:
    """A finding that is accepted."""

    kind: str
    reason: str
    path: str = ""
    """A pattern for the finding's path, with the syntax of ``.gitignore``; empty: any."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a pack, validated; the defaults are these."""

    python: str = "current"
    features: tuple[str, ...] = ()
    dependency_groups: tuple[str, ...] = ()
    extra_dependencies: tuple[str, ...] = ()
    installer: str = "auto"
    exclude: tuple[str, ...] = ()
    exclude_sets: tuple[str, ...] = ()
    bytecode: bool = True
    compression_level: int = 3
    copy_links: bool = False
    """Whether files stand in the places of symbolic links."""
    strip: bool = False
    verify: Literal[True, False, "always"] = True
    """``always``: also what was proven before."""
    strict: bool = False
    allow: tuple[Allowance, ...] = ()
    isolated: bool = False
    certificates: str = "target"
    max_glibc: tuple[int, int] | None = None
