"""An interpreter as it lies in an unpacked pack: its entries, fixed, in another folder; no project, no archive."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.interpreter.files import interpreter_entries, interpreter_roots, site_packages_path
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.layout import Layout
from hatch_envpack.libraries.closure import plan_libraries
from hatch_envpack.registry import Registry
from hatch_envpack.relocate.chain import make_chain
from hatch_envpack.relocate.fixer import Context
from tests.targets.roots import run_hiding

if TYPE_CHECKING:
    from hatch_envpack.interpreter.model import Interpreter


@dataclass(frozen=True, slots=True)
class Moved:
    """The tree, and what it was made from."""

    place: Path
    interpreter: Interpreter

    @property
    def python(self) -> Path:
        """The program."""
        return self.place / "bin" / "python"

    @property
    def library(self) -> Path:
        """The standard library."""
        return self.place / "lib" / self.interpreter.library_folder

    def run(self, *command: str | Path, **environment: str) -> str:
        """Run a command to which the original and Debian's Python do not exist (N15); return what it prints."""
        hidden = [*Path("/usr/lib").glob("python3*"), *Path("/usr/lib").glob("*/libpython3*"), Path("/usr/bin/python3")]
        hidden += [*Path("/usr/include").glob("python3*"), *Path("/usr/include").glob("*/python3*")]
        if self.interpreter.is_private:
            hidden.append(self.interpreter.prefix)
        done = run_hiding(hidden, *command, environment={"PATH": "/usr/bin:/bin", **environment})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def move(program: Path, place: Path) -> Moved:
    """Lay out the interpreter of ``program`` at ``place``."""
    interpreter = resolve_interpreter(str(program), root=Path("/"), uv=None)
    entries = interpreter_entries(interpreter)
    layout, site_packages = Layout(interpreter_roots(interpreter)), site_packages_path(interpreter)
    plan = plan_libraries(entries, layout, interpreter, site_packages)
    chain = make_chain(Registry().fixers, Context(interpreter, layout, plan, site_packages))
    for entry in (*entries, *plan.copied):
        path = place / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.link is not None:
            path.symlink_to(entry.link)
            continue
        fixed = chain.fixed(entry)
        path.write_bytes(entry.read() if fixed is None else fixed)
        path.chmod(0o755 if entry.executable else 0o644)
    return Moved(place, interpreter)


def links_of(folder: Path) -> dict[str, str]:
    """Return every link below a folder with its target."""
    done = subprocess.run(
        ["find", folder, "-type", "l", "-printf", "%P\\0%l\\0"], capture_output=True, text=True, check=True
    )
    words = done.stdout.split("\0")
    return dict(zip(words[0::2], words[1::2], strict=False))
