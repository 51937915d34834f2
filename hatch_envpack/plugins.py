"""What a plugin author imports: the hooks, their marker, and the types that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.checks.check import Check
from hatch_envpack.entry import Entry
from hatch_envpack.errors import RelocationError
from hatch_envpack.finding import Finding
from hatch_envpack.markers import hookimpl, hookspec
from hatch_envpack.relocate.fixer import Context, Fixer
from hatch_envpack.segment.exclude import ExcludeSet

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Check", "Context", "Entry", "ExcludeSet", "Finding", "Fixer", "RelocationError", "hookimpl"]


class Hooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def hatch_envpack_fixers(self) -> Iterable[type[Fixer]]:  # type: ignore[empty-body]
        """Return fixer classes; each is made once for each pack."""

    @hookspec
    def hatch_envpack_exclude_sets(self) -> Iterable[ExcludeSet]:  # type: ignore[empty-body]
        """Return sets of files that are left out: always, or when the option ``exclude-sets`` names them."""

    @hookspec
    def hatch_envpack_checks(self) -> Iterable[type[Check]]:  # type: ignore[empty-body]
        """Return check classes; each is made once for each pack, before it is written."""
