"""Wheels of the package index that tests look into, whatever machine they are for; pinned, and kept in a cache."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing


@dataclass(frozen=True)
class Wheel:
    """A wheel of the package index."""

    requirement: str
    platform: str
    sha256: str
    python: str = "3.12"

    @functools.cached_property
    def files(self) -> dict[str, bytes]:
        """Return its shared libraries by their path in ``site-packages``."""
        with zipfile.ZipFile(self.path) as archive:
            names = [name for name in archive.namelist() if name.endswith((".so", ".dylib"))]
            return {name: archive.read(name) for name in names}

    @property
    def path(self) -> Path:
        """Download it once, and return where it lies."""
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hatch-envpack-tests")
        folder = cache / f"wheel-{self.sha256[:16]}"
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=cache) as work:
                    self._download(Path(work))
                    (Path(work) / "wheels").rename(folder)
        (found,) = folder.glob("*.whl")
        return found

    def _download(self, work: Path) -> None:
        (work / "requirements.txt").write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
        options = [
            "--no-deps",
            "--only-binary=:all:",
            f"--python-version={self.python}",
            "--require-hashes",
            "--no-cache-dir",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", *options, f"--platform={self.platform}",
             "-d", work / "wheels", "-r", work / "requirements.txt"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            missing(f"{self.requirement} for {self.platform} cannot be downloaded: {done.stderr.strip()}")
