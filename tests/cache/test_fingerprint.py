"""What the program adds to every key."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_envpack


def _fingerprints(folder: Path) -> tuple[str, str]:
    code = (
        "from hatch_envpack.cache.fingerprint import plugins_fingerprint, program_fingerprint as program\n"
        "import hatch_envpack; print(hatch_envpack.__file__); print(program()); print(plugins_fingerprint() or '-')"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    where, program, plugins = done.stdout.split()
    assert where.startswith(str(folder))
    return program, plugins


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with a copy of the program, in which it is imported from there."""
    package = Path(hatch_envpack.__file__).parent
    shutil.copytree(package, tmp_path / "hatch_envpack", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("file", ["relocate/script.py", "segment/split.py", "elf/edit.py", "archive/tar.py"])
def test_changed_code_is_another_program(copied: Path, file: str) -> None:
    """A comment in any stage is enough: nobody has to remember to count a number up."""
    before = _fingerprints(copied)
    assert _fingerprints(copied) == before
    with (copied / "hatch_envpack" / file).open("a") as stream:
        stream.write("# changed\n")
    assert _fingerprints(copied)[0] != before[0]


def test_changed_plugin_is_another_plugin(copied: Path) -> None:
    """The code of an installed plugin counts, and its version."""
    info = copied / "loud-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hatch_envpack]\nloud = loud.hooks\n")
    (copied / "loud").mkdir()
    (copied / "loud/__init__.py").write_text("")
    (copied / "loud/hooks.py").write_text("")
    seen = [_fingerprints(copied)[1]]
    (copied / "loud/hooks.py").write_text("LOUDER = True\n")
    seen.append(_fingerprints(copied)[1])
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.1\n")
    seen.append(_fingerprints(copied)[1])
    assert "-" not in seen
    assert len(set(seen)) == 3
