"""An environment that exists: a virtual environment, whoever made it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.environment.pyvenv import NAME, VenvConfig, parse_pyvenv
from hatch_envpack.environment.read import read_small
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.places import site_packages_path
from hatch_envpack.interpreter.probe import base_program, interpreter_of, is_virtual, probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter

_REMAKE = "make the environment anew with an interpreter that is there"


def read_environment(root: Path, ask: Callable[[Path], dict[str, Any]] = probe) -> tuple[Environment, Interpreter]:
    """Return the environment in ``root`` and the interpreter behind it; nothing is changed.

    ``ask`` tells what a program says of itself.

    Raises `InterpreterError` for a folder that is no virtual environment, or one whose interpreter is gone, and
    `InstallError` for one that cannot be read.
    """
    root = root.absolute()
    config = _config(root)
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
    return Environment(root, site_packages, read_distributions(root, site_packages)), interpreter


def _config(root: Path) -> VenvConfig:
    """Return what the environment says of itself. Raises `InterpreterError` for one that cannot be packed."""
    if not posixpath.isdir(root):
        raise InterpreterError(f"{root} is no virtual environment: there is no such folder")
    if posixpath.isdir(root / "conda-meta"):
        raise InterpreterError(
            f"{root} is a conda environment, which holds more than Python: pack it with conda-pack "
            "(https://conda.github.io/conda-pack/)"
        )
    data = read_small(root / NAME)
    if data is None:
        raise InterpreterError(f"{root} is no virtual environment: it has no {NAME}")
    config = parse_pyvenv(data)
    if config.system_site:
        raise InterpreterError(
            f"{root / NAME} has `include-system-site-packages = true`: what the environment borrows from its "
            "interpreter would be missing in a pack: set it to `false`, and install what is missing then"
        )
    return config
