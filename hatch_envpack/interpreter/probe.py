"""Asking an interpreter about itself, and refusing the kinds that cannot be packed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from hatch_envpack.elf.read import ElfError, read_elf
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.model import Interpreter
from hatch_envpack.process import child_environment

OLDEST, NEWEST = (3, 9), (3, 14)
"""The minor versions that this program is tested with."""

_SCRIPT = Path(__file__).with_name("probe_script.py").read_text(encoding="utf-8")
_TIMEOUT = 60
"""Seconds; a program that is no Python may wait for ever."""


def probe(program: Path) -> dict[str, Any]:
    """Return what ``program`` says of itself. Raises `InterpreterError` when it is no Python."""
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user named
            [program, "-I", "-c", _SCRIPT],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
        answer = json.loads(done.stdout.splitlines()[-1])  # a .pth file may print too
    except OSError as error:
        raise InterpreterError(f"the interpreter {program} cannot be run: {error.strerror}") from None
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        raise InterpreterError(f"{program} is not a Python 3 that works: set the option `python` to one") from None
    return dict(answer)


def interpreter_of(answer: dict[str, Any]) -> Interpreter:
    """Return the base interpreter that an answer describes. Raises `InterpreterError` for kinds that are not packed."""
    program = Path(os.path.realpath(answer["base_executable"]))
    _check_kind(answer, program)
    prefix = Path(answer["base_prefix"])
    libdir = Path(answer["vars"]["LIBDIR"] or prefix / "lib")
    return Interpreter(
        executable=program,
        prefix=prefix,
        exec_prefix=Path(answer["base_exec_prefix"]),
        version=(answer["version_info"][0], answer["version_info"][1], answer["version_info"][2]),
        version_text=answer["version"],
        abiflags=answer["abiflags"],
        cache_tag=answer["cache_tag"],
        machine=_machine(answer),
        stdlib=Path(answer["stdlib"]),
        platstdlib=Path(answer["platstdlib"]),
        include=Path(answer["include"]),
        platinclude=Path(answer["platinclude"]),
        libdir=libdir,
        site_folders=tuple(dict.fromkeys(map(Path, answer["sites"]))),
        libpython=_libpython(program, prefix, libdir),
        multiarch=answer["vars"]["MULTIARCH"] or "",
        wheels=Path(answer["vars"]["WHEEL_PKG_DIR"]) if answer["vars"]["WHEEL_PKG_DIR"] else None,
    )


def _check_kind(answer: dict[str, Any], program: Path) -> None:
    name = answer["implementation"]
    version = tuple(answer["version_info"][:2])
    if name != "cpython":
        raise InterpreterError(f"{program} is {name}: only CPython can be packed, set the option `python` to one")
    if answer["framework"]:
        raise InterpreterError(f"{program} is a macOS framework build, which cannot be packed yet")
    if answer["platform"] != "linux":
        raise InterpreterError(f"{program} is for {answer['platform']}: packs are made on Linux for now")
    if not OLDEST <= version <= NEWEST:
        raise InterpreterError(
            f"{program} is Python {answer['version']}: only 3.{OLDEST[1]} to 3.{NEWEST[1]} can be packed, "
            "set the option `python` to one of these"
        )
    loader = _loader(program)
    if loader is not None and "musl" in loader:
        raise InterpreterError(f"{program} is built for musl, and only interpreters for glibc can be packed")


def _loader(program: Path) -> str | None:
    try:
        with program.open("rb") as stream:
            elf = read_elf(stream)
    except (OSError, ElfError) as error:
        raise InterpreterError(f"the interpreter {program} cannot be read: {error}") from None
    if elf is None:
        raise InterpreterError(f"{program} is not a program but a script: set the option `python` to what it calls")
    return elf.interpreter


def _machine(answer: dict[str, Any]) -> str:
    """Return the machine as platform tags have it: a 32-bit Python on a 64-bit kernel is not for 64 bits."""
    narrow = {"x86_64": "i686", "aarch64": "armv7l"}
    machine = str(answer["machine"])
    return machine if answer["bits"] == 64 else narrow.get(machine, machine)  # noqa: PLR2004


def _libpython(program: Path, prefix: Path, libdir: Path) -> Path | None:
    """Return the shared library that the program is linked with."""
    with program.open("rb") as stream:
        elf = read_elf(stream)
    for soname in elf.needed if elf else ():
        if soname.startswith("libpython"):
            for folder in (prefix / "lib", libdir, program.parent.parent / "lib"):
                if (folder / soname).is_file():
                    return folder / soname
            raise InterpreterError(f"{program} needs {soname}, which is not in {prefix / 'lib'} or {libdir}")
    return None
