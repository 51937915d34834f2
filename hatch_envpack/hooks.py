"""What hatchling finds by the entry point group ``hatch``.

hatchling imports this module for every build of every target, so that `builder.py`, which comes with it, imports what a
pack needs only when one is built.
"""

from __future__ import annotations

from hatchling.plugin import hookimpl

from hatch_envpack.builder import EnvpackBuilder


@hookimpl
def hatch_register_builder() -> type[EnvpackBuilder]:
    """Register the target ``envpack``."""
    return EnvpackBuilder
