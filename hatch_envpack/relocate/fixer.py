"""The seam of relocation: what a fixer is and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.layout import Layout
    from hatch_envpack.libraries.plan import LibraryPlan

HEAD_SIZE = 512
"""How many bytes of a file a fixer may look at when it decides whether to claim it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every fixer may know of the pack in the making."""

    interpreter: Interpreter
    layout: Layout
    libraries: LibraryPlan
    site_packages: PurePosixPath
    strip: bool = False
    isolated: bool = False
    """Whether console scripts shut out the caller's variables and folders."""
    certificates: str = "target"
    """Whose certificates `ssl` takes: the ``target``'s alone, or else those of ``certifi``."""


class Fixer(Protocol):
    """Changes the bytes of the files that it claims; made once for each pack.

    Fixers run in the order of ``order`` (low first); each sees what the one before it returned.
    """

    name: ClassVar[str]
    order: ClassVar[int]

    def __init__(self, context: Context) -> None: ...

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Say whether ``fix`` is to be called; ``head`` is the file's first `HEAD_SIZE` bytes."""
        ...

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the new content, or None when nothing has to change. Raises `RelocationError`."""
        ...
