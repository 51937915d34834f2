"""What the pack needs to know of a Mach-O file.

The format: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h and ``fat.h``
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

MH_EXECUTE = 2

LC_SEGMENT, LC_SEGMENT_64 = 0x1, 0x19
LC_ID_DYLIB, LC_RPATH, LC_CODE_SIGNATURE = 0xD, 0x8000001C, 0x1D
LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB = 0xC, 0x80000018, 0x8000001F
LC_LAZY_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB = 0x20, 0x80000023

LIBRARIES = frozenset({LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_LAZY_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB})
"""The commands that ask for a library."""

PATHS = LIBRARIES | {LC_ID_DYLIB, LC_RPATH}
"""The commands that hold a path which the loader reads."""

_CPU_64, _CPU_ARM = 0x01000000, 12
_CPU_NAMES = {7: "i386", 0x01000007: "x86_64", 12: "arm", 0x0100000C: "arm64", 0x0200000C: "arm64_32", 18: "ppc"}


def arch_name(cpu: int) -> str:
    """Return the name of a CPU, as the tools of macOS spell it."""
    return _CPU_NAMES.get(cpu, f"CPU {cpu:#x}")


@dataclass(frozen=True, slots=True)
class Command:
    """One load command."""

    kind: int
    raw: bytes
    """The whole command, with its head."""
    path: str | None = None
    """Of the commands in `PATHS`: an install name, or a folder in which libraries are looked for."""
    path_at: int = 0
    """Where the path begins in ``raw``; it reaches to the end, padded with zeros."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the slice that is mapped into memory."""

    command: int
    """The number of its load command."""
    name: bytes
    offset: int
    size: int
    memory: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a file that is for one kind of CPU; a file that is not fat has one."""

    offset: int
    size: int
    bits: int
    order: str
    """``<`` or ``>``, as in `struct`."""
    cpu: int
    kind: int
    """``filetype``: 2 is a program, 6 a library, 8 a bundle, which is what extension modules are."""
    commands: tuple[Command, ...]
    segments: tuple[Segment, ...]
    room: int
    """Where the first byte behind the load commands and their padding stands."""
    signature: tuple[int, int] | None
    """Place and size of the code signature."""

    @property
    def arch(self) -> str:
        """The name of the CPU."""
        return arch_name(self.cpu)

    @property
    def must_be_signed(self) -> bool:
        """Whether the kernel kills what is not signed: on 64-bit ARM it does."""
        return self.cpu == _CPU_64 | _CPU_ARM

    @property
    def header_size(self) -> int:
        """Bytes before the first load command."""
        return 32 if self.bits == 64 else 28  # noqa: PLR2004 - the two kinds of Mach-O

    @property
    def alignment(self) -> int:
        """What the size of a load command is a multiple of."""
        return self.bits // 8


@dataclass(frozen=True, slots=True)
class Macho:
    """A Mach-O file, fat or not."""

    slices: tuple[Slice, ...]
    """Those that are Mach-O; a fat archive of object files has others too."""
    fat: tuple[FatEntry, ...] = ()
    """The table of a fat file."""


@dataclass(frozen=True, slots=True)
class FatEntry:
    """One row of a fat file's table."""

    at: int
    """Where the row stands."""
    wide: bool
    """Whether places and sizes have 64 bits."""
    cpu: int
    offset: int
    size: int
    alignment: int
    """The offset is a multiple of two to the power of this."""
