"""From a project to an installed environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.memory import Memory
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.interpreter.model import Interpreter


def build_project(
    project: Project, interpreter: Interpreter, installer: Installer, root: Path, folder: Path, *, is_new: bool
) -> Path:
    """Build the project's wheel into ``folder``, with an environment in ``root``, which is made if it ``is_new``."""
    python = installer.make_environment(interpreter, root) if is_new else program(root)
    folder.mkdir()
    return installer.build_wheel(project.root, python, folder)


def program(root: Path) -> Path:
    """Return the python of an environment."""
    return root / "bin" / "python"


def read_installed(root: Path, site_packages: PurePosixPath, memory: Memory) -> Environment:
    """Return what was installed; ``memory`` may have been filled before that."""
    return Environment(root, site_packages, read_distributions(root, site_packages, memory), memory=memory)
