"""The seam of the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.finding import Finding
    from hatch_envpack.relocate.fixer import Context


class Check(Protocol):
    """Looks at the entries of a pack before they are written; made once for each pack."""

    name: ClassVar[str]

    def __init__(self, context: Context) -> None: ...

    def check(self, entries: Sequence[Entry]) -> Iterable[Finding]:
        """Return what the user should know; nothing may be changed. Raises `EnvpackError` to refuse the pack."""
        ...


def run_checks(kinds: Iterable[type[Check]], context: Context, entries: Sequence[Entry]) -> list[Finding]:
    """Run every check, in the order of their names."""
    return [finding for kind in sorted(kinds, key=lambda kind: kind.name) for finding in kind(context).check(entries)]
