"""Dask's workers are started from an unpacked pack."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.engines.trial import MARKER, Trial, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DASK = "distributed==2026.8.0"


@contextmanager
def _running(command: str, folder: Path) -> Iterator[None]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(shlex.split(command), cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _address(file: Path) -> str:
    """Wait for the scheduler's file, and return its address."""
    for _ in range(300):
        if file.exists() and (text := file.read_text()):
            return str(json.loads(text)["address"])
        time.sleep(0.1)
    raise AssertionError((file.parent / "log").read_text())


def test_dask(tmp_path: Path) -> None:
    """A worker that was started as documented runs what a client of another environment sends."""
    engine = make(tmp_path / "engine", DASK)
    make(tmp_path / ".venv", DASK, MARKER)
    trial = Trial(tmp_path, [engine / "bin"], {})
    trial.take_job("dask_job.py")
    *unpack, start = trial.pack("Dask").replace("/opt", str(tmp_path)).splitlines()
    trial.bash("\n".join(unpack))
    scheduler = f"{engine}/bin/dask scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file scheduler.json"
    with _running(scheduler, tmp_path):
        address = _address(tmp_path / "scheduler.json")
        with _running(start.replace("tcp://scheduler:8786", address), tmp_path):
            (report,) = trial.reports(trial.bash(f"python job.py {address}"))
    assert report.check() == tmp_path / "environment"
