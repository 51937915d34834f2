"""``hatch-envpack pack`` with input that is wrong: one line, an exit code, nothing written, nothing changed."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_pack import run
from tests.environment.made import make_environment, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FAST = ("--no-verify", "--no-bytecode", "--level", "1")


def _put(root: Path, make: Callable[[Path], object]) -> None:
    """Put something else in the place of ``pyvenv.cfg``."""
    (root / "pyvenv.cfg").unlink()
    make(root / "pyvenv.cfg")


def _file(root: Path) -> None:
    shutil.rmtree(root)
    root.write_text("home = /usr/bin\n")


def _loop(root: Path) -> None:
    shutil.rmtree(root)
    root.symlink_to(root.name)


def _lost(root: Path) -> None:
    shutil.rmtree(root)
    root.symlink_to("nowhere")


def _huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(200 << 20)


_CONFIGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "random": (lambda path: path.write_bytes(b"\xff\xfe" + random.Random(1).randbytes(3000)), "does not run"),
    "huge": (_huge, "pyvenv.cfg is larger than 64 MiB, so that it is damaged"),
    "fifo": (os.mkfifo, "pyvenv.cfg cannot be read: not a regular file"),
    "folder": (os.mkdir, "pyvenv.cfg cannot be read: not a regular file"),
    "loop": (lambda path: path.symlink_to(path.name), "pyvenv.cfg cannot be read: Too many levels of symbolic links"),
}
_PREFIXES: dict[str, tuple[Callable[[Path], object], str]] = {
    "file": (_file, "env is no virtual environment: it is a file"),
    "loop": (_loop, "env is no virtual environment: there is no such folder"),
    "dangling": (_lost, "env is no virtual environment: there is no such folder"),
    "without-bin": (lambda root: shutil.rmtree(root / "bin"), "is damaged: "),
    **{f"config-{name}": (lambda root, make=make: _put(root, make), words) for name, (make, words) in _CONFIGS.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", _PREFIXES)
def test_prefix(name: str, tmp_path: Path) -> None:
    """Neither the pack nor the folder for it is there afterwards."""
    breaks, words = _PREFIXES[name]
    make_environment(tmp_path / "env")
    breaks(tmp_path / "env")
    before = snapshot(tmp_path)
    done = run(tmp_path, "env", "-o", "new/folder/e.tar", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert words in error
    assert "hatch_envpack/" not in done.stderr
    after = snapshot(tmp_path)
    before.pop(str(tmp_path))
    after.pop(str(tmp_path))
    assert after == before


def test_config_that_names_a_place_that_is_gone(tmp_path: Path) -> None:
    """Where the program leads to an interpreter all the same, the environment works, and so does its pack."""
    make_environment(tmp_path / "env")
    (tmp_path / "env/pyvenv.cfg").write_text("home = /nowhere/bin\n")
    assert run(tmp_path, "env", "-o", "e.tar", *_FAST).returncode == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["-f", "rar"], 2, "'rar' is not one of 'tar.zst', 'tar.gz', 'tar', 'zip', 'dir'"),
        (["-o", "file/e.tar"], 1, "error: the output folder file cannot be written to: "),
        (["-o", "/dev/null", "-f", "tar"], 1, "error: /dev/null exists: "),
        (["-o", "link/e.tar"], 1, "lies in the environment that is packed: name one outside of it"),
        (["-a", ""], 2, "'' names no kind of finding"),
        (["-a", "=x"], 2, "'=x' names no kind of finding"),
        (["-j", "0"], 2, "0 is not in the range x>=1"),
    ],
)
def test_options(options: list[str], code: int, words: str, tmp_path: Path) -> None:
    """Wrong usage has the exit code 2, as everywhere."""
    make_environment(tmp_path / "env")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("env")
    before = snapshot(tmp_path)
    done = run(tmp_path, "env", *options, *_FAST)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(tmp_path).keys() == before.keys()


def test_names_are_no_paths(tmp_path: Path) -> None:
    """Whatever name and version are, the pack lies in its folder; a version alone counts too."""
    make_environment(tmp_path / "env")
    for options in (["--name", "../../x", "--version", "../z"], ["--version", "a\nb"], ["--version", "2!1.0+x"]):
        assert run(tmp_path, "env", "-o", "packs/", *options, *_FAST).returncode == 0
    names = {path.name.partition("-cp312")[0] for path in (tmp_path / "packs").iterdir()}
    folder = tmp_path.name
    assert names == {"x-.._z", f"{folder}-a_b", f"{folder}-2!1.0+x"}
    assert {path.name for path in tmp_path.iterdir()} == {"env", "packs"}
