"""Child processes: a clean environment for them, and their words only when they fail."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hatch_envpack.errors import EnvpackError

_SCRUBBED = frozenset(
    {
        "CONDA_PREFIX",  # uv takes it for the environment to install into
        "HATCH_BUILD_CLEAN",
        "HATCH_BUILD_CLEAN_HOOKS_AFTER",
        "HATCH_BUILD_HOOKS_ONLY",
        "HATCH_BUILD_LOCATION",  # these four are meant for this build, not for the wheel's
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "UV_COMPILE_BYTECODE",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    }
)
"""Variables that would send an installer to another environment than the one that it is given."""


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the caller's environment without what would lead a child to another Python.

    Index, proxy, certificate and credential settings stay: they are the user's.
    """
    kept = {
        name: value for name, value in os.environ.items() if name not in _SCRUBBED and not name.startswith("PYTHON")
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}


def run(
    command: Sequence[str | Path],
    *,
    error: type[EnvpackError],
    message: str,
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Run ``command`` and return its standard output.

    Raises ``error`` with ``message`` and everything that the child printed when it cannot start or fails.
    """
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(  # noqa: S603 - the commands are made here, never by a shell
            words,
            cwd=cwd,
            env=child_environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as problem:
        raise error(f"{message}: {words[0]} cannot be run: {problem.strerror}") from problem
    if done.returncode:
        raise error(message, detail=f"{done.stderr.strip()}\n{done.stdout.strip()}")
    return done.stdout
