"""The result of the library stage: what is copied, and where each ELF file is to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hatch_envpack.libraries.policy import is_system_library

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.elf.model import Elf, SearchPath
    from hatch_envpack.entry import Entry
    from hatch_envpack.libraries.licences import CopiedLibrary


@dataclass(frozen=True, slots=True)
class LibraryPlan:
    """Decided once for the whole pack, before any byte is written."""

    copied: tuple[Entry, ...] = ()
    """Libraries of the build machine that come along, what they read at run time, and their licences."""
    libraries: tuple[CopiedLibrary, ...] = ()
    """What is known of each of these libraries."""
    search_paths: dict[PurePosixPath, SearchPath] = field(default_factory=dict)
    """Only the files that must change; any other ELF file is right as it is and is never touched."""
    elves: dict[PurePosixPath, Elf] = field(default_factory=dict)
    """Every ELF file of the pack, copied libraries included."""
    expected: frozenset[str] = frozenset()
    """Sonames that the target must have (``libc.so.6``, ``libGL.so.1``)."""
    of_host: frozenset[str] = frozenset()
    """Names under which the build machine has the expected libraries, and what these need in their turn."""
    missing: dict[PurePosixPath, tuple[str, ...]] = field(default_factory=dict)
    """Sonames that were found nowhere, by the file that needs them."""
    damaged: dict[PurePosixPath, str] = field(default_factory=dict)
    """Files of distributions that begin like ELF files and are none, with the reason."""

    def allows(self, name: str) -> bool:
        """Whether a file of this name may be loaded from outside of the unpacked pack."""
        return name in self.of_host or is_system_library(name)

    def needs(self, soname: str) -> bool:
        """Whether a file of the pack is linked to this library."""
        return any(soname in elf.needed for elf in self.elves.values())
