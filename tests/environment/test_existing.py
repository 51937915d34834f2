"""Folders that are no environment that could be packed: each error says why, and what to do."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.environment.existing import read_environment
from hatch_envpack.errors import EnvpackError
from tests.conftest import find_pyenv
from tests.environment.made import SITE, export, install, make_environment, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _set(root: Path, name: str, value: str) -> None:
    config = root / "pyvenv.cfg"
    lines = [line for line in config.read_text().splitlines() if not line.startswith(name)]
    config.write_text("\n".join([*lines, f"{name} = {value}"]) + "\n")


def _relink(root: Path, target: str) -> None:
    (root / "bin/python").unlink()
    (root / "bin/python").symlink_to(target)


def _make_conda(root: Path) -> None:
    (root / "pyvenv.cfg").unlink()
    (root / "conda-meta").mkdir()


def _copy_of_lost(root: Path) -> None:
    """Make the environment one with a copy of the program, whose interpreter was removed since."""
    (root / "bin/python").unlink()
    shutil.copy(find_pyenv("3.12"), root / "bin/python")
    _set(root, "home", "/gone/bin")


def _emptied(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def _put_script(root: Path) -> None:
    (root / "bin/python").unlink()
    (root / "bin/python").write_text("#!/bin/sh\nexit 3\n")
    (root / "bin/python").chmod(0o755)


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (shutil.rmtree, "is no virtual environment: there is no such folder"),
        (
            lambda root: (root / "pyvenv.cfg").unlink(),
            r"it has no pyvenv\.cfg, and its .*bin/python3 is the Python of /",
        ),
        (_emptied, r"is no virtual environment: it has no pyvenv\.cfg, and no Python either"),
        (lambda root: (root / "envpack.json").write_text("{}"), "is an unpacked pack: pack the environment"),
        (_make_conda, "is a conda environment, .*pack it with conda-pack"),
        (
            lambda root: _set(root, "include-system-site-packages", "True"),
            r"pyvenv\.cfg has .*use `--system-site-packages` to",
        ),
        (lambda root: _relink(root, "/gone/bin/python3.12"), "bin/python does not exist or leads to an interpreter"),
        (lambda root: _relink(root, "python"), "bin/python does not exist or leads to an interpreter"),
        (_copy_of_lost, "is damaged: its interpreter /gone/bin/python is gone"),
        (_put_script, "bin/python does not run"),
        (
            lambda root: _relink(root, str(find_pyenv("3.11"))),
            "was made for another Python .*no folder lib/python3.11",
        ),
        (lambda root: (root / "bin/python").chmod(0o644) if _unlinked(root) else None, "bin/python does not run"),
        (lambda root: shutil.rmtree(root / SITE), f"it has no folder {SITE}"),
    ],
)
def test_no_environment(tmp_path: Path, breaks: Callable[[Path], None], message: str) -> None:
    """Gone, not one, conda's, one that borrows, one whose interpreter is gone or another one by now."""
    root = tmp_path / "environment"
    make_environment(root)
    breaks(root)
    before = snapshot(tmp_path)
    with pytest.raises(EnvpackError, match=message) as caught:
        read_environment(root)
    assert str(root) in str(caught.value)
    assert str(caught.value).isprintable()
    assert snapshot(tmp_path) == before


def _unlinked(root: Path) -> bool:
    """Put a plain file in the program's place."""
    (root / "bin/python").unlink()
    (root / "bin/python").write_text("")
    return True


def test_a2_code_in_the_environment_writes_nothing(tmp_path: Path) -> None:
    """A ``.pth`` file imports a module when the environment is asked about itself: no bytecode appears beside it."""
    root = tmp_path / "environment"
    site = make_environment(root)
    (site / "runs.py").write_text("X = 1\n")
    (site / "runs.pth").write_text("import runs\n")
    before = snapshot(root)
    read_environment(root)
    assert snapshot(root) == before


@pytest.mark.parametrize("through", ["as it is", "a link"])
def test_empty_environment(tmp_path: Path, through: str) -> None:
    """An environment without distributions is packed and proven, by whichever name it is called."""
    make_environment(tmp_path / "environment")
    (tmp_path / "link").symlink_to("environment")
    root = tmp_path / ("environment" if through == "as it is" else "link")
    packed = export(root, tmp_path / "output", verify=True, strict=True)
    assert packed.manifest["distributions"] == []
    assert packed.manifest["segments"][-1]["name"] != "unowned"


def test_environment_that_was_moved(tmp_path: Path) -> None:
    """Scripts name the place where it was made; in the pack they run all the same."""
    site = make_environment(tmp_path / "environment")
    install(site, "demo", {"../../../bin/demo": f"#!{tmp_path}/environment/bin/python\nprint('works')\n"})
    (tmp_path / "environment/bin/demo").chmod(0o755)
    (tmp_path / "environment").rename(tmp_path / "moved")
    place = export(tmp_path / "moved", tmp_path / "output").unpack(tmp_path / "place")
    done = subprocess.run([place / "bin/demo"], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == "works\n"
