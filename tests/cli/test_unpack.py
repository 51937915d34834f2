"""``hatch-envpack unpack``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_program import COMMAND, run
from tests.extract.packs import file, folder, link, plain
from tests.terminal import look

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Return a pack of two files and a link."""
    members = [
        folder("bin"),
        file("bin/app", b"x" * 1000, executable=True),
        link("bin/a", "app"),
        file("data", b"y" * 500),
    ]
    return plain(tmp_path / "app.envpack.tar.zst", *members)


def test_unpack(tmp_path: Path, pack: Path) -> None:
    """The folder is there; the result is told on standard output, what happens on standard error."""
    done = run("unpack", pack, tmp_path / "app")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"unpacked 2 files (1.5 kB) into {tmp_path}/app\n"
    assert done.stderr == "Unpacking app.envpack.tar.zst...\n"
    assert (tmp_path / "app/bin/a").read_bytes() == b"x" * 1000


def test_for_programs(tmp_path: Path, pack: Path) -> None:
    """``--json`` gives the figures, and the folder's whole name."""
    done = run("unpack", "--json", "--quiet", "--jobs", "2", pack, tmp_path / "app")
    assert json.loads(done.stdout) == {"folder": f"{tmp_path}/app", "files": 2, "links": 1, "bytes": 1500}
    assert done.stderr == ""


def test_quiet(tmp_path: Path, pack: Path) -> None:
    """Nothing is said, on a terminal neither, until there is an error."""
    assert look([COMMAND, "unpack", "-q", pack, tmp_path / "app"]).raw == b""
    done = run("unpack", "-q", pack, tmp_path / "app")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {tmp_path}/app exists: remove it or name another folder\n"


def test_terminal(tmp_path: Path, pack: Path) -> None:
    """Of the bar nothing is left but the result."""
    seen = look([COMMAND, "unpack", pack, tmp_path / "app"], columns=200)
    assert (seen.code, seen.end) == (0, f"unpacked 2 files (1.5 kB) into {tmp_path}/app")
    assert any("Unpacking app.envpack.tar.zst" in picture for picture in seen.pictures)


@pytest.mark.parametrize("size", [0, 100])
def test_a_damaged_pack(tmp_path: Path, pack: Path, size: int) -> None:
    """One line, and no folder."""
    pack.write_bytes(pack.read_bytes()[:size])
    done = run("unpack", "-q", pack, tmp_path / "app")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("error: ")
    assert not (tmp_path / "app").exists()
