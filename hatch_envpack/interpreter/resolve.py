"""The option ``python``: from what was asked for to the base interpreter that is packed."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.probe import interpreter_of, is_virtual, probe
from hatch_envpack.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_envpack.interpreter.model import Interpreter

_VERSION = re.compile(r"(?:cpython-?|python)?(\d+(?:\.\d+){0,2}t?)")
_OTHER = re.compile(r"(?:pypy|graalpy)[\d.@-]*")


def resolve_interpreter(
    python: str,
    *,
    root: Path,
    uv: Path | None,
    ask: Callable[[Path], dict[str, Any]] = probe,
    find: Callable[[str, Path], str] | None = None,
) -> Interpreter:
    """Return the interpreter of ``python``: ``current``, a path (relative to ``root``), or a version.

    ``ask`` tells what a program says of itself; it is asked last for the one that is taken. ``find`` takes the place of
    `ask_uv`. Raises `InterpreterError`.
    """
    if python == "current":
        # sys.executable is that of hatch's own build environment (I3)
        return interpreter_of(ask(Path(getattr(sys, "_base_executable", sys.executable))))
    if _OTHER.fullmatch(python):
        raise InterpreterError(
            f"{python} was asked for, and only CPython can be packed: set the option `python` to one"
        )
    match = _VERSION.fullmatch(python)
    if match is not None and not (root / python).exists():
        return interpreter_of(ask(_by_version(match[1], uv, find or ask_uv)))
    return _by_path(root / Path(python).expanduser(), ask)


def _by_path(path: Path, ask: Callable[[Path], dict[str, Any]]) -> Interpreter:
    program = path
    if path.is_dir():
        found = next(iter(_programs_in(path)), None)
        if found is None:
            raise InterpreterError(
                f"the folder {path} holds no bin/python3: set the option `python` to an installation"
            )
        program = found
    if not program.exists():
        raise InterpreterError(f"the interpreter {program} does not exist: set the option `python` to one that does")
    if not os.access(program, os.X_OK):
        raise InterpreterError(f"the interpreter {program} is not executable")
    answer = ask(program)
    interpreter = interpreter_of(answer)
    if is_virtual(answer):
        raise InterpreterError(
            f"{path} is a virtual environment: set the option `python` to its interpreter, {interpreter.executable}"
        )
    return interpreter


def _programs_in(folder: Path) -> Iterator[Path]:
    for parent in (folder / "bin", folder):
        names = ["python3", "python", *sorted(path.name for path in parent.glob("python3.*") if "-" not in path.name)]
        yield from (parent / name for name in names if (parent / name).is_file())


def _by_version(version: str, uv: Path | None, find: Callable[[str, Path], str]) -> Path:
    words = ""
    if uv is not None:
        try:
            return Path(find(version, uv))
        except InterpreterError as error:
            # uv gives up at the first thing on PATH that does not answer, as a shim of pyenv may
            words = error.detail
    for candidate in _candidates(version):
        return candidate
    raise InterpreterError(
        f"no Python {version} was found with uv, among pyenv's, or on PATH: install one, for example with "
        f"`uv python install {version}`, or set the option `python` to a path",
        detail=words,
    )


def ask_uv(version: str, uv: Path) -> str:
    """Return the path of the interpreter that uv finds for a version. Raises `InterpreterError`."""
    command: list[str | Path] = [uv, "python", "find", "--no-project", "--system", f"cpython{version}"]
    return run(command, error=InterpreterError, message=f"uv finds no Python {version}").strip()


def _candidates(version: str) -> Iterator[Path]:
    """Yield interpreters of a version without the help of uv, the newest of pyenv's first."""
    short = ".".join(version.split(".")[:2])
    folder = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    fitting = [path for path in folder.glob(f"{short}*") if _is_of(path.name, version)]
    for path in sorted(fitting, key=lambda path: Version(path.name), reverse=True):
        if (path / "bin" / f"python{short}").is_file():
            yield path / "bin" / f"python{short}"
    for parent in os.get_exec_path():
        found = shutil.which(f"python{short}", path=parent)
        if found and _answers_as(Path(found), version):
            yield Path(found)


def _answers_as(program: Path, version: str) -> bool:
    """Whether a program is of a version; a shim that leads nowhere is of none, and may stand before one that is."""
    try:
        return _is_of(probe(program)["version"], version)
    except InterpreterError:
        return False


def _is_of(found: str, version: str) -> bool:
    try:
        Version(found)
    except InvalidVersion:
        return False
    return f"{found}.".startswith(f"{version}.")
