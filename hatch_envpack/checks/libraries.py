"""What the library stage could not solve."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_SHOWN = 3
"""How many of the files that need one library are named."""


class LibraryCheck:
    """Libraries that nobody has, and ELF files that no loader could load.

    Large distributions bring plugins for what few machines have (database drivers, compilers): that these do not load
    here is no reason to refuse the rest. What the proof imports must load all the same.
    """

    name: ClassVar[str] = "libraries"

    def __init__(self, context: Context) -> None:
        self._plan = context.libraries

    def check(self, entries: Sequence[Entry]) -> Iterable[Finding]:
        """Return a finding for each library, which one package may mend for many files, and for each damaged file."""
        del entries
        needed_by: dict[str, list[str]] = defaultdict(list)
        for path, sonames in sorted(self._plan.missing.items()):
            for soname in sonames:
                needed_by[soname].append(str(path))
        for soname, paths in sorted(needed_by.items()):
            shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
            yield Finding(
                "missing-library",
                soname,
                f"is neither in the environment nor on this machine, and is needed by {shown}",
                "that works where the target has it; to pack it, install the package that has it, or leave out what "
                "needs it with `exclude`",
            )
        for path, reason in sorted(self._plan.damaged.items()):
            yield Finding(
                "damaged-elf",
                str(path),
                f"begins like an ELF file and is damaged: {reason}",
                "reinstall the distribution it is of, or leave the file out with `exclude`",
            )
