"""What is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.formats import DEFAULT_FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.model import Environment
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.report import Report
    from hatch_envpack.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """One project to be packed."""

    project: Project
    settings: Settings
    folder: Path
    """Where the pack is to lie."""
    mtime: int
    """The time stamp of every member, in seconds since 1970."""
    report: Report
    format: str = DEFAULT_FORMAT
    """One of `formats.LEVELS`."""


@dataclass(frozen=True, slots=True)
class Export:
    """One existing virtual environment to be packed; it is only ever read."""

    root: Path
    name: str
    version: str
    editable: Policy
    """What is done with editable installs."""
    settings: Settings
    folder: Path
    mtime: int
    report: Report
    format: str = DEFAULT_FORMAT
    """One of `formats.LEVELS`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is packed, wherever it came from."""

    name: str
    version: str
    file_stem: str
    root: Path
    """The folder whose installer settings count; its path must not be left in the pack."""
    interpreter: Interpreter
    installer: Installer
    environments: tuple[Environment, ...]

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Those of all environments, by name."""
        found = [each for environment in self.environments for each in environment.distributions]
        return tuple(sorted(found, key=lambda distribution: distribution.key))
