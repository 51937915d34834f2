"""Memory stays bounded, however large the files are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.environment.made import SITE, install, make_environment

_EXPORT = r"""
import json, re, sys
from pathlib import Path
from hatch_envpack.pipeline.export import export_pack
from hatch_envpack.pipeline.job import Export
from hatch_envpack.settings import Settings
from tests.environment.made import Words

job = Export(Path(sys.argv[1]), "demo", "1.0", "error", Settings(verify=False), Path(sys.argv[2]), 0, Words())
pack = export_pack(job)
# not getrusage: that counts what the process was forked from too
peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]
json.dump([str(pack), int(peak)], sys.stdout)
"""


def test_a_library_of_400_megabytes(tmp_path: Path) -> None:
    """The process that packs it, with bytecode, stays below 300 MB; what comes out is what was there."""
    site = make_environment(tmp_path / "environment")
    install(site, "large", {"large.py": "X = 1\n"})
    library = site / "large.so"
    subprocess.run(["gcc", "-shared", "-o", library, "-x", "c", "/dev/null"], check=True)
    with library.open("ab") as stream:
        for _ in range(400):
            stream.write(os.urandom(1 << 12) * (1 << 8))
    command: list[str | Path] = [sys.executable, "-c", _EXPORT, tmp_path / "environment", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    pack, peak = json.loads(done.stdout)
    assert peak < 300 << 10  # it is told in KiB, whatever its name
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", unpacked, f"{SITE}/large.so"], check=True)
    subprocess.run(["cmp", library, unpacked / SITE / "large.so"], check=True)
