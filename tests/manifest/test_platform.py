"""The platform tag is measured from the files."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from hatch_envpack.elf.model import Elf
from hatch_envpack.errors import LibraryError
from hatch_envpack.manifest.platform import check_max_glibc, min_glibc, platform_tag


def _elf(*symbols: str) -> Elf:
    return Elf(62, 64, 3, None, ("libc.so.6",), None, None, None, (("libc.so.6", symbols),))


_OLD = {PurePosixPath("a.so"): _elf("GLIBC_2.2.5", "GLIBC_2.9")}
_NEW = {**_OLD, PurePosixPath("b.so"): _elf("GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE")}
_RELR = {**_NEW, PurePosixPath("c.so"): _elf("GLIBC_2.2.5", "GLIBC_ABI_DT_RELR")}


@pytest.mark.parametrize(("elves", "glibc"), [(_OLD, (2, 9)), (_NEW, (2, 34)), (_RELR, (2, 36))])
def test_n6_highest_symbol_version_decides(elves: dict[PurePosixPath, Elf], glibc: tuple[int, int]) -> None:
    """Versions are compared as numbers; packed relative relocations need glibc 2.36."""
    assert min_glibc(elves) == glibc


def test_n6_tag() -> None:
    """The tag is PEP 600's."""
    assert platform_tag((2, 36), "x86_64") == "manylinux_2_36_x86_64"


def test_n6_max_glibc_names_the_files() -> None:
    """A limit below the need is an error that lists each file; a limit at the need is none."""
    check_max_glibc(_NEW, (2, 34))
    check_max_glibc(_NEW, None)
    with pytest.raises(LibraryError, match=r"needs glibc 2\.34, and `max-glibc` allows 2\.28") as caught:
        check_max_glibc(_NEW, (2, 28))
    assert caught.value.detail == "b.so needs glibc 2.34"
