"""Installing with pip, where there is no uv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.environment.wheel import only_wheel
from hatch_envpack.errors import InstallError
from hatch_envpack.process import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter


@dataclass(frozen=True, slots=True)
class Pip:
    """A Python that has pip; ``pip --python`` manages another environment, which then needs no pip of its own."""

    python: Path
    name: str = "pip"
    updates: bool = False

    def make_environment(self, interpreter: Interpreter, folder: Path) -> Path:
        """Make an empty virtual environment; its ``python`` is returned."""
        run(
            [interpreter.executable, "-I", "-m", "venv", "--without-pip", folder],
            error=InstallError,
            message=f"{interpreter.executable} cannot make a virtual environment; it says:",
        )
        return folder / "bin" / "python"

    def build_wheel(self, project: Path, python: Path, folder: Path) -> Path:
        """Build in an isolated environment of the packed interpreter's own kind."""
        run(
            [*self._command(python), "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, project],
            cwd=project,
            error=InstallError,
            message=f"the wheel of {project} cannot be built; pip says:",
        )
        return only_wheel(folder)

    def install(
        self,
        requirements: Sequence[str],
        python: Path,
        project: Path,
        *,
        dependencies: bool = True,
        again: bool = False,
    ) -> None:
        """Install without writing bytecode: that is made later, for the place where it will lie."""
        del again  # pip keeps what is there, and takes nothing out: its environments are new ones
        flags = ["--quiet", "--no-compile", "--no-warn-script-location", *([] if dependencies else ["--no-deps"])]
        run(
            [*self._command(python), "install", *flags, *requirements],
            cwd=project,
            error=InstallError,
            message="the dependencies cannot be installed; pip says:",
        )

    def _command(self, python: Path) -> list[str | Path]:
        return [self.python, "-m", "pip", "--python", python, "--disable-pip-version-check", "--no-input"]
