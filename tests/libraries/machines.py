"""A build machine with libraries of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.layout import Layout, Root
from hatch_envpack.libraries.closure import plan_libraries
from tests.conftest import find_pyenv, missing

if TYPE_CHECKING:
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.libraries.plan import LibraryPlan

SITE = PurePosixPath("lib/python3.12/site-packages")


class Machine:
    """A build machine with two libraries of its own, of which one needs the other."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("gcc") is None:
            missing("gcc is not installed")
        self.folder = folder
        (folder / "system").mkdir()
        (folder / "source.c").write_text("int f(void) { return 1; }\n")
        self.below = self.compile("system/libbelow.so.1", "-Wl,-soname,libbelow.so.1")
        self.system = self.compile("system/libsystem.so.1", "-Wl,-soname,libsystem.so.1", needs=[self.below])
        self.entries: list[Entry] = []

    def compile(self, name: str, *flags: str, needs: list[Path] | None = None) -> Path:
        """Compile a library that needs others; its search path is the machine's unless the flags say one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        linked: list[str | Path] = ["-Wl,--no-as-needed", *(needs or [])] if needs else []
        rpath = [f"-Wl,-rpath,{self.folder / 'system'}"] if not any("rpath" in flag for flag in flags) else []
        command: list[str | Path] = [
            "gcc",
            "-shared",
            "-fPIC",
            *flags,
            *rpath,
            "-o",
            path,
            self.folder / "source.c",
            *linked,
        ]
        subprocess.run(command, check=True)
        return path

    def add(self, path: str, source: Path) -> PurePosixPath:
        """Add a file to what is packed."""
        self.entries.append(Entry(PurePosixPath(path), source=source, executable=True))
        return PurePosixPath(path)

    @property
    def surroundings(self) -> tuple[Layout, Interpreter, PurePosixPath]:
        """Return what a plan is made of besides the entries."""
        interpreter = resolve_interpreter(str(find_pyenv("3.12")), root=self.folder, uv=None)
        return Layout((Root(str(self.folder / "prefix"), PurePosixPath()),)), interpreter, SITE

    def plan(self, *, python: bool = True) -> LibraryPlan:
        """Return the plan for what was added."""
        return plan_libraries(self.entries, *self.surroundings, python=python)
