"""The example in every format: unpacked with the plain tool for it, moved, and run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.extract.unpack import unpack
from hatch_envpack.formats import DEFAULT_FORMAT, FOLDER, LEVELS
from tests.conftest import copy_example, find_pyenv, hatchling_build, missing

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = {
    "tar.zst": "tar --zstd -xf {} -C {}",
    "tar.gz": "tar -xzf {} -C {}",
    "tar": "tar -xf {} -C {}",
    "zip": "unzip -q {} -d {}",
}


def _project(folder: Path, **options: object) -> Path:
    return copy_example(folder, python=find_pyenv("3.12"), bytecode=False, **options)


def _build(project: Path, cache: Path, *arguments: str) -> dict[str, Path]:
    done = hatchling_build(project, *arguments, environment={"HATCH_ENVPACK_CACHE_DIR": str(cache)})
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        pack.name.partition(".envpack")[2].removeprefix(".") or FOLDER: pack for pack in (project / "dist").iterdir()
    }


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache for the builds of these tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, Path]:
    """Return a pack of every format, made by one build."""
    project = _project(tmp_path_factory.mktemp("formats"), versions=[*LEVELS], verify=False)
    return _build(project, cache)


def _tree(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Return content or target, mode and time of all below a folder; folders have the time of their last change."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if path.is_symlink():
            content, mtime = os.readlink(path), 0  # noqa: PTH115 - the text, not a path
        elif path.is_dir():
            content, mtime = "folder", 0
        else:
            content, mtime = hashlib.sha256(path.read_bytes()).hexdigest(), int(status.st_mtime)
        found[str(path.relative_to(folder))] = (content, status.st_mode, mtime)
    # the manifest tells sizes, and the list of digests has the manifest's
    for name in ("envpack.json", "envpack.sha256"):
        assert found.pop(name)[1:] == (0o100644, 1580601600)
    return found


def _unpack(packs: dict[str, Path], name: str, folder: Path) -> Path:
    words = TOOLS[name].split()
    if shutil.which(words[0]) is None:
        missing(f"{words[0]} is not installed")
    folder.mkdir()
    paths = iter([str(packs[name]), str(folder)])
    subprocess.run([next(paths) if word == "{}" else word for word in words], check=True)
    return folder


def test_every_format_is_built(packs: dict[str, Path]) -> None:
    """The versions of the target are the formats, and each pack's name ends with its own."""
    assert packs.keys() == LEVELS.keys() == {*TOOLS, FOLDER}
    sizes = {name: pack.stat().st_size for name, pack in packs.items() if name != FOLDER}
    assert sizes["tar.zst"] < sizes["tar.gz"] < sizes["zip"] < sizes["tar"]


@pytest.fixture(scope="module")
def expected(packs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int, int]]:
    """Return the tree of the default format."""
    tree = _tree(_unpack(packs, DEFAULT_FORMAT, tmp_path_factory.mktemp("expected") / "out"))
    assert len(tree) > 3000
    return tree


@pytest.mark.parametrize("name", ["tar.gz", "tar", "zip"])
def test_a1_a10_a14_a_plain_tool_makes_the_same_tree_which_runs_when_moved(
    tmp_path: Path, packs: dict[str, Path], expected: dict[str, tuple[str, int, int]], name: str
) -> None:
    """Contents, modes, links and times do not depend on the format; the manifest does, since it tells sizes."""
    place = _unpack(packs, name, tmp_path / "first")
    assert _tree(place) == expected
    place = place.rename(tmp_path / "another place")
    done = subprocess.run([place / "bin/driftwatch", "demo"], capture_output=True, text=True, check=True, env={})
    assert done.stdout.splitlines()[0] == "4 anomalies in 240 readings"


def test_a1_a10_a_folder_runs_when_moved_and_its_origin_is_gone(
    tmp_path: Path, packs: dict[str, Path], expected: dict[str, tuple[str, int, int]]
) -> None:
    """It is the tree that the others unpack to, there at once; a copy of it is moved, and is all that is left."""
    assert _tree(packs[FOLDER]) == expected
    place = tmp_path / "another place"
    shutil.copytree(packs[FOLDER], place, symlinks=True)
    dist = packs[FOLDER].parent
    hidden = dist.rename(dist.with_name("hidden"))
    try:
        done = subprocess.run([place / "bin/driftwatch", "demo"], capture_output=True, text=True, check=True, env={})
    finally:
        hidden.rename(dist)
    assert done.stdout.splitlines()[0] == "4 anomalies in 240 readings"


def test_our_own_unpacking_makes_the_tree_of_a_zip(
    tmp_path: Path, packs: dict[str, Path], expected: dict[str, tuple[str, int, int]]
) -> None:
    """``hatch-envpack unpack`` needs no other program."""
    unpack(packs["zip"], tmp_path / "own")
    assert _tree(tmp_path / "own") == expected


def test_a_zip_is_proven_and_the_same_from_the_cache_and_cleaned_away(
    tmp_path: Path, cache: Path, packs: dict[str, Path]
) -> None:
    """The proof unpacks a zip as well. Cleaning removes the packs of every format, and nothing else."""
    project = _project(tmp_path, versions=["zip"])
    (pack,) = _build(project, cache).values()
    assert hashlib.sha256(pack.read_bytes()).digest() == hashlib.sha256(packs["zip"].read_bytes()).digest()
    others = ["example_project-0.1.0.tar.gz", "other-0.1.0-x.envpack.zip", "notes.zip"]
    for name in others:
        (project / "dist" / name).touch()
    shutil.copy(packs["tar"], project / "dist")
    folder = project / "dist" / packs[FOLDER].name
    shutil.copytree(packs[FOLDER], folder, symlinks=True)
    (project / "dist" / f"{folder.name.replace('0.1.0', '0.1.0-mine')}").mkdir()
    others.append(folder.name.replace("0.1.0", "0.1.0-mine"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack", "--clean-only"]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    assert sorted(os.listdir(project / "dist")) == sorted(others)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"versions": ["tar.zst", "zip"], "compression_level": 19},
            "Field `tool.hatch.build.targets.envpack.compression-level` must be between 1 and 12 for the format zip, n",
        ),
        (
            {"versions": ["tar.xz"]},
            "Unknown versions in field `tool.hatch.build.targets.envpack.versions`: tar.xz; the formats are tar.zst, ",
        ),
        ({"versions": "zip"}, "Field `tool.hatch.build.targets.envpack.versions` must be an array of strings; the "),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, options: dict[str, object], line: str) -> None:
    """What cannot be built is told before anything is made, not even the output folder."""
    project = copy_example(tmp_path, **options)
    done = hatchling_build(project)
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert not (project / "dist").exists()


def test_an_unknown_format_on_the_command_line_is_one_line(tmp_path: Path) -> None:
    """Hatchling itself would show a traceback."""
    project = copy_example(tmp_path)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack:rar"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr == "Unknown format `rar` of the target `envpack`: the formats are tar.zst, tar.gz, tar, zip, dir\n"
    )
