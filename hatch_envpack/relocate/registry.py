"""All fixers: the built-in ones, and those of installed plugins."""

from __future__ import annotations

import pluggy

from hatch_envpack.plugins import GROUP, Hooks
from hatch_envpack.relocate import builtin


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager with the built-in fixers and every installed plugin of the entry point group `GROUP`."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(builtin)
    manager.load_setuptools_entrypoints(GROUP)
    return manager
