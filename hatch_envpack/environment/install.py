"""From a project to an installed environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.environment.requirements import requirements

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.report import Report
    from hatch_envpack.settings import Settings


def install_project(
    project: Project,
    settings: Settings,
    interpreter: Interpreter,
    installer: Installer,
    site_packages: PurePosixPath,
    folder: Path,
    report: Report,
) -> Environment:
    """Build the project's wheel and install it with its dependencies into a new environment below ``folder``."""
    root = folder / "environment"
    python = installer.make_environment(interpreter, root)
    report.stage(f"Building the wheel of {project.name}")
    wheels = folder / "wheel"
    wheels.mkdir()
    wheel = installer.build_wheel(project.root, python, wheels)
    report.stage(f"Installing with {installer.name}")
    installer.install(requirements(project, wheel, settings), python, project.root)
    return Environment(root, site_packages, read_distributions(root, site_packages))
