"""The seam to the programs that resolve and install: what this project asks of them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hatch_envpack.environment.pip import Pip
from hatch_envpack.environment.uv import Uv
from hatch_envpack.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.interpreter.model import Interpreter


class Installer(Protocol):
    """Makes an environment, builds a wheel, installs. Each raises `InstallError` with the program's own words."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def updates(self) -> bool:
        """Whether it can bring an environment that has been installed into to what a new one would be."""
        ...

    def make_environment(self, interpreter: Interpreter, folder: Path) -> Path:
        """Make an empty virtual environment in ``folder``; return its python."""
        ...

    def build_wheel(self, project: Path, python: Path, folder: Path) -> Path:
        """Build the project's wheel in isolation, with ``python``, into ``folder``; return its path."""
        ...

    def install(
        self,
        requirements: Sequence[str],
        python: Path,
        project: Path,
        *,
        dependencies: bool = True,
        again: bool = False,
    ) -> None:
        """Install into the environment of ``python``; settings in the ``project`` folder count.

        Without ``dependencies`` the requirements alone are installed, and not what they require. ``again``: there is
        something in the environment, and it is to become what an empty one would; only where `updates` says so.
        """
        ...


def find_uv() -> Path | None:
    """Return uv: the one that hatch uses, the one installed as a Python package, or the one on PATH."""
    named = os.environ.get("HATCH_UV")
    if named and (found := shutil.which(named)):
        return Path(found)
    if importlib.util.find_spec("uv"):
        from uv import find_uv_bin  # noqa: PLC0415 - optional, and only when asked for

        try:
            return Path(find_uv_bin())
        except FileNotFoundError:
            pass  # the package lies there without its program: go on with PATH
    found = shutil.which("uv")
    return Path(found) if found else None


def find_installer(choice: str, interpreter: Interpreter) -> Installer:
    """Return the installer of the option ``installer``. Raises `InstallError` when there is none."""
    uv = find_uv() if choice in ("auto", "uv") else None
    if uv is not None:
        return Uv(uv)
    if choice == "uv":
        raise InstallError(
            'uv was not found (option `installer = "uv"`): install it with `pip install uv`, or set `installer = "pip"`'
        )
    if importlib.util.find_spec("pip"):
        return Pip(Path(sys.executable))
    if _has_pip(interpreter):
        return Pip(interpreter.executable)
    raise InstallError(
        f"neither uv nor pip was found, in this build's environment or beside {interpreter.executable}: "
        "install one of them, for example with `pip install uv`"
    )


def _has_pip(interpreter: Interpreter) -> bool:
    return any((folder / "pip" / "__main__.py").is_file() for folder in interpreter.site_folders)
