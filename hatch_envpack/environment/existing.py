"""An environment that exists: a virtual environment, whoever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.places import site_packages_path
from hatch_envpack.interpreter.probe import interpreter_of, is_virtual, probe

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter


def read_environment(root: Path) -> tuple[Environment, Interpreter]:
    """Return the environment in ``root`` and the interpreter behind it; nothing is changed.

    Raises `InterpreterError` for a folder that is no virtual environment, or one whose interpreter is gone.
    """
    root = root.absolute()
    program = root / "bin" / "python"
    if not (root / "pyvenv.cfg").is_file():
        raise InterpreterError(f"{root} is no virtual environment: it has no pyvenv.cfg")
    if not program.exists():
        raise InterpreterError(f"{root} is damaged: {program} does not exist, or leads to an interpreter that is gone")
    answer = probe(program)
    if not is_virtual(answer):
        raise InterpreterError(f"{root} is damaged: {program} does not run as the environment's own")
    interpreter = interpreter_of(answer)
    site_packages = site_packages_path(interpreter)
    return Environment(root, site_packages, read_distributions(root, site_packages)), interpreter
