"""The environment that is packed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.finding import Finding


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment on disk; only ever read."""

    root: Path
    site_packages: PurePosixPath
    """Relative to ``root``; the same folder inside the pack."""
    distributions: tuple[Distribution, ...]
    dropped: frozenset[PurePosixPath] = frozenset()
    """Files that are not to be packed, relative to ``root``."""
    rewritten: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    """Files that are to be packed with this content instead of their own."""
    findings: tuple[Finding, ...] = ()
    """What was odd when it was read."""

    @property
    def roots(self) -> tuple[Path, Path]:
        """The names of its folder: as it was given, and with all links followed."""
        return self.root, self.root.resolve()
