"""What a plugin author imports: the hook, its marker, and the types that it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from hatch_envpack.relocate.fixer import Context, Fixer
from hatch_envpack.segment.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Context", "Entry", "Fixer", "hookimpl", "plugin_manager"]

GROUP = "hatch_envpack"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def hatch_envpack_fixers(self) -> Iterable[type[Fixer]]:  # type: ignore[empty-body]
        """Return fixer classes; each is made once for each pack."""


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager with the built-in fixers and every installed plugin of the entry point group `GROUP`."""
    from hatch_envpack.relocate import builtin  # noqa: PLC0415 - it uses this module's marker

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(builtin)
    manager.load_setuptools_entrypoints(GROUP)
    return manager
