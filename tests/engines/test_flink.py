"""Flink's task managers take Python from a pack: a real cluster, of a job manager and a task manager."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import missing
from tests.engines.trial import MARKER, QUICK_JAVA, Trial, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLINK = "apache-flink==2.3.0"

_CONFIG = """\
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.memory.process.size: 1024m
taskmanager.host: 127.0.0.1
taskmanager.memory.process.size: 1400m
taskmanager.memory.managed.size: 128m
taskmanager.numberOfTaskSlots: 1
rest.address: 127.0.0.1
rest.port: {rest}
io.tmp.dirs: {folder}/tmp
"""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _cluster(home: Path, folder: Path) -> Iterator[dict[str, str]]:
    """Start Flink's two daemons; yield the variables with which its client finds them."""
    rpc, rest = _free_ports(2)
    conf = folder / "conf"
    shutil.copytree(home / "conf", conf)
    # what Java must allow Flink
    options = re.search(r"^ +all: (.*)$", (conf / "config.yaml").read_text(), re.MULTILINE)
    assert options
    java = f"env.java.opts.all: {options[1]}\n"
    (conf / "config.yaml").write_text(_CONFIG.format(rpc=rpc, rest=rest, folder=folder) + java)
    (folder / "tmp").mkdir()
    variables = {**QUICK_JAVA, "FLINK_CONF_DIR": str(conf), "FLINK_LOG_DIR": str(folder)}
    with ExitStack() as stack:
        for daemon in ("jobmanager", "taskmanager"):
            log = stack.enter_context((folder / f"{daemon}.out").open("wb"))
            process = subprocess.Popen(
                ["bash", home / f"bin/{daemon}.sh", "start-foreground"],
                env={**os.environ, **variables}, stdout=log, stderr=log,
            )  # fmt: skip
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
        _wait_for_task_manager(f"http://127.0.0.1:{rest}/overview", folder)
        yield variables


def _wait_for_task_manager(url: str, folder: Path) -> None:
    for _ in range(240):
        try:
            with urlopen(url, timeout=10) as answer:
                if json.load(answer)["taskmanagers"]:
                    return
        except (URLError, ConnectionError):
            pass
        time.sleep(0.5)
    raise AssertionError("".join(path.read_text() for path in folder.glob("*.out")))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with Flink."""
    if shutil.which("java") is None:
        missing("java is not installed")
    return make(tmp_path_factory.mktemp("flink") / "engine", FLINK)


def test_flink(tmp_path: Path, engine: Path) -> None:
    """A task manager unpacks the archive, and a function finds there all that it needs; so it does with a zip."""
    home = engine / "lib/python3.12/site-packages/pyflink"
    make(tmp_path / ".venv", FLINK, MARKER)
    (tmp_path / "cluster").mkdir()
    with _cluster(home, tmp_path / "cluster") as variables:
        trial = Trial(tmp_path, [engine / "bin", home / "bin"], variables)
        trial.take_job("flink_job.py")
        places = [_run(trial, name) for name in ("environment.tar.gz", "environment.zip")]
    assert len(set(places)) == 2
    assert all(tmp_path / "cluster/tmp" in place.parents for place in places)


def _run(trial: Trial, name: str) -> Path:
    run = trial.pack("Flink", **{"environment.tar.gz": name})
    (report,) = trial.reports(trial.bash(run))
    (trial.folder / "hidden").rename(trial.folder / ".venv")
    return report.check(pandas="2.2.3")
