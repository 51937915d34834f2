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
    """Return what ``program`` says of itself. Raises `InterpreterError` when it is no Python.

    A shim of pyenv or asdf is a script that runs the real program, and the answer is that one's (I13).
    """
    words = ""
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user named
            [program, "-I", "-B", "-c", _SCRIPT],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
        words = done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))  # a .pth file may print too
    except OSError as error:
        raise InterpreterError(f"the interpreter {program} cannot be run: {error.strerror}") from None
    except (subprocess.TimeoutExpired, ValueError, TypeError, IndexError):
        raise InterpreterError(
            f"{program} is not a Python 3 that works: set the option `python` to one", detail=words
        ) from None


def _environment() -> dict[str, str]:
    # _PYTHON_SYSCONFIGDATA_NAME and its like would make it speak of another build
    return {name: value for name, value in child_environment().items() if not name.startswith("_PYTHON")}


def is_virtual(answer: dict[str, Any]) -> bool:
    """Whether an answer comes from a virtual environment."""
    return bool(answer["prefix"] != answer["base_prefix"])


def base_program(answer: dict[str, Any]) -> Path:
    """Return the real program of the base interpreter, all links followed.

    An environment made with ``venv --copies`` has a program of its own, which Python 3.9 and 3.10 give as the base.
    """
    found = Path(os.path.realpath(answer["base_executable"]))
    if is_virtual(answer) and found.is_relative_to(os.path.realpath(answer["prefix"])):
        major, minor = answer["version_info"][:2]
        for name in (f"python{major}.{minor}", "python3"):
            candidate = Path(answer["base_prefix"], "bin", name)
            if candidate.is_file():
                return Path(os.path.realpath(candidate))
    return found


def interpreter_of(answer: dict[str, Any]) -> Interpreter:
    """Return the base interpreter that an answer describes. Raises `InterpreterError` for kinds that are not packed."""
    program = base_program(answer)
    _check_kind(answer, program)
    prefix = Path(answer["base_prefix"])
    variables, build = answer["vars"], answer["build"]
    libdir = Path(variables["LIBDIR"] or prefix / "lib")
    return Interpreter(
        executable=program,
        prefix=prefix,
        version=(answer["version_info"][0], answer["version_info"][1], answer["version_info"][2]),
        version_text=answer["version"],
        abiflags=answer["abiflags"],
        cache_tag=answer["cache_tag"],
        magic=bytes.fromhex(answer["magic"]),
        machine=_machine(answer),
        stdlib=Path(answer["stdlib"]),
        platstdlib=Path(answer["platstdlib"]),
        include=Path(answer["include"]),
        platinclude=Path(answer["platinclude"]),
        libdir=libdir,
        site_folders=tuple(dict.fromkeys(map(Path, answer["sites"]))),
        libpython=_libpython(program, prefix, libdir, variables),
        multiarch=variables["MULTIARCH"],
        wheels=Path(variables["WHEEL_PKG_DIR"]) if variables["WHEEL_PKG_DIR"] else None,
        platlibdir=answer["platlibdir"],
        config_folder=Path(variables["LIBPL"]).name,
        built_prefix=build["prefix"],
        built_in=tuple(sorted({build["abs_srcdir"], build["abs_builddir"]} - {""})),
    )


def _check_kind(answer: dict[str, Any], program: Path) -> None:
    name = answer["implementation"]
    version = tuple(answer["version_info"][:2])
    if name != "cpython":
        raise InterpreterError(f"{program} is {name}: only CPython can be packed, set the option `python` to one")
    if answer["framework"]:
        raise InterpreterError(
            f"{program} is a macOS framework build, which cannot be packed yet: set the option `python` to another"
        )
    if answer["platform"] != "linux":
        raise InterpreterError(f"{program} is for {answer['platform']}: packs are made on Linux for now")
    if not OLDEST <= version <= NEWEST:
        why = "is newer than what this version of hatch-envpack is tested with" if version > NEWEST else "is too old"
        raise InterpreterError(
            f"{program} is Python {answer['version']}, which {why}: "
            f"set the option `python` to one from 3.{OLDEST[1]} to 3.{NEWEST[1]}"
        )
    loader = _loader(program)
    if loader is not None and "musl" in loader:
        raise InterpreterError(
            f"{program} is built for musl, and only interpreters for glibc can be packed: "
            "set the option `python` to one, on a system with glibc"
        )


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


def _libpython(program: Path, prefix: Path, libdir: Path, variables: dict[str, str]) -> Path | None:
    """Return the shared library of the installation.

    Where the program is linked with it, it has to be there. Otherwise (Debian's, python-build-standalone's) it is for
    programs that embed Python (N12), and may be another package that is not installed.
    """
    with program.open("rb") as stream:
        elf = read_elf(stream)
    folders = dict.fromkeys((prefix / "lib", libdir, program.parent.parent / "lib"))
    for soname in elf.needed if elf else ():
        if soname.startswith("libpython"):
            for folder in folders:
                if (folder / soname).is_file():
                    return folder / soname
            raise InterpreterError(
                f"{program} needs {soname}, which is not in {' or '.join(map(str, folders))}: "
                "the installation is damaged, reinstall it"
            )
    soname = variables["INSTSONAME"]
    if ".so" not in soname:
        soname = variables["LDLIBRARY"]
    return next((folder / soname for folder in folders if ".so" in soname and (folder / soname).is_file()), None)
