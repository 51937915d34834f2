"""The environment that is packed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.environment.memory import Memory
from hatch_envpack.interpreter.model import is_shared
from hatch_envpack.layout import Root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.finding import Finding


@dataclass(frozen=True, slots=True)
class Environment:
    """What is installed below a folder: a virtual environment, or a part of an installation; only ever read."""

    root: Path
    site_packages: PurePosixPath
    """Relative to ``root``; the same folder inside the pack."""
    distributions: tuple[Distribution, ...]
    dropped: frozenset[PurePosixPath] = frozenset()
    """Files that are not to be packed, relative to ``root``."""
    rewritten: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    """Files that are to be packed with this content instead of their own."""
    parts: tuple[PurePosixPath, ...] = (PurePosixPath(),)
    """The folders of which every file is packed; elsewhere below ``root`` only what a distribution lists."""
    findings: tuple[Finding, ...] = ()
    """What was odd when it was read."""
    system_site: bool = False
    """Whether it sees the packages of its interpreter too."""
    memory: Memory = field(default_factory=Memory, compare=False)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of which every file is packed, on disk."""
        return tuple(str(self.root / part) for part in self.parts)

    @property
    def roots(self) -> tuple[Root, ...]:
        """Where these folders come to lie, by each of their names: as it was given, and with all links followed."""
        private = not is_shared(str(self.root))
        names = dict.fromkeys((self.root, self.root.resolve()))
        return tuple(Root(str(name / part), part, private=private) for name in names for part in self.parts)
