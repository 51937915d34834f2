"""An environment that exists: a virtual environment, whoever made it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.environment.pyvenv import NAME, VenvConfig, parse_pyvenv
from hatch_envpack.environment.read import read_small
from hatch_envpack.environment.system import read_borrowed, read_installation
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.places import site_packages_path
from hatch_envpack.interpreter.probe import base_program, interpreter_of, is_virtual, probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter

_MANIFEST = "envpack.json"

_REMAKE = "make the environment anew with an interpreter that is there"


def read_environment(
    root: Path, ask: Callable[[Path], dict[str, Any]] = probe, *, system_site: bool = False, python: bool = True
) -> tuple[tuple[Environment, ...], Interpreter]:
    """Return the environment in ``root`` and the interpreter behind it; nothing is changed.

    The environment is the last one; before it comes what it borrows from its interpreter, which is an error unless
    ``system_site`` says that it is meant. ``root`` may also be a whole installation. ``ask`` tells what a program says
    of itself. Without ``python`` the interpreter is not packed: nor is what is borrowed from it, or an installation.

    Raises `InterpreterError` for a folder that is no virtual environment, or one whose interpreter is gone, and
    `InstallError` for one that cannot be read.
    """
    root = root.absolute()
    config = _config(root)
    if config is None:
        return _installation(root, ask, python=python)
    if config.system_site and not system_site:
        meant = "to pack that too" if python else "where the target's interpreter has that too"
        raise InterpreterError(
            f"{root / NAME} has `include-system-site-packages = true`, and what the environment borrows from its "
            f"interpreter would be missing in a pack: use `--system-site-packages` {meant}, or set it to `false`, and "
            "install what is missing then"
        )
    program = root / "bin" / "python"
    if not posixpath.exists(program):
        raise InterpreterError(
            f"{root} is damaged: {program} does not exist or leads to an interpreter that is gone"
            f"{f' from {config.home}' if config.home else ''}: {_REMAKE}"
        )
    try:
        answer = ask(program)
    except InterpreterError as error:
        raise InterpreterError(
            f"{root} is damaged: {program} does not run, perhaps because its interpreter is gone from "
            f"{config.home or 'its place'}: {_REMAKE}",
            detail=error.detail or str(error),
        ) from None
    if not is_virtual(answer):
        raise InterpreterError(f"{root} is damaged: {program} does not run as the environment's own: {_REMAKE}")
    if not posixpath.isfile(base := base_program(answer)):
        raise InterpreterError(f"{root} is damaged: its interpreter {base} is gone: {_REMAKE}")
    interpreter = interpreter_of(answer)
    site_packages = site_packages_path(interpreter)
    if not posixpath.isdir(root / site_packages):
        raise InterpreterError(
            f"{root} was made for another Python than {interpreter.executable}, which it leads to now: it has no "
            f"folder {site_packages}: make it anew"
        )
    distributions = read_distributions(root, site_packages)
    environment = Environment(root, site_packages, distributions, system_site=config.system_site)
    borrowed = read_borrowed(environment, interpreter) if config.system_site and python else ()
    return (*borrowed, environment), interpreter


def _installation(
    root: Path, ask: Callable[[Path], dict[str, Any]], *, python: bool
) -> tuple[tuple[Environment, ...], Interpreter]:
    """Return what is installed in a whole installation. Raises `InterpreterError` where there is none."""
    program = root / "bin" / "python3"
    if not posixpath.exists(program):
        raise InterpreterError(f"{root} is no virtual environment: it has no {NAME}, and no Python either")
    answer = ask(program)
    if is_virtual(answer) or posixpath.realpath(answer["prefix"]) != posixpath.realpath(root):
        raise InterpreterError(
            f"{root} is no virtual environment: it has no {NAME}, and its {program} is the Python of {answer['prefix']}"
        )
    if not python:
        raise InterpreterError(
            f"{root} is a whole installation, which is nothing without its Python: leave out `--no-python`, or make a "
            "virtual environment and pack that"
        )
    interpreter = interpreter_of(answer)
    return (read_installation(root, interpreter),), interpreter


def _config(root: Path) -> VenvConfig | None:
    """Return what the environment says of itself, None where it has no file for that.

    Raises `InterpreterError` for what cannot be packed.
    """
    if not posixpath.isdir(root):
        why = "it is a file" if posixpath.exists(root) else "there is no such folder"
        raise InterpreterError(f"{root} is no virtual environment: {why}")
    if posixpath.isdir(root / "conda-meta"):
        raise InterpreterError(
            f"{root} is a conda environment, which holds more than Python: pack it with conda-pack "
            "(https://conda.github.io/conda-pack/)"
        )
    data = read_small(root / NAME)
    if posixpath.isfile(root / _MANIFEST):
        raise InterpreterError(f"{root} is an unpacked pack: pack the environment that it was made from")
    return parse_pyvenv(data) if data is not None else None
