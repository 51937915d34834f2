"""Ray's workers run a pack that came as the job's working directory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from hatch_envpack import pack
from tests.conftest import REPOSITORY
from tests.documents import blocks
from tests.engines.trial import MARKER, Trial, check_unpacked, make

RAY = "ray==2.60.0"


def test_ray(tmp_path: Path) -> None:
    """Ray unpacks it without links, and starts its worker from there."""
    engine = make(tmp_path / "engine", RAY)
    make(tmp_path / ".venv", RAY, MARKER)
    # the sockets' paths may be no longer than the kernel allows
    place = tempfile.mkdtemp(prefix="ray-")
    trial = Trial(
        tmp_path, [engine / "bin"],
        {"HOME": str(tmp_path), "RAY_TMPDIR": place, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"},
    )  # fmt: skip
    assert trial.pack("Ray") == ""
    trial.take_job("ray_job.py")
    (start,) = blocks(REPOSITORY / "docs/engines.md", "python", "Ray")
    job = tmp_path / "job.py"
    job.write_text(start + job.read_text())
    try:
        (report,) = trial.reports(trial.bash("python job.py"))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    assert Path(place).resolve() in report.check().parents


_UNPACK = """
import sys
from ray._private.runtime_env.packaging import untar_package
untar_package(sys.argv[1], sys.argv[2], remove_top_level_directory=True, unlink_tar=False)
"""


def test_ray_unpacks_a_tar(tmp_path: Path) -> None:
    """What Ray unpacks working directories with skips links, and nothing is missing, since there are none."""
    engine = make(tmp_path / "engine", RAY)
    make(tmp_path / ".venv", MARKER)
    name = tmp_path / "environment.tar.gz"
    pack(tmp_path / ".venv", name, engine="ray", verify=False, bytecode=False)
    done = subprocess.run(
        [engine / "bin/python", "-c", _UNPACK, name, tmp_path / "out"], capture_output=True, text=True, check=True
    )
    assert "Skipping" not in done.stdout + done.stderr
    check_unpacked(tmp_path / "out")
