"""The kept tree of a proof: what was done to it is seen, whoever looks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.cache.trees import keep_tree
from hatch_envpack.cache.witness import tree_digest

if TYPE_CHECKING:
    from pathlib import Path

LOOKS = [
    pytest.param(sys.executable, id="in a process of its own"),
    pytest.param("/nowhere/python", id="there is no Python"),
    pytest.param("/bin/false", id="it fails"),
    pytest.param("", id="nobody knows which"),
]


@pytest.fixture(autouse=True)
def _proven(tmp_path: Path) -> None:
    """Prove and keep a tree, with a name in it that is not ASCII."""
    with keep_tree(tmp_path, "project") as tree:
        assert tree is not None
        tree.empty()
        tree.root.mkdir()
        (tree.root / "größe").write_text("one")
        tree.keep(tree.proven("closure", []))


def _stands(root: Path) -> bool:
    with keep_tree(root, "project", look=True) as tree:
        assert tree is not None
        notes = tree.take_notes("closure")
        assert notes is not None
        return tree.stands(notes)


@pytest.mark.parametrize("python", LOOKS)
def test_tree_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    """A tree that nobody has touched is what it was."""
    monkeypatch.setattr(sys, "executable", python)
    assert _stands(tmp_path)


@pytest.mark.parametrize("python", LOOKS)
def test_changed_tree_does_not_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    """A file that was written since is seen."""
    monkeypatch.setattr(sys, "executable", python)
    next(tmp_path.rglob("größe")).write_text("three")
    assert not _stands(tmp_path)


def test_process_answers_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process does not look a second time, and what it is told is what it would find."""
    root = next(tmp_path.rglob("größe")).parent
    expected = tree_digest(str(root))
    monkeypatch.setattr("hatch_envpack.cache.trees.tree_digest", lambda folder: pytest.fail(f"looks at {folder}"))
    with keep_tree(tmp_path, "project", look=True) as tree:
        assert tree is not None
        assert tree.digest is not None
        assert tree.digest() == expected


def test_nobody_looks_where_nothing_was_proven(tmp_path: Path) -> None:
    """Without notes the tree is of no use, and no process is started for it."""
    with keep_tree(tmp_path, "another", look=True) as tree:
        assert tree is not None
        assert tree.digest is None
