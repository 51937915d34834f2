"""Bytecode in the cache comes back as it was, or not at all."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.cache.bytecode import has_bytecode, read_bytecode, write_bytecode
from hatch_envpack.cache.files import place
from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = "ab" * 32
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.dictionaries(NAMES, st.binary(max_size=3000), max_size=8))
def test_comes_back(tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]) -> None:
    """Every entry with its path and its content, whatever is in it."""
    root = tmp_path_factory.mktemp("cache")
    entries = tuple(Entry(PurePosixPath("lib", name), content=content) for name, content in contents.items())
    write_bytecode(root, KEY, entries)
    assert has_bytecode(root, KEY)
    assert read_bytecode(root, KEY) == entries


def test_damage_is_noticed_at_every_byte(tmp_path: Path) -> None:
    """One flipped bit, or a file that ends early: nothing is given, and the file is gone."""
    entries = (Entry(PurePosixPath("lib/a"), content=b"compiled"),)
    write_bytecode(tmp_path, KEY, entries)
    path = place(tmp_path, "bytecode", KEY)
    whole = path.read_bytes()
    for number in range(len(whole)):
        for harmed in (whole[:number], whole[:number] + bytes([whole[number] ^ 1]) + whole[number + 1 :]):
            path.write_bytes(harmed)
            assert read_bytecode(tmp_path, KEY) is None
            assert not path.exists()


def test_under_another_name(tmp_path: Path) -> None:
    """An entry that was moved to another key is not that one's."""
    write_bytecode(tmp_path, KEY, (Entry(PurePosixPath("lib/a"), content=b"compiled"),))
    other = "ba" * 32
    place(tmp_path, "bytecode", other).parent.mkdir(parents=True, exist_ok=True)
    place(tmp_path, "bytecode", KEY).rename(place(tmp_path, "bytecode", other))
    assert read_bytecode(tmp_path, other) is None
