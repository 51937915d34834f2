"""Makes one project's environment with each program that people make environments with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import find_debian, find_pyenv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TOOLS = ("virtualenv", "hatch", "poetry", "pdm", "hishel<2")
"""PDM asks for any ``hishel``, and does not start with its second version."""

_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "thing"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["markupsafe==3.0.3"]

[project.scripts]
thing = "thing:main"

[[tool.poetry.source]]
name = "simple"
url = "https://pypi.org/simple/"
"""
"""Poetry would ask PyPI for a document of its own, which mirrors have not."""

_MODULE = """\
import sys

import markupsafe._speedups


def main():
    print(sys.prefix, markupsafe._speedups.__file__, __file__, sep="\\n")
"""


@dataclass(frozen=True)
class Workshop:
    """The programs, in an environment of their own, and their caches."""

    folder: Path

    @property
    def uv_cache(self) -> Path:
        """The cache that uv links files of environments from."""
        return self.folder / "uv-cache"

    @property
    def wheel(self) -> Path:
        """The project's wheel."""
        return self.folder / "thing-1.0-py3-none-any.whl"

    def equip(self) -> None:
        """Install the programs."""
        uv = [sys.executable, "-m", "uv"]
        run([*uv, "venv", "-q", "--python", find_pyenv("3.12"), self.folder / "tools"])
        run([*uv, "pip", "install", "-q", "--python", self.folder / "tools/bin/python", *_TOOLS])
        (self.folder / "hatch.toml").touch()
        project = self.project(self.folder / "built")
        self.run(project, sys.executable, "-m", "uv", "build", "-q", "--wheel", "-o", self.folder)

    def project(self, folder: Path) -> Path:
        """Write the project into a folder."""
        (folder / "thing").mkdir(parents=True)
        (folder / "pyproject.toml").write_text(_PROJECT)
        (folder / "thing/__init__.py").write_text(_MODULE)
        return folder

    def tool(self, name: str) -> Path:
        """Return the path of a program."""
        return self.folder / "tools/bin" / name

    def run(self, folder: Path, *command: str | Path, **variables: str) -> str:
        """Run a command in a folder, where no other environment is active and nothing is the user's."""
        caches: dict[str, Path | str] = {
            "UV_CACHE_DIR": self.uv_cache, "PIP_CACHE_DIR": self.folder / "pip-cache",
            "POETRY_CACHE_DIR": self.folder / "poetry-cache", "POETRY_CONFIG_DIR": self.folder / "poetry",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true", "PDM_CACHE_DIR": self.folder / "pdm-cache",
            "PDM_CONFIG_FILE": self.folder / "pdm.toml", "HATCH_DATA_DIR": self.folder / "hatch",
            "HATCH_CACHE_DIR": self.folder / "hatch-cache", "HATCH_CONFIG": self.folder / "hatch.toml",
        }  # fmt: skip
        settings = {name: os.fspath(path) for name, path in caches.items()}
        return run(command, folder, {**settings, "PDM_CHECK_UPDATE": "0", **variables})


def run(command: Sequence[str | Path], folder: Path | None = None, extra: dict[str, str] | None = None) -> str:
    """Run a command, whose words are shown when it fails."""
    scrubbed = ("PYTHON", "COVERAGE", "HATCH_ENV", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(scrubbed)}
    done = subprocess.run(
        command, cwd=folder, env={**kept, **(extra or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _venv(*options: str) -> Callable[[Workshop, Path], Path]:
    def make(shop: Workshop, folder: Path) -> Path:
        shop.run(folder, find_pyenv("3.12"), "-m", "venv", *options, "env")
        return folder / "env"

    return make


def _virtualenv(*options: str) -> Callable[[Workshop, Path], Path]:
    def make(shop: Workshop, folder: Path) -> Path:
        shop.run(folder, shop.tool("virtualenv"), "-q", "-p", find_pyenv("3.12"), *options, "env")
        return folder / "env"

    return make


def _uv(interpreter: Callable[[], Path], *options: str) -> Callable[[Workshop, Path], Path]:
    def make(shop: Workshop, folder: Path) -> Path:
        shop.run(folder, sys.executable, "-m", "uv", "venv", "-q", "--python", interpreter(), *options, "env")
        return folder / "env"

    return make


def _pip(make: Callable[[Workshop, Path], Path]) -> Callable[[Workshop, Path], Path]:
    def install(shop: Workshop, folder: Path) -> Path:
        root = make(shop, folder)
        shop.run(folder, root / "bin/python", "-m", "pip", "install", "-q", shop.wheel)
        return root

    return install


def _uv_pip(make: Callable[[Workshop, Path], Path]) -> Callable[[Workshop, Path], Path]:
    def install(shop: Workshop, folder: Path) -> Path:
        root = make(shop, folder)
        shop.run(folder, sys.executable, "-m", "uv", "pip", "install", "-q", "-p", root / "bin/python", shop.wheel)
        return root

    return install


def _uv_sync(shop: Workshop, folder: Path) -> Path:
    project = shop.project(folder / "project")
    shop.run(project, sys.executable, "-m", "uv", "sync", "-q", "--python", find_pyenv("3.12"))
    return project / ".venv"


def _hatch(shop: Workshop, folder: Path) -> Path:
    project = shop.project(folder / "project")
    shop.run(project, shop.tool("hatch"), "env", "create", HATCH_PYTHON=str(find_pyenv("3.12")))
    return Path(shop.run(project, shop.tool("hatch"), "env", "find").strip())


def _poetry(shop: Workshop, folder: Path) -> Path:
    project = shop.project(folder / "project")
    shop.run(project, shop.tool("poetry"), "env", "use", "-q", find_pyenv("3.12"))
    shop.run(project, shop.tool("poetry"), "install")
    return project / ".venv"


def _pdm(shop: Workshop, folder: Path) -> Path:
    project = shop.project(folder / "project")
    shop.run(project, shop.tool("pdm"), "venv", "create", "-q", "--with", "venv", find_pyenv("3.12"))
    shop.run(project, shop.tool("pdm"), "install", "-q")
    return project / ".venv"


MAKERS: dict[str, Callable[[Workshop, Path], Path]] = {
    "venv": _pip(_venv()),
    "venv-copies": _uv_pip(_venv("--copies", "--without-pip")),
    "virtualenv": _pip(_virtualenv()),
    "virtualenv-copies": _uv_pip(_virtualenv("--copies")),
    "uv": _uv_pip(_uv(lambda: find_pyenv("3.12"))),
    "uv-relocatable": _uv_pip(_uv(lambda: find_pyenv("3.12"), "--relocatable")),
    "uv-seeded-debian": _pip(_uv(find_debian, "--seed")),
    "uv-sync": _uv_sync,
    "hatch": _hatch,
    "poetry": _poetry,
    "pdm": _pdm,
}
"""By name: makes the environment of the project below an empty folder, and returns its root.

The last four install the project in editable mode, each in its own way.
"""
