"""The shells that activation is tested in, as a table, and one way to run a script in each."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Sequence

DUMP = "/usr/bin/env -0 DUMP=1"

_NUSHELL = "@nushell/linux-x64@0.115.1"
_NUSHELL_HASH = "w6eMwPZJ/JqIEq2BgUif71fzBuNFxA1xvrIshC+bQYq44x2PgOE+x1IX+URNUBQSkCLAY9ze2Egec00RMyDtMA=="


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell, and how it says the few things that a test asks of it."""

    name: str
    command: tuple[str, ...]
    script: str = "activate"
    activate: str = ". {}"
    external: str = "{}"
    set_prompt: str = "PS1='> '"
    show_prompt: str = 'echo "[$PS1]"'

    def activation(self, prefix: Path) -> str:
        """Return the line that activates a pack."""
        return self.source(prefix / "bin" / self.script)

    def source(self, file: str | Path) -> str:
        """Return the line that reads a script."""
        word = f"r##'{file}'##" if self.name == "nu" else shlex.quote(str(file))
        if self.name == "tcsh":
            word = word.replace("!", "\\!")  # its history is looked up even between quotes
        return self.activate.format(word)

    def run(
        self, folder: Path, *lines: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the lines as a script in ``folder``."""
        script = folder / f"script.{self.name}"
        script.write_text("\n".join(lines) + "\n")
        variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", **(environment or {})}
        return subprocess.run(
            [*self._program(), script], cwd=folder, env=variables, capture_output=True, check=False, timeout=60
        )

    def dumps(self, folder: Path, *lines: str, environment: dict[str, str] | None = None) -> list[dict[str, str]]:
        """Run the lines with ``DUMP`` among them; return the environment at each of those."""
        dump = self.external.format(DUMP)
        done = self.run(folder, *(dump if line == DUMP else line for line in lines), environment=environment)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        found = done.stdout.decode().split("DUMP=1\0")
        return [dict(pair.split("=", 1) for pair in each.split("\0") if "=" in pair) for each in found[:-1]]

    def _program(self) -> Sequence[str]:
        if self.name == "nu":
            return [str(nushell()), *self.command[1:]]
        if shutil.which(self.command[0]) is None:
            missing(f"{self.command[0]} is not installed")
        return self.command


FISH = Shell(
    "fish", ("fish", "--no-config"), "activate.fish", "source {}",
    set_prompt="function fish_prompt; echo -n '> '; end", show_prompt="echo '['(fish_prompt)']'",
)  # fmt: skip
TCSH = Shell(
    "tcsh", ("tcsh", "-f"), "activate.csh", "source {}",
    set_prompt="set prompt = '> '", show_prompt='echo "[$prompt:q]"',
)  # fmt: skip
NUSHELL = Shell(
    "nu", ("nu", "-n"), "activate.nu", "overlay use {}", "^{}",
    "$env.PROMPT_COMMAND = {|| '> ' }", "print $'[(do $env.PROMPT_COMMAND)]'",
)  # fmt: skip
SH = tuple(
    Shell(name, command)
    for name, command in {
        "dash": ("dash",),
        "bash": ("bash",),
        "bash-posix": ("bash", "--posix"),
        "busybox": ("busybox", "sh"),
        "zsh": ("zsh", "-f"),
        "zsh-as-sh": ("zsh", "--emulate", "sh", "-f"),
        "zsh-as-csh": ("zsh", "--emulate", "csh", "-f"),
        "ksh93": ("ksh93",),
        "mksh": ("mksh",),
    }.items()
)
SHELLS = (*SH, FISH, TCSH, NUSHELL)
UNTOLD = tuple(shell for shell in SHELLS if shell.name in ("dash", "busybox", "mksh", "tcsh"))
"""These do not know which file they read."""


def cached_npm(package: str, sha512: str) -> Path:
    """Return the unpacked npm package; it is downloaded once."""
    if shutil.which("npm") is None:
        missing("npm is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hatch-envpack-tests")
    cache.mkdir(parents=True, exist_ok=True)
    name = package.strip("@").replace("/", "-")
    made = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            done = subprocess.run(
                ["npm", "pack", "--json", package], cwd=cache, capture_output=True, text=True, check=False
            )
            if done.returncode:
                missing(f"npm has no {package}: {done.stderr}")
            answer = json.loads(done.stdout)
            packed = cache / next(iter(answer.values() if isinstance(answer, dict) else answer))["filename"]
            found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
            assert found == sha512, f"{package} is not what it was"
            with tarfile.open(packed) as archive:
                archive.extractall(cache / f"{name}.part", filter="data")
            packed.unlink()
            (cache / f"{name}.part").rename(made)
    return made / "package"


def nushell() -> Path:
    """Return the program of Nushell, which no Debian has."""
    return cached_npm(_NUSHELL, _NUSHELL_HASH) / "bin/nu"
