"""Installing with uv."""

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
class Uv:
    """The program uv; it runs in the project's folder, so that the project's ``[tool.uv]`` counts."""

    program: Path
    name: str = "uv"
    updates: bool = True

    def make_environment(self, interpreter: Interpreter, folder: Path) -> Path:
        """Make an empty virtual environment; its ``python`` is returned."""
        run(
            [self.program, "venv", "--quiet", "--no-project", "--python", interpreter.executable, folder],
            error=InstallError,
            message=f"uv cannot make an environment for {interpreter.executable}",
        )
        return folder / "bin" / "python"

    def build_wheel(self, project: Path, python: Path, folder: Path) -> Path:
        """Build in an isolated environment of the packed interpreter's own kind."""
        run(
            [self.program, "build", "--wheel", "--python", python, "--out-dir", folder, project],
            cwd=project,
            error=InstallError,
            message=f"the wheel of {project} cannot be built; the build backend says:",
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
        flags = ["--quiet", "--no-compile-bytecode"]
        flags += [] if dependencies else ["--no-deps"]
        flags += ["--exact", "--upgrade"] if again else []
        run(
            [self.program, "pip", "install", *flags, "--python", python, *requirements],
            cwd=project,
            error=InstallError,
            message="the dependencies cannot be installed; uv says:",
        )
