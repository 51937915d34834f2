"""Segments that are kept unpacked: whole, unchanged, and held while they are used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.cache.admin import clean, usage
from hatch_envpack.cache.folders import keep_folder
from hatch_envpack.cache.tag import claim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "ab" * 32


def _fill(folder: Path) -> None:
    (folder / "lib/__pycache__").mkdir(parents=True)
    (folder / "lib/one.py").write_text("one")
    (folder / "lib/__pycache__/one.pyc").write_bytes(b"code")
    (folder / "lib/link").symlink_to("one.py")


def _never(_folder: Path) -> None:
    pytest.fail("what stands as it did is not filled again")


def _keep(root: Path, fill: Callable[[Path], None]) -> Path:
    with keep_folder(root, KEY, fill) as folder:
        assert folder is not None
        return folder


def _edit(folder: Path) -> None:
    (folder / "lib/one.py").write_text("two")


def _edit_bytecode(folder: Path) -> None:
    (folder / "lib/__pycache__/one.pyc").write_bytes(b"harm")


def _add(folder: Path) -> None:
    (folder / "lib/__pycache__/two.pyc").touch()


def _remove(folder: Path) -> None:
    (folder / "lib/link").unlink()


def _mode(folder: Path) -> None:
    (folder / "lib/one.py").chmod(0o755)


def _notes(folder: Path) -> None:
    (folder.parent / "notes.json").write_text("{")


@pytest.mark.parametrize("harm", [_edit, _edit_bytecode, _add, _remove, _mode, _notes])
def test_a_changed_one_is_made_anew(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """Whatever is done to it."""
    _keep(tmp_path, _fill)
    harm(_keep(tmp_path, _never))
    folder = _keep(tmp_path, _fill)
    assert (folder / "lib/one.py").read_text() == "one"
    assert (folder / "lib/one.py").stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(folder / "lib")) == ["__pycache__", "link", "one.py"]
    assert os.listdir(folder / "lib/__pycache__") == ["one.pyc"]
    assert (folder / "lib/__pycache__/one.pyc").read_bytes() == b"code"
    assert _keep(tmp_path, _never) == folder


def test_one_that_could_not_be_filled_is_not_used(tmp_path: Path) -> None:
    """Nothing unfinished is left, and the next build fills it."""

    def fail(folder: Path) -> None:
        _fill(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        _keep(tmp_path, fail)
    assert not list(tmp_path.rglob("one.py"))
    assert (_keep(tmp_path, _fill) / "lib/one.py").exists()


def test_one_in_use_is_neither_removed_nor_given_twice(tmp_path: Path) -> None:
    """``cache clean`` and other builds may be at work meanwhile."""
    claim(tmp_path)
    with keep_folder(tmp_path, KEY, _fill) as folder:
        assert folder is not None
        with keep_folder(tmp_path, KEY, _never) as other:
            assert other is None
        assert clean(tmp_path).in_use == 1
        assert (folder / "lib/one.py").exists()
    assert {each.kind: each.count for each in usage(tmp_path)}["folders"] == 1
    assert clean(tmp_path).removed == 1
    assert not folder.exists()
