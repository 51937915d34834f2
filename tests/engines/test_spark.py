"""Spark's executors take Python from a pack: a real Spark, whose executors are processes of their own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.engines.trial import MARKER, QUICK_JAVA, Trial, make

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = """
spark.master local-cluster[2,1,1024]
spark.ui.enabled false
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 120s
"""
"""No task begins before both executors are there, and so each gets one."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with Spark, and with what Spark wants for functions on pandas, in other versions."""
    if shutil.which("java") is None:
        missing("java is not installed")
    return make(tmp_path_factory.mktemp("spark") / "engine", "pyspark==4.1.4", "pandas==2.3.3", "pyarrow==21.0.0")


@pytest.mark.parametrize("name", ["environment.tar.gz", "environment.zip"])
def test_spark(tmp_path: Path, engine: Path, name: str) -> None:
    """Two executors unpack the archive, and a function on pandas finds there all that it needs."""
    make(tmp_path / ".venv", "pandas==2.2.3", "pyarrow==18.1.0", MARKER)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/spark-defaults.conf").write_text(f"{_SETTINGS}spark.local.dir {tmp_path}/local\n")
    variables = {"SPARK_CONF_DIR": str(tmp_path / "conf"), "SPARK_LOCAL_IP": "127.0.0.1"}
    trial = Trial(tmp_path, [engine / "bin"], {**QUICK_JAVA, **variables})
    trial.take_job("spark_job.py")
    submit = trial.pack("Spark", **{"environment.tar.gz": name})
    reports = trial.reports(trial.bash(submit))
    folders = {each.check(pandas="2.2.3", pyarrow="18.1.0") for each in reports}
    assert len(folders) == len(reports) == 2
    assert {folder.name for folder in folders} == {"environment"}
    shutil.rmtree(engine / "lib/python3.12/site-packages/pyspark/work")
