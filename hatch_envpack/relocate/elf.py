"""ELF files: library search paths, compiled-in folders of the build machine, debug sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.elf.edit import replace_prefix, set_search_path
from hatch_envpack.elf.read import MAGIC, ElfError
from hatch_envpack.elf.strip import strip_debug
from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


class ElfFixer:
    """Applies the library plan. A wheel's file that is right already is not even read whole (N2)."""

    name: ClassVar[str] = "elf"
    order: ClassVar[int] = 100

    def __init__(self, context: Context) -> None:
        self._plan = context.libraries
        self._site_packages = context.site_packages
        self._prefixes = [path for path in context.layout.build_paths if path == str(context.interpreter.prefix)]
        self._strip = context.strip

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ELF files that the plan changes, the interpreter's own, and with ``strip`` all."""
        if not head.startswith(MAGIC) or entry.path in self._plan.damaged:
            return False
        own = not entry.path.is_relative_to(self._site_packages)
        return self._strip or own or entry.path in self._plan.search_paths

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Strip first: a section that a patch added could not be told from one that can go (N14)."""
        try:
            if self._strip:
                data = strip_debug(data)
            if entry.path in self._plan.search_paths:
                data = set_search_path(data, self._plan.search_paths[entry.path])
        except ElfError as error:
            raise RelocationError(f"{entry.path} cannot be edited: {error}") from error
        # what was compiled for this interpreter, on this machine, names its headers in debug sections
        if not entry.path.is_relative_to(self._site_packages) or entry.path in self._plan.search_paths:
            for prefix in self._prefixes:
                data = replace_prefix(data, prefix)
        return data
