"""What an interpreter's own site-packages hold, and an environment with ``--system-site-packages`` sees too.

https://docs.python.org/3/library/site.html
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.places import site_packages_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.interpreter.model import Interpreter

_SCRIPT_GROUPS = frozenset({"console_scripts", "gui_scripts"})


def read_installation(root: Path, interpreter: Interpreter) -> Environment:
    """Return what is installed in a whole installation: its site-packages, and what distributions have elsewhere in it.

    Raises `InterpreterError` for the system's own.
    """
    site_packages = site_packages_path(interpreter)
    if root / site_packages not in interpreter.site_folders or any(
        folder.name == "dist-packages" for folder in interpreter.site_folders
    ):
        raise InterpreterError(
            f"{root} is the system's own Python, which only the system's package manager knows: make a virtual "
            f"environment with what is needed, or one that sees the system's packages (`{interpreter.executable} -m "
            "venv --system-site-packages`), and pack that"
        )
    return Environment(root, site_packages, read_distributions(root, site_packages), parts=(site_packages,))


def read_borrowed(environment: Environment, interpreter: Interpreter) -> tuple[Environment, ...]:
    """Return what an environment borrows from its interpreter, what is found last coming first.

    All of it comes to lie where the packed interpreter looks for it after the environment's own: in ``site-packages``
    itself, or in Debian's ``dist-packages``. A distribution that the environment has too is not borrowed. Raises
    `InstallError`.
    """
    known = {each.key for each in environment.distributions}
    found = []
    for root, part in _folders(interpreter):
        distributions = read_distributions(root, part)
        hidden = [each for each in distributions if each.key in known]
        known |= {each.key for each in distributions}
        borrowed = tuple(_seen(each, part) for each in distributions if each not in hidden)
        dropped = frozenset(path for each in hidden for path in (each.info, *(row.path for row in each.rows)))
        found.append(Environment(root, part, borrowed, dropped, parts=(part,)))
    return tuple(reversed(found))


def _seen(distribution: Distribution, part: PurePosixPath) -> Distribution:
    """Return what an environment sees of a distribution: its modules, and none of its commands."""
    rows = tuple(row for row in distribution.rows if row.path.is_relative_to(part))
    points = tuple(point for point in distribution.entry_points if point.group not in _SCRIPT_GROUPS)
    return replace(distribution, rows=rows, entry_points=points)


def _folders(interpreter: Interpreter) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield each folder for packages, in the order in which Python looks: root, and place below it and in the pack."""
    seen = set()
    for folder in interpreter.site_folders:
        root = folder.parents[2]
        part = PurePosixPath(folder.relative_to(root))
        if folder.is_dir() and folder.resolve() not in seen:
            seen.add(folder.resolve())
            yield root, part
