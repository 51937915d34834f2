"""``hatch-envpack pack``: what is packed where, and what is told of it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

import hatch_envpack
from hatch_envpack import EnvpackError
from tests.cli.test_pack import member_names, run
from tests.cli.test_program import COMMAND
from tests.environment.made import SITE, Words, install, make_environment, snapshot

if TYPE_CHECKING:
    from pathlib import Path

_FAST = ("--no-verify", "--no-bytecode", "--level", "1")
_UNPACK = {"tar.zst": ("tar", "--zstd", "-xf"), "tar": ("tar", "-xf"), "zip": ("unzip", "-q")}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with one distribution, and one file that nobody manages."""
    root = tmp_path_factory.mktemp("environments") / "tool"
    site = make_environment(root)
    install(site, "tool", {"tool.py": "import sys\nprint(sys.prefix)\n", "tool_data.txt": "x"})
    (root / "notebook.ipynb").write_text("{}")
    return root


@pytest.mark.parametrize("name", _UNPACK)
def test_everything_in_one_folder(tmp_path: Path, environment: Path, name: str) -> None:
    """With ``--root-directory`` nothing lies beside that folder; it is proven, looked into, unpacked, and moved."""
    done = run(
        tmp_path, environment, "-o", f"e.{name}", "--root-directory", "./apps//tool/", "--no-bytecode", "--level", "1"
    )
    assert (done.returncode, done.stdout) == (0, f"e.{name}\n"), done.stderr
    place = tmp_path / "place"
    place.mkdir()
    subprocess.run([*_UNPACK[name], tmp_path / f"e.{name}"], cwd=place, check=True)
    assert [path.name for path in place.iterdir()] == ["apps"]
    assert [path.name for path in (place / "apps").iterdir()] == ["tool"]
    assert (place / "apps").stat().st_mode == (place / "apps/tool").stat().st_mode
    (place / "apps/tool").rename(tmp_path / "moved")
    ran = subprocess.run([tmp_path / "moved/bin/python", "-m", "tool"], env={}, capture_output=True, check=True)
    assert ran.stdout.decode() == f"{tmp_path}/moved\n"
    told = subprocess.run([COMMAND, "inspect", "--json", tmp_path / f"e.{name}"], capture_output=True, check=True)
    assert json.loads(told.stdout)["distributions"] == {"tool": "1.0"}
    assert hatch_envpack.unpack(tmp_path / f"e.{name}", tmp_path / "again").files
    assert (tmp_path / "again/apps/tool/bin/python").exists()


def test_pack_at_the_root_comes_from_no_cache_of_a_folder(tmp_path: Path, environment: Path) -> None:
    """What was packed below a folder is not taken for what lies at the root, or below another one."""
    for folder in ("a", "", "b"):
        done = hatch_envpack.pack(
            environment, tmp_path / "e.tar", root_directory=folder, verify=False, level=1, force=True
        )
        names = subprocess.run(["tar", "-tf", done.path], capture_output=True, text=True, check=True).stdout.split("\n")
        assert names[0] == (f"{folder}/envpack.json" if folder else "envpack.json")
        assert {name.partition("/")[0] for name in names if name} >= ({folder} if folder else {"bin", "lib"})
        assert not folder or {name.partition("/")[0] for name in names if name} == {folder}


@pytest.mark.parametrize("folder", ["/opt/x", "..", "../x", "a/../../x", ".", "a\0b"])
def test_folder_that_leaves_the_archive(tmp_path: Path, environment: Path, folder: str) -> None:
    """It is named, and nothing is written."""
    with pytest.raises(EnvpackError, match="must be a relative path that stays in the archive") as caught:
        hatch_envpack.pack(environment, tmp_path / "e.tar", root_directory=folder)
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_folder_has_no_root_folder(tmp_path: Path, environment: Path) -> None:
    """With ``--format dir``, ``--output`` says it all."""
    done = run(tmp_path, environment, "-f", "dir", "-o", "e", "--root-directory", "x", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the format dir is no archive, so that it has no root folder: name it with `--output`" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_files_of_no_distribution(tmp_path: Path, environment: Path) -> None:
    """They are counted, and for those who ask named, as what is left out or accepted is; the second time too."""
    (environment / SITE / "tool_data.txt").write_text("y")
    options = ("-x", "**/idlelib/help.html", "-a", "record-mismatch", "--strict", "--force", *_FAST)
    plain = run(tmp_path, environment, "-o", "e.tar", *options)
    assert plain.returncode == 0, plain.stderr
    assert "; 1 files of no distribution; 1 files left out (exclude)" in plain.stderr
    assert "notebook.ipynb" not in plain.stderr
    for _ in range(2):
        lines = run(tmp_path, environment, "-o", "e.tar", "--verbose", *options).stderr.splitlines()
        assert "of no distribution: notebook.ipynb" in lines
        assert [line for line in lines if line.startswith("of no distribution")] == [
            "of no distribution: notebook.ipynb"
        ]
        assert "left out (exclude): lib/python3.12/idlelib/help.html" in lines
        assert any(line.startswith(f"accepted: record-mismatch: {SITE}/tool_data.txt: is not the") for line in lines)
    words = Words()
    hatch_envpack.pack(environment, tmp_path / "e.tar", force=True, verify=False, bytecode=False, report=words)
    assert words.details == []
    hatch_envpack.pack(
        environment, tmp_path / "e.tar", force=True, verify=False, bytecode=False, verbose=True, report=words
    )
    assert "of no distribution: notebook.ipynb" in words.details


def test_the_named_format_counts_and_the_name_stays(tmp_path: Path, environment: Path) -> None:
    """``--format`` decides, whatever the file is called."""
    done = run(tmp_path, environment, "-o", "e.zip", "-f", "tar", *_FAST)
    assert (done.returncode, done.stdout) == (0, "e.zip\n"), done.stderr
    assert "bin/python" in member_names(tmp_path / "e.zip")


def test_quiet(tmp_path: Path, environment: Path) -> None:
    """Nothing is said of a pack with findings that works, and of one that fails the error alone."""
    (environment / SITE / "tool_data.txt").write_text("z")
    done = run(tmp_path, environment, "-o", "e.tar", "-q", *_FAST)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run(tmp_path, environment, "-o", "e.tar", "-q", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: e.tar exists: ")
    assert done.stderr.count("\n") == 1


def test_bytecode_is_no_file_of_an_environment(tmp_path: Path, environment: Path) -> None:
    """``*.pyc`` matches nothing, and is told; ``--no-bytecode`` leaves it out."""
    done = run(tmp_path, environment, "-o", "e.tar", "-x", "*.pyc", "--no-verify", "--level", "1")
    assert "unused-exclude: the exclude pattern '*.pyc' matches nothing" in done.stderr
    assert f"{SITE}/__pycache__/tool.cpython-312.pyc" in member_names(tmp_path / "e.tar")
    assert run(tmp_path, environment, "-o", "f.tar", *_FAST).returncode == 0
    assert not [name for name in member_names(tmp_path / "f.tar") if name.endswith(".pyc")]


def test_options_leave_the_environment_alone(tmp_path: Path, environment: Path) -> None:
    """Whatever is asked for."""
    before = snapshot(environment)
    assert run(tmp_path, environment, "--root-directory", "x", "-v", *_FAST).returncode == 0
    assert snapshot(environment) == before
