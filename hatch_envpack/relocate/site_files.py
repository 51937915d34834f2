"""``.pth`` files: absolute folders of the environment become relative, any other is an error (C15).

https://docs.python.org/3/library/site.html
"""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_BOM = "\ufeff"


class PthFixer:
    """Reads a file as `site` does: comments and lines of code stay, everything else is a folder."""

    name: ClassVar[str] = "pth"
    order: ClassVar[int] = 260

    def __init__(self, context: Context) -> None:
        self._layout = context.layout
        self._site_packages = context.site_packages

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``*.pth`` in ``site-packages``, and not below it, where nobody reads them."""
        del head
        return entry.path.name.endswith(".pth") and entry.path.parent == self._site_packages

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the lines with relative folders. Raises `RelocationError` naming file and line."""
        text = data.decode("utf-8", "surrogateescape")
        lines = text.removeprefix(_BOM).splitlines(keepends=True)
        fixed = "".join(self._line(entry, number, line) for number, line in enumerate(lines, 1))
        return ((_BOM if text.startswith(_BOM) else "") + fixed).encode("utf-8", "surrogateescape")

    def _line(self, entry: Entry, number: int, line: str) -> str:
        folder = line.rstrip()
        if not folder or line.startswith(("#", "import ", "import\t")):
            return line
        if folder.startswith("/"):
            located = self._layout.locate("/" + posixpath.normpath(folder).lstrip("/"))
        elif PurePosixPath(posixpath.normpath(self._site_packages / folder)).parts[:1] != ("..",):
            return line
        else:
            located = None
        if located is None:
            raise RelocationError(
                f"{entry.path}, line {number}: the folder {folder} is outside of the environment: install what lies "
                "there as a distribution, or remove the line"
            )
        return posixpath.relpath(located, self._site_packages) + line[len(folder) :]
