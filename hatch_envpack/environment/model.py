"""The environment that is packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.distributions import Distribution


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment on disk; only ever read."""

    root: Path
    site_packages: PurePosixPath
    """Relative to ``root``; the same folder inside the pack."""
    distributions: tuple[Distribution, ...]
    dropped: frozenset[PurePosixPath] = frozenset()
    """Files that are not to be packed, relative to ``root``."""
