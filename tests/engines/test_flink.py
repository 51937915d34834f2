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
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from hatch_envpack import pack
from tests.conftest import missing
from tests.engines.trial import MARKER, QUICK_JAVA, Trial, check_unpacked, make

if TYPE_CHECKING:
    from collections.abc import Iterator

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
env.java.opts.all: {options}
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
    config = _CONFIG.format(rpc=rpc, rest=rest, folder=folder, options=options[1])
    (conf / "config.yaml").write_text(config)
    (folder / "tmp").mkdir()
    java = f"{QUICK_JAVA['JDK_JAVA_OPTIONS']} -Djava.io.tmpdir={folder}/tmp"
    variables = {"JDK_JAVA_OPTIONS": java, "FLINK_CONF_DIR": str(conf), "FLINK_LOG_DIR": str(folder)}
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
    """A task manager unpacks the archive, and a function finds there all that it needs."""
    home = engine / "lib/python3.12/site-packages/pyflink"
    make(tmp_path / ".venv", FLINK, MARKER)
    (tmp_path / "cluster").mkdir()
    with _cluster(home, tmp_path / "cluster") as variables:
        trial = Trial(tmp_path, [engine / "bin", home / "bin"], variables)
        trial.take_job("flink_job.py")
        run = trial.pack("Flink")
        (report,) = trial.reports(trial.bash(run))
    assert tmp_path / "cluster/tmp" in report.check(pandas="2.2.3").parents


_UNPACK = """
import sys
from pyflink.java_gateway import get_gateway
for name in sys.argv[1:]:
    get_gateway().jvm.org.apache.flink.util.CompressionUtils.extractFile(name, f"{name}.out", name)
"""


def test_flink_unpacks_other_formats(tmp_path: Path, engine: Path) -> None:
    """What the task manager unpacks archives with keeps x bits and links of a zip and of a tar."""
    make(tmp_path / ".venv", MARKER)
    names = [str(tmp_path / name) for name in ("environment.zip", "environment.tar")]
    for name in names:
        pack(tmp_path / ".venv", name, engine="flink", verify=False, bytecode=False)
    subprocess.run(
        [engine / "bin/python", "-c", _UNPACK, *names], env={**os.environ, **QUICK_JAVA}, check=True, timeout=120
    )
    for name in names:
        assert Path(f"{name}.out/bin/python3").is_symlink()
        check_unpacked(Path(f"{name}.out"))
