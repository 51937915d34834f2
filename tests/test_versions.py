"""Every version of CPython that can be packed: built with the example, and run on a bare machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY, build, copy_example, find_pyenv, missing
from tests.targets.roots import MissingToolError, bare_root, build_root

if TYPE_CHECKING:
    from tests.targets.roots import Root

PLACE = "/opt/app"
_IMPORTS = "import ssl, sqlite3, ctypes, lzma, bz2, readline, zlib, site; print(site.ENABLE_USER_SITE)"
_HOST_FILES = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/ssl", "/etc/pip.conf", "/opt/pypi", "/opt/pypi-more", "/opt/wheels",
    "/root/.config/pip", "/root/.pip", "/usr/local/share/ca-certificates", "/usr/share/ca-certificates",
)  # fmt: skip
"""How the host reaches its package index."""


def _check(root: Root, pack: Path) -> None:
    root.unpack(pack, PLACE)
    demo = root.run(f"{PLACE}/bin/driftwatch", "demo")
    assert (demo.returncode, demo.stdout.splitlines()[:1]) == (0, ["4 anomalies in 240 readings"]), demo.stderr
    imported = root.run(f"{PLACE}/bin/python", "-W", "error", "-c", _IMPORTS)
    assert (imported.stdout, imported.stderr) == ("False\n", "")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.13"])
def test_pyenv(tmp_path: Path, trixie: Root, version: str) -> None:
    """A build of pyenv's of each version; 3.12 is what the other tests use."""
    interpreter = find_pyenv(version)
    built = build(copy_example(tmp_path, python=version), interpreter)
    assert f"-cp{version.replace('.', '')}-manylinux_" in built.pack.name
    _check(trixie, built.pack)


def test_python_3_14_of_debian(tmp_path: Path) -> None:
    """Debian's newest Python, built and packed in a root of Debian's newest suite, runs on a bare one."""
    try:
        builder = build_root("sid", tmp_path / "builder", "python3.14", "python3.14-venv", "libstdc++6")
        target = bare_root("sid", tmp_path / "target")
    except MissingToolError as error:
        missing(str(error))
    copy_example(builder.path)
    ignored = shutil.ignore_patterns(".*", "dist", "__pycache__")
    shutil.copytree(REPOSITORY, builder.path / "repository", ignore=ignored)
    script = """
    set -e
    python3.14 -m venv /venv
    /venv/bin/pip install -q /repository uv
    cd /example
    /venv/bin/hatchling build -t envpack
    """
    done = builder.run_with_network("sh", "-c", script, binds=[Path(file) for file in _HOST_FILES])
    assert done.returncode == 0, done.stdout + done.stderr
    (pack,) = (builder.path / "example/dist").iterdir()
    assert "-cp314-manylinux_" in pack.name
    _check(target, pack)
