"""What an environment is called that nobody gave a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hatch_envpack.environment.distributions import Distribution

_PLAIN = frozenset({".venv", "venv", ".env", "env", ".virtualenv", "virtualenv"})
"""Names that tell nothing: the folder above is that of the project."""

_STRANGE = r"[^\w.+!]+"
"""What no version has: https://packaging.python.org/en/latest/specifications/version-specifiers/."""

_NAMELESS = "environment"


def name_environment(root: Path, distributions: Iterable[Distribution]) -> tuple[str, str]:
    """Return name and version: those of the project that the environment is for, where it is installed in it.

    Otherwise the name is that of the folder, and there is no version.
    """
    folder = root.parent.name if root.name.lower() in _PLAIN else root.name
    wanted = canonicalize_name(folder)
    for each in distributions:
        if each.key == wanted:
            return each.name, each.version
    return folder or _NAMELESS, ""


def file_stem(name: str, version: str) -> str:
    """Return how the name of a pack's file begins, as that of a wheel does."""
    plain = re.sub(r"[^\w.]+", "_", name).strip("_.") or _NAMELESS
    return f"{plain}-{re.sub(_STRANGE, '_', version)}" if version else plain
