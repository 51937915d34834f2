"""The disk writes while there is more to come, and what it cannot write is told."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

import pytest

from hatch_envpack import disk

if TYPE_CHECKING:
    from pathlib import Path

_LONG = 30


def test_it_is_written_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only once, and no more when the work is done."""
    written: list[Path] = []
    twice = threading.Event()

    def sync(folder: Path) -> None:
        written.append(folder)
        if len(written) == 2:
            twice.set()

    monkeypatch.setattr(disk, "sync", sync)
    monkeypatch.setattr(disk, "_PAUSE", 0.001)
    with disk.syncing(tmp_path):
        assert twice.wait(_LONG)
    assert "sync" not in {thread.name for thread in threading.enumerate()}
    assert set(written) == {tmp_path}


def test_what_could_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells whoever asks first, and it is not asked again."""
    asked = threading.Event()
    calls: list[Path] = []

    def sync(folder: Path) -> None:
        calls.append(folder)
        asked.set()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk, "sync", sync)
    monkeypatch.setattr(disk, "_PAUSE", 0.001)
    with pytest.raises(OSError, match="Input/output error"), disk.syncing(tmp_path):
        assert asked.wait(_LONG)
    assert len(calls) == 1


def test_an_error_of_the_work_is_the_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes through, and no thread is left."""
    monkeypatch.setattr(disk, "_PAUSE", _LONG)
    with pytest.raises(ZeroDivisionError), disk.syncing(tmp_path):
        raise ZeroDivisionError
    assert "sync" not in {thread.name for thread in threading.enumerate()}


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """What cannot be asked for raises, as what cannot be written does."""
    with pytest.raises(FileNotFoundError):
        disk.sync(tmp_path / "none")
