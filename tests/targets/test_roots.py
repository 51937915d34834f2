"""The targets are what they are said to be: a test on them proves nothing otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.targets.roots import run_hiding

if TYPE_CHECKING:
    from tests.targets.roots import Root


def test_bare_root_is_bare(trixie: Root) -> None:
    """No Python, no certificates, a working shell."""
    found = trixie.run("find", "/", "-xdev", "-iname", "*python*").stdout.split()
    assert found == []
    assert trixie.run("ls", "/etc").stdout.split() == ["ld.so.conf.d", "passwd"]
    assert trixie.run("sh", "-c", "echo $((6*7))").stdout == "42\n"


def test_bare_root_has_no_network_but_loopback(trixie: Root) -> None:
    """The only interface is ``lo``, and it is up."""
    interfaces = trixie.run("ip", "-o", "addr").stdout.splitlines()
    assert len([line for line in interfaces if "inet " in line]) == 1
    assert "127.0.0.1" in interfaces[0]


def test_read_only_folder(trixie: Root) -> None:
    """A folder can be made read-only for one command."""
    (trixie.path / "opt").mkdir()
    refused = trixie.run("touch", "/opt/x", read_only="/opt")
    assert "Read-only" in refused.stderr
    assert trixie.run("touch", "/opt/x").returncode == 0


def test_nothing_stays_mounted(trixie: Root) -> None:
    """What a command mounts is gone with it."""
    trixie.run("true")
    assert str(trixie.path) not in Path("/proc/mounts").read_text()


def test_hidden_folders_are_empty(tmp_path: Path) -> None:
    """A hidden folder is empty to the command, a hidden file too, and both come back."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("x")
    (tmp_path / "file").write_text("x")
    done = run_hiding(
        [tmp_path / "folder", tmp_path / "file"], "sh", "-c", f"ls '{tmp_path}/folder'; cat '{tmp_path}/file'"
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "folder/file").read_text() == "x"
