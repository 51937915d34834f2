"""Debian's two headers ``pyconfig.h``: one for all machines, which includes that of the machine (I12)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


class PyconfigFixer:
    """The other header is named as lying in ``/usr/include``, where compilers look without being told."""

    name: ClassVar[str] = "pyconfig"
    order: ClassVar[int] = 248

    _INCLUDE: ClassVar[re.Pattern[bytes]] = re.compile(rb"<([\w-]+/python[\w.]+/pyconfig\.h)>")

    def __init__(self, context: Context) -> None:
        self._path = context.interpreter.include.name

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim the header beside all others of Python."""
        del head
        return entry.path.name == "pyconfig.h" and entry.path.parts == ("include", self._path, "pyconfig.h")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Name the other header by its place beside this one's folder: quotes mean the including file's own folder."""
        del entry
        return self._INCLUDE.sub(rb'"../\1"', data)
