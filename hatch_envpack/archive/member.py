"""A member: what a container writes, after relocation and before it has the bytes of a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Member:
    """One file, folder or symbolic link."""

    path: str
    size: int = 0
    """Bytes of ``chunks`` together."""
    chunks: Iterable[bytes] = ()
    """The content, to be taken once, and whole before the next member is asked for: files are streamed."""
    executable: bool = False
    folder: bool = False
    link: str | None = None
    """The target of a symbolic link, relative to its folder."""
