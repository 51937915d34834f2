"""Names that other systems cannot hold (A4, A5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.manifest.names import case_collisions, windows_names


def test_a4_collisions_of_files_and_folders() -> None:
    """A folder that differs in case collides as a file does, and is named once, not with every file below."""
    paths = ["lib/Pack/a.py", "lib/pack/b.py", "bin/App", "bin/app", "bin/other"]
    assert case_collisions(paths) == (("bin/App", "bin/app"), ("lib/Pack", "lib/pack"))


def test_a4_collision_of_normal_forms() -> None:
    """A letter with its accent is, to macOS, the letter and the accent."""
    assert case_collisions(["caf\u00c9", "cafe\u0301"]) == (("cafe\u0301", "caf\u00c9"),)


@pytest.mark.parametrize(
    "name",
    ["CON", "nul", "nul.py", "Aux.tar.gz", "com1", "LPT9.txt", "com\u00b2", "CONIN$", "nul .x", "a.", "a ", "a:b",
     "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "a\\b", "a\nb", "a\x1f"],
)  # fmt: skip
def test_a5_names_that_windows_cannot_hold(name: str) -> None:
    """The name is told as a file, and as a folder, once."""
    assert windows_names([f"lib/{name}"]) == (f"lib/{name}",)
    assert windows_names([f"lib/{name}/1", f"lib/{name}/2"]) == (f"lib/{name}",)


@pytest.mark.parametrize("name", ["console", "nul_", "com", "com10", "lpt", "a.con", ".b", "a b", "é", "auxiliary.py"])
def test_a5_names_that_windows_holds(name: str) -> None:
    """A name that only resembles a forbidden one is none."""
    assert windows_names([f"lib/{name}"]) == ()


_PATHS = st.lists(st.text(st.sampled_from("aAbé\u0301/."), min_size=1), max_size=8)


@given(_PATHS)
def test_a4_order_and_repetition_do_not_matter(paths: list[str]) -> None:
    """The facts are those of the set of paths."""
    assert case_collisions(paths) == case_collisions([*reversed(paths), *paths])
    assert windows_names(paths) == windows_names([*reversed(paths), *paths])


@given(st.text(st.characters(blacklist_characters="/"), min_size=1))
def test_a4_a_name_collides_with_its_own_upper_case(name: str) -> None:
    """Unless nothing changes, in any script of the world where lower case leads back."""
    if name.upper().casefold() == name.casefold() and name.upper() != name:
        assert case_collisions([name, name.upper()]) == (tuple(sorted([name, name.upper()])),)
