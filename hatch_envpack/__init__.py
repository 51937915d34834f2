"""Pack a Python project, its dependencies and the interpreter into one file that runs anywhere."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_envpack.api import Packed, diff, inspect, pack, unpack, verify
    from hatch_envpack.contents.contents import Contents
    from hatch_envpack.contents.diff import Difference
    from hatch_envpack.errors import EnvpackError
    from hatch_envpack.extract.unpack import Unpacked
    from hatch_envpack.settings import Allowance
    from hatch_envpack.sums.verify_envpack import Verified

__version__ = "0.1.0"

_PLACES = {
    "Allowance": "settings",
    "Contents": "contents.contents",
    "Difference": "contents.diff",
    "EnvpackError": "errors",
    "Packed": "api",
    "Unpacked": "extract.unpack",
    "Verified": "sums.verify_envpack",
    "diff": "api",
    "inspect": "api",
    "pack": "api",
    "unpack": "api",
    "verify": "api",
}

__all__ = [
    "Allowance", "Contents", "Difference", "EnvpackError", "Packed", "Unpacked", "Verified", "__version__",
    "diff", "inspect", "pack", "unpack", "verify",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Import what is asked for; a build that only loads the plugin pays for none of it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
