"""All hooks: the built-in ones, and those of installed plugins."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pluggy

import hatch_envpack.checks.builtin
import hatch_envpack.relocate.builtin
import hatch_envpack.segment.builtin
from hatch_envpack.errors import PluginError
from hatch_envpack.markers import GROUP
from hatch_envpack.plugins import Hooks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.checks.check import Check
    from hatch_envpack.relocate.fixer import Fixer
    from hatch_envpack.segment.exclude import ExcludeSet


class Registry:
    """What the built-in modules and the plugins register."""

    def __init__(self) -> None:
        """Load every plugin of the entry point group `GROUP`. Raises `PluginError` for one that does not load."""
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)
        for module in (
            hatch_envpack.segment.builtin,
            hatch_envpack.relocate.builtin,
            hatch_envpack.checks.builtin,
        ):
            self._manager.register(module)
        for point in entry_points(group=GROUP):
            try:
                self._manager.register(point.load(), name=point.name)
            except Exception as error:
                raise PluginError(
                    f"the plugin {point.name} ({point.value}) cannot be loaded: {error}: mend or uninstall it"
                ) from error

    @property
    def fixers(self) -> tuple[type[Fixer], ...]:
        """The classes of all fixers."""
        return tuple(_flat(self._manager.hook.hatch_envpack_fixers()))

    @property
    def exclude_sets(self) -> tuple[ExcludeSet, ...]:
        """All exclude sets."""
        return tuple(_flat(self._manager.hook.hatch_envpack_exclude_sets()))

    @property
    def checks(self) -> tuple[type[Check], ...]:
        """The classes of all checks."""
        return tuple(_flat(self._manager.hook.hatch_envpack_checks()))


def _flat(results: Iterable[Iterable[Any]]) -> Iterable[Any]:
    return (item for result in results for item in result)
