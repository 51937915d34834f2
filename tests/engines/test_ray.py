"""Ray's workers run a pack that came as the job's working directory."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documents import blocks
from tests.engines.trial import MARKER, Trial, make

RAY = "ray==2.60.0"


@pytest.mark.parametrize("name", ["environment.zip", "environment.tar.gz"])
def test_ray(tmp_path: Path, name: str) -> None:
    """Ray unpacks it without links, and starts its worker from there."""
    engine = make(tmp_path / "engine", RAY)
    make(tmp_path / ".venv", RAY, MARKER)
    # the sockets' paths may be no longer than the kernel allows
    place = tempfile.mkdtemp(prefix="ray-")
    trial = Trial(
        tmp_path, [engine / "bin"],
        {"HOME": str(tmp_path), "RAY_TMPDIR": place, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"},
    )  # fmt: skip
    assert trial.pack("Ray", **{"environment.zip": name}) == ""
    trial.take_job("ray_job.py")
    (start,) = blocks(REPOSITORY / "docs/engines.md", "python", "Ray")
    job = tmp_path / "job.py"
    job.write_text(start.replace("environment.zip", name) + job.read_text())
    try:
        (report,) = trial.reports(trial.bash("python job.py"))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    assert Path(place).resolve() in report.check().parents
