"""Programs for Windows, run by Debian's ``wine64`` in a prefix of their own: no display, no network of Windows' own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.targets.roots import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOLDERS = (Path("/usr/lib/wine"), Path("/usr/bin"))
"""Debian keeps the programs out of ``PATH``; they come to ``PATH`` with the package ``wine``, which is not needed."""


@dataclass(frozen=True, slots=True)
class Wine:
    """A Windows of this test run's own."""

    prefix: Path
    """The folder with its drive ``C:``; the host's files are on ``Z:``."""

    def run(
        self,
        *command: str | Path,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        encoding: str = "cp1252",
    ) -> subprocess.CompletedProcess[str]:
        """Run a program; a path may be the host's, and is told in the form of Windows.

        The program sees Windows' own variables and those of ``environment``, nothing else. ``encoding`` is that of all
        it reads and writes: Windows' own programs take the code page 1252, and ``PYTHONUTF8=1`` makes Python's UTF-8.
        """
        words = [windows_path(word) if isinstance(word, Path) else word for word in command]
        return subprocess.run(
            [_program("wine64"), *words],
            cwd=folder or self.prefix,
            env={**self._variables(), **(environment or {})},
            input=stdin,
            capture_output=True,  # a console program of Wine writes nothing into a file
            text=True,
            encoding=encoding,
            errors="backslashreplace",
            check=False,
            timeout=120,
        )

    def prepare(self, program: str, *arguments: str) -> None:
        """Call one of Wine's own programs, unheard: the services that it leaves running would keep a pipe open."""
        subprocess.run(
            [_program(program), *arguments],
            cwd=self.prefix.parent,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.prefix.parent),  # Windows' folders of the user become links to it
            "LC_ALL": "C.UTF-8",  # how file names and variables of the host are read
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # asks for no further downloads
        }


def windows_path(path: Path) -> str:
    """Return the name that a file of the host has in Windows."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


@contextmanager
def wine_session() -> Iterator[Wine]:
    """Make a Windows, and remove it in the end: it takes 700 MB. Raises `MissingToolError`."""
    with tempfile.TemporaryDirectory(prefix="envpack-wine-", ignore_cleanup_errors=True) as folder:
        wine = Wine(Path(folder, "prefix"))
        wine.prepare("wine64", "wineboot", "-i")
        wine.prepare("wineserver64", "-w")
        try:
            wine.prepare("wineserver64", "-p")  # it stays up without a program: each starts in 0.1 s instead of 3
            wine.prepare("wine64", "winecfg", "/v", "win10")
            yield wine
        finally:
            wine.prepare("wineserver64", "-k")


def _program(name: str) -> str:
    found = [folder / name for folder in _FOLDERS if (folder / name).exists()]
    program = str(found[0]) if found else shutil.which(name)
    if program is None:
        raise MissingToolError(f"{name} is not installed: `apt-get install --no-install-recommends wine64`")
    return program
