"""What hatchling finds by the entry point group ``hatch``.

hatchling imports this module for every build of every target: the builder itself is imported only by `builder.py`'s
own late imports.
"""

from __future__ import annotations

from hatchling.plugin import hookimpl

from hatch_envpack.builder import EnvpackBuilder


@hookimpl
def hatch_register_builder() -> type[EnvpackBuilder]:
    """Register the target ``envpack``."""
    return EnvpackBuilder
