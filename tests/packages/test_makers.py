"""Environments of all makers, packed by the command and used on a bare machine; they stay as they were."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_program import COMMAND
from tests.conftest import missing
from tests.environment.made import snapshot
from tests.packages.makers import MAKERS, Workshop
from tests.targets.roots import MissingToolError, Root, bare_root

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return the programs; they come from the index, in five seconds."""
    made = Workshop(tmp_path_factory.mktemp("work shop"))
    made.equip()
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """Return a machine without Python."""
    try:
        return bare_root("trixie", tmp_path_factory.mktemp("bare") / "root")
    except MissingToolError as error:
        missing(str(error))
        raise


def _check(bare: Root, place: str) -> None:
    """Run the project's command, which tells of its prefix, of the compiled module that it uses, and of itself."""
    done = bare.run(f"{place}/bin/thing")
    assert done.returncode == 0, done.stderr
    prefix, extension, module = done.stdout.splitlines()
    assert prefix == place
    assert re.fullmatch(rf"{place}/lib/python3\.\d+/site-packages/markupsafe/_speedups\..*\.so", extension)
    assert re.fullmatch(rf"{place}/lib/python3\.\d+/site-packages/thing/__init__\.py", module)


@pytest.mark.parametrize("maker", MAKERS)
def test_environment_of_each_maker(maker: str, shop: Workshop, bare: Root, tmp_path: Path) -> None:
    """It runs where there is nothing, and again where it is moved to; neither it nor uv's cache changed in any way."""
    root = MAKERS[maker](shop, tmp_path)
    before = snapshot(root) | snapshot(shop.uv_cache)
    done = subprocess.run(
        [COMMAND, "pack", root, "-o", tmp_path / "pack.tar", "--editable", "build", "--strict", "--no-bytecode"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert snapshot(root) | snapshot(shop.uv_cache) == before
    first, second = bare.path / "opt/one", bare.path / "opt/another place"
    first.mkdir(parents=True)
    subprocess.run(["tar", "-xf", tmp_path / "pack.tar", "-C", first], check=True)
    _check(bare, "/opt/one")
    first.rename(second)
    _check(bare, "/opt/another place")
    shutil.rmtree(second)
