"""Scripts in a form that only some systems take (S14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_BOM = b"\xef\xbb\xbf"


class ScriptCheck:
    """Line ends of Windows, and a byte order mark before the shebang: both are kept, and both surprise."""

    name: ClassVar[str] = "scripts"

    def __init__(self, context: Context) -> None:
        del context

    def check(self, entries: Sequence[Entry]) -> Iterable[Finding]:
        """Return a finding for each script in ``bin`` that has one of them."""
        for entry in entries:
            if entry.path.parent.parts != ("bin",) or entry.link is not None:
                continue
            first, newline, _ = entry.head(512).partition(b"\n")
            if first.startswith(_BOM + b"#!"):
                what, todo = "begins with a byte order mark, so that no kernel sees its shebang", "remove the mark"
            elif first.startswith(b"#!") and newline and first.endswith(b"\r"):
                what, todo = "has the line ends of Windows", "convert them, if another program than Python reads it"
            else:
                continue
            yield Finding("script-form", str(entry.path), what, todo)
