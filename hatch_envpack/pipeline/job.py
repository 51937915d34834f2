"""What is to be done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.formats import DEFAULT_FORMAT, FOLDER, ending

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.model import Environment
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.interpreter.elsewhere import Elsewhere
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
    jobs: int | None = None
    """How many frames are compressed at once; None: one on each core."""

    def destination(self, base_name: str) -> Path:
        """Return where a pack of this name is to lie; what an earlier build left there is replaced."""
        return self.folder / (base_name + ending(self.format))


@dataclass(frozen=True, slots=True)
class Export:
    """One existing virtual environment to be packed; it is only ever read."""

    root: Path
    name: str
    """Empty: as the environment's folder or the project in it."""
    version: str
    editable: Policy
    """What is done with editable installs."""
    settings: Settings
    folder: Path
    mtime: int
    report: Report
    format: str = DEFAULT_FORMAT
    """One of `formats.LEVELS`."""
    file_name: str = ""
    """The pack's name in ``folder``; empty: the name that the build target gives it."""
    force: bool = False
    """Whether what lies in its place is replaced."""
    jobs: int | None = None
    """How many frames are compressed at once; None: one on each core."""
    root_directory: str = ""
    """The folder of the archive in which everything lies; empty: its root."""
    system_site: bool = False
    """Whether what the environment borrows from its interpreter is packed too."""
    python: bool = True
    """Whether the interpreter is packed."""
    python_prefix: str = ""
    """Where the target has it, when it is not packed; empty: where this machine has it."""
    details: bool = False
    """Whether the report is to hear of single files: what is remembered of an earlier pack does not tell."""

    def destination(self, base_name: str) -> Path:
        """Return where a pack of this name is to lie. Raises `ArchiveError` for what is in the way."""
        path = self.folder / (self.file_name or base_name + ending(self.format))
        if not self.force and os.path.lexists(path):
            raise ArchiveError(f"{path} exists: remove it, name another file with `--output`, or use `--force`")
        if self.format != FOLDER and path.is_dir():
            raise ArchiveError(f"{path} is a folder, and the format {self.format} is a file: name another one")
        return path


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
    """A later one replaces what it has in common with those before it."""
    original: Path
    """The python of what is packed, where that lies."""
    elsewhere: Elsewhere | None = None
    """The interpreter that is expected at the target; None where it is packed."""

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Those of all environments, by name."""
        found = [each for environment in self.environments for each in environment.distributions]
        return tuple(sorted(found, key=lambda distribution: distribution.key))
