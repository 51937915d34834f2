"""Environments for engines and for their workers, and the commands of the documents run in them.

What starts a job has an environment of its own, which lacks `MARKER`; so has what runs it, and that is packed, hidden,
and used by nothing but the pack.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import REPOSITORY, find_pyenv
from tests.documents import blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARKER = "humanize==4.17.0"
"""A package that only the workers have; it is small and needs nothing."""

QUICK_JAVA = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""What starts and works a minute shall not compile for an hour."""

_UV = (sys.executable, "-m", "uv")
_JOBS = Path(__file__).with_name("jobs")
_DOCUMENT = REPOSITORY / "docs/engines.md"


def make(root: Path, *requirements: str) -> Path:
    """Make an environment with packages from the index."""
    subprocess.run([*_UV, "venv", "-q", "--python", find_pyenv("3.12"), root], check=True)
    install(root, *requirements)
    return root


def install(root: Path, *words: str) -> None:
    """Have uv install packages; further options of its own may be among the words."""
    subprocess.run([*_UV, "pip", "install", "-q", "--python", root / "bin/python", *words], check=True)


def check_unpacked(folder: Path) -> None:
    """Check that every name of Python in an unpacked pack runs it."""
    code = "import sys, humanize; print(sys.prefix, humanize.__version__)"
    for name in ("python", "python3", "python3.12"):
        done = subprocess.run([folder / "bin" / name, "-c", code], env={}, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(folder), MARKER.partition("==")[2]]


@dataclass(frozen=True, slots=True)
class Report:
    """What a function says of the process that it ran in."""

    executable: str
    prefix: str
    versions: Mapping[str, str]
    files: Mapping[str, str]

    def check(self, **versions: str) -> Path:
        """Check that Python and each package are those of an unpacked pack; return its folder."""
        assert self.executable in {f"{self.prefix}/bin/{name}" for name in ("python", "python3.12")}
        assert self.versions == {**versions, "humanize": MARKER.partition("==")[2]}
        assert all(path.startswith(f"{self.prefix}/lib/python3.12/site-packages/") for path in self.files.values())
        return Path(self.prefix)


@dataclass(frozen=True, slots=True)
class Trial:
    """A folder with the workers' environment in ``.venv``, a job, and an engine's environment elsewhere."""

    folder: Path
    path: Sequence[Path]
    """Folders of programs that come first."""
    environment: Mapping[str, str]

    def take_job(self, name: str) -> None:
        """Put a job under the name that the documents give it."""
        (self.folder / "job.py").write_bytes((_JOBS / name).read_bytes())

    def bash(self, script: str) -> str:
        """Run commands; return what they print. The test fails with the output of one that fails."""
        path = os.pathsep.join([*map(str, self.path), str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-c", f"set -e\n{script}"], cwd=self.folder, env={**os.environ, **self.environment, "PATH": path},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pack(self, section: str, **changes: str) -> str:
        """Run what a section shows up to the pack, and hide what was packed; return the commands after that."""
        (script,) = blocks(_DOCUMENT, "sh", section)
        for old, new in changes.items():
            assert old in script
            script = script.replace(old, new)
        first, _, rest = script.partition("\n")
        assert first.startswith("hatch-envpack pack .venv ")
        self.bash(f"{first} --no-verify --no-bytecode")
        (self.folder / ".venv").rename(self.folder / "hidden")
        return rest

    def reports(self, printed: str) -> list[Report]:
        """Return what the job's functions said; the job itself ran where the marker is not."""
        lines = printed.splitlines()
        assert "the driver has no humanize" in lines
        return [Report(**json.loads(line)) for line in lines if line.startswith("{")]
