"""Spark's executors take Python from a pack: a real Spark, whose executors are processes of their own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.engines.trial import MARKER, QUICK_JAVA, Trial, install, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SETTINGS = """
spark.master local-cluster[2,1,1024]
spark.ui.enabled false
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 120s
"""
"""No task begins before both executors are there, and so each gets one."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an environment with Spark, and with what Spark wants for functions on pandas, in other versions."""
    if shutil.which("java") is None:
        missing("java is not installed")
    root = tmp_path_factory.mktemp("spark") / "engine"
    make(root, "pandas==2.3.3", "pyarrow==21.0.0")
    # it is a source distribution: uv builds it each time, and would keep each build, of a gigabyte and more
    install(root, "--no-cache", "pyspark==4.1.4")
    yield root
    shutil.rmtree(root)  # with what the executors unpacked: it is a gigabyte


def _reports(trial: Trial, submit: str, **versions: str) -> None:
    reports = trial.reports(trial.bash(submit))
    folders = {each.check(**versions) for each in reports}
    assert len(folders) == len(reports) == 2
    assert {folder.name for folder in folders} == {"environment"}


def _trial(folder: Path, engine: Path) -> Trial:
    (folder / "conf").mkdir()
    (folder / "conf/spark-defaults.conf").write_text(f"{_SETTINGS}spark.local.dir {folder}/local\n")
    variables = {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_IP": "127.0.0.1"}
    return Trial(folder, [engine / "bin"], {**QUICK_JAVA, **variables})


def test_spark(tmp_path: Path, engine: Path) -> None:
    """Two executors unpack the archive, and a function on pandas finds there all that it needs."""
    make(tmp_path / ".venv", "pandas==2.2.3", "pyarrow==18.1.0", MARKER)
    trial = _trial(tmp_path, engine)
    trial.take_job("spark_job.py")
    _reports(trial, trial.pack("Spark"), pandas="2.2.3", pyarrow="18.1.0")


def test_spark_with_a_zip(tmp_path: Path, engine: Path) -> None:
    """Hadoop, which writes links as text files, unpacks a Python that runs, since copies stand in their places."""
    make(tmp_path / ".venv", MARKER)
    trial = _trial(tmp_path, engine)
    trial.take_job("spark_plain_job.py")
    _reports(trial, trial.pack("Spark", **{"environment.tar.gz": "environment.zip"}))
