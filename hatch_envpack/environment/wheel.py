"""The wheel that a build wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path


def only_wheel(folder: Path) -> Path:
    """Return the one wheel in ``folder``. Raises `InstallError` when there is none, or more than one."""
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        found = ", ".join(wheel.name for wheel in wheels) or "nothing"
        raise InstallError(f"the build backend was to write one wheel, but wrote {found}")
    return wheels[0]
