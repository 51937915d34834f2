"""Nothing half-written is left, however a build ends."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.workspace import Partial, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HOLD = """
import sys, time
from pathlib import Path
from hatch_envpack.workspace import Partial, workspace
with Partial(Path(sys.argv[1])) as partial, workspace() as folder:
    partial.stream.write(b"half")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for temporary files that this test has for itself."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _hold(output: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", _HOLD, output], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def _end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def test_terminated_build_cleans_up(tmp_path: Path, temporary: Path) -> None:
    """``SIGTERM`` removes the temporary folder and the unfinished file."""
    output = tmp_path / "dist"
    output.mkdir()
    _end(_hold(output), signal.SIGTERM)
    assert os.listdir(output) == os.listdir(temporary) == []


def test_next_build_removes_what_a_killed_one_left(tmp_path: Path, temporary: Path) -> None:
    """``SIGKILL`` leaves files under temporary names; the next build takes them away."""
    output = tmp_path / "dist"
    output.mkdir()
    _end(_hold(output), signal.SIGKILL)
    assert len(os.listdir(output)) == len(os.listdir(temporary)) == 1
    with Partial(output), workspace():
        pass
    assert os.listdir(output) == os.listdir(temporary) == []


def test_killed_before_its_lock_or_after(temporary: Path) -> None:
    """A folder that has no lock yet, or no more, is empty and goes; a user's folder with that beginning stays."""
    (temporary / "hatch-envpack-abcdefgh.work").mkdir()
    (temporary / "hatch-envpack-mine").mkdir()
    with workspace():
        pass
    assert os.listdir(temporary) == ["hatch-envpack-mine"]


def test_killed_while_it_removes_its_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock goes last: what is left at any moment of the removal, the next build removes."""
    removed = []
    for point in range(100):
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            calls = itertools.count()
            for name in ("unlink", "rmdir"):
                patch.setattr(os, name, _dies_at(point, calls, getattr(os, name)))
            with workspace() as folder:
                (folder / "deep" / "er").mkdir(parents=True)
                (folder / "deep" / "er" / "file").touch()
                (folder / "other").touch()
        removed.append(os.listdir(temporary) == [])
        with workspace():
            pass
        assert os.listdir(temporary) == []
        if removed[-1]:
            break
    assert len(removed) > 6, "two files, two folders, the lock and what holds all"


def _dies_at(point: int, calls: Iterator[int], call: Callable[..., None]) -> Callable[..., None]:
    def dying(*arguments: object, **named: object) -> None:
        if next(calls) >= point:
            raise KeyboardInterrupt
        call(*arguments, **named)

    return dying


def test_living_build_keeps_its_files(tmp_path: Path, temporary: Path) -> None:
    """A second build at the same time does not touch what the first one is writing."""
    output = tmp_path / "dist"
    output.mkdir()
    process = _hold(output)
    before = (os.listdir(output), os.listdir(temporary))
    with Partial(output), workspace():
        pass
    assert (os.listdir(output), os.listdir(temporary)) == before
    _end(process, signal.SIGTERM)


def test_kept_file_has_its_name_and_mode(tmp_path: Path) -> None:
    """A finished file replaces an older one in one step, readable as any other file."""
    target = tmp_path / "pack"
    target.write_bytes(b"old")
    with Partial(tmp_path) as partial:
        partial.stream.write(b"new")
        assert target.read_bytes() == b"old"
        partial.keep(target)
    assert target.read_bytes() == b"new"
    umask = os.umask(0o022)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    assert os.listdir(tmp_path) == ["pack"]
