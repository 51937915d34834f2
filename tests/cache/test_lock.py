"""The lock of an entry."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hatch_envpack.cache.lock import held, lock_path, taken

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_held_cannot_be_taken(tmp_path: Path) -> None:
    """Neither by one who has it alone nor by several who share it; afterwards it can, and leaves no file."""
    entry = tmp_path / "entry"
    with held(entry), taken(entry) as alone:
        assert not alone
    with held(entry, shared=True), held(entry, shared=True), taken(entry) as alone:
        assert not alone
    with taken(entry) as alone:
        assert alone
    assert not lock_path(entry).exists()


def test_whoever_waited_locks_the_file_that_is_there(tmp_path: Path) -> None:
    """One who waited for a lock whose file was then removed does not hold a file that nobody else can see."""
    entry = tmp_path / "entry"
    has_it, done = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with held(entry):
            has_it.set()
            done.wait(30)

    waiting = threading.Thread(target=wait_for_it)
    with taken(entry) as alone:
        assert alone
        waiting.start()
        assert not has_it.wait(0.2)
    assert has_it.wait(30)
    with taken(entry) as alone:
        assert not alone
    done.set()
    waiting.join()
