"""What the pack needs to know of an ELF file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elf:
    """The dynamic section of an ELF file, as strings.

    The format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
    """

    machine: int
    """``e_machine``: 62 is x86-64, 183 is AArch64."""
    bits: int
    kind: int
    """``e_type``: 2 is a program with a fixed address, 3 a shared object or a position-independent program."""
    soname: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...] | None
    """``DT_RPATH``, split at its colons; None without the tag."""
    runpath: tuple[str, ...] | None
    interpreter: str | None
    """``PT_INTERP``: set for programs (``/lib64/ld-linux-x86-64.so.2``)."""
    versions: tuple[tuple[str, tuple[str, ...]], ...]
    """``.gnu.version_r``: for each library the symbol versions asked of it (``libc.so.6``, ``GLIBC_2.17``)."""

    isa: int = 0
    """The bits of ``GNU_PROPERTY_X86_ISA_1_NEEDED``: 1 is the baseline, 2, 4 and 8 are x86-64-v2, -v3 and -v4."""


@dataclass(frozen=True, slots=True)
class SearchPath:
    """The library search path that an ELF file is to have."""

    entries: tuple[str, ...]
    """Folders, each beginning with ``$ORIGIN``; empty: the tag is to be removed."""
    inherited: bool
    """True for ``DT_RPATH``, which dependencies inherit; False for ``DT_RUNPATH``."""
