"""The lock of an entry."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

from hatch_envpack.cache.lock import lock_path, taken

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_is_taken_cannot_be_taken(tmp_path: Path) -> None:
    """Afterwards it can, and no file is left."""
    entry = tmp_path / "entry"
    with taken(entry) as first:
        assert first
        with taken(entry) as second:
            assert not second
        assert lock_path(entry).exists()
    assert not lock_path(entry).exists()
    with taken(entry) as third:
        assert third


def test_whoever_came_late_locks_the_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who opened the file just before it was removed does not lock one that nobody else can see."""
    entry = tmp_path / "entry"
    lock = fcntl.flock
    calls: list[int] = []

    def late(descriptor: int, how: int) -> None:
        if not calls:
            lock_path(entry).unlink()
        calls.append(how)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with taken(entry) as first:
        assert first
        assert len(calls) == 2
        with taken(entry) as second:
            assert not second
