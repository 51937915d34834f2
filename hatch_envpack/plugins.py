"""What a plugin author imports: the hook, its marker, and the types that it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from hatch_envpack.entry import Entry
from hatch_envpack.relocate.fixer import Context, Fixer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Context", "Entry", "Fixer", "hookimpl"]

GROUP = "hatch_envpack"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def hatch_envpack_fixers(self) -> Iterable[type[Fixer]]:  # type: ignore[empty-body]
        """Return fixer classes; each is made once for each pack."""
