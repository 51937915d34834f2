"""Mach-O files: install names and folders of the build machine (N9), and the signature that an edit voids (N10)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.errors import RelocationError
from hatch_envpack.macho.edit import set_paths
from hatch_envpack.macho.model import LC_RPATH
from hatch_envpack.macho.read import MachoError, is_macho, read_macho
from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_SYSTEM = ("/usr/lib", "/System")
"""Folders that are the same on every Mac, and that nobody but Apple writes to."""


class MachoFixer:
    """Replaces paths that lead into the pack by ones that begin at the file itself.

    What a file needs from elsewhere stays as it is; a folder elsewhere in which it would look for libraries is dropped.
    """

    name: ClassVar[str] = "macho"
    order: ClassVar[int] = 110

    def __init__(self, context: Context) -> None:
        self._layout = context.layout
        self._site_packages = context.site_packages

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim by the magic."""
        del entry
        return is_macho(head)

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the file with relocatable paths in every slice, signed again; None when all were right (N2).

        A wheel's damaged file is left as it is: some wheels bring such for their tests.
        """

        def rename(kind: int, path: str) -> str | None:
            return self._path(entry.path, kind, path)

        try:
            read_macho(data)
        except MachoError as error:
            if entry.path.is_relative_to(self._site_packages):
                return None
            raise RelocationError(printable(f"{entry.path} is damaged: {error}")) from error
        try:
            fixed = set_paths(data, rename, entry.path.name)
        except MachoError as error:
            raise RelocationError(printable(f"{entry.path} cannot be edited: {error}")) from error
        return None if fixed is data else fixed

    def _path(self, file: PurePosixPath, kind: int, path: str) -> str | None:
        if path.startswith("@"):
            return path
        located = self._layout.locate(posixpath.normpath(path)) if path.startswith("/") else None
        if located is not None:
            relative = posixpath.relpath(located, file.parent)
            return "@loader_path" if relative == "." else f"@loader_path/{relative}"
        if kind != LC_RPATH or path.startswith(tuple(folder + "/" for folder in _SYSTEM)) or path in _SYSTEM:
            return path
        return None
