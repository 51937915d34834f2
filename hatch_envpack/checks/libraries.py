"""What the library stage could not solve."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


class LibraryCheck:
    """Libraries that nobody has, and ELF files that no loader could load.

    Large distributions bring plugins for what few machines have (database drivers, compilers): that these do not load
    here is no reason to refuse the rest. What the proof imports must load all the same.
    """

    name: ClassVar[str] = "libraries"

    def __init__(self, context: Context) -> None:
        self._plan = context.libraries

    def check(self, entries: Sequence[Entry]) -> Iterable[Finding]:
        """Return a finding for each library and file."""
        del entries
        for path, sonames in sorted(self._plan.missing.items()):
            yield Finding(
                "missing-library",
                str(path),
                f"needs {', '.join(sonames)}, which is neither in the environment nor on this machine",
                "it works where the target has it; install the system package that has it, or leave the file out with "
                "`exclude`",
            )
        for path, reason in sorted(self._plan.damaged.items()):
            yield Finding(
                "damaged-elf",
                str(path),
                f"begins like an ELF file and is damaged: {reason}",
                "reinstall the distribution it is of, or leave the file out with `exclude`",
            )
