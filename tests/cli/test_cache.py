"""``hatch-envpack cache``."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hatch_envpack.cache.tag import claim
from hatch_envpack.cli.program import program
from tests.cli.test_program import run

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache with two frames and a plan, unused for 40, 20 and 0 days."""
    root = tmp_path / "cache"
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(root))
    claim(root)
    found = [("frames/ab/ab1", 3_000_000, 40), ("frames/cd/cd2", 2_000_000, 20), ("plans/ef/ef3", 500, 0)]
    for name, size, days in found:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(bytes(size))
        then = time.time() - days * DAY
        os.utime(root / name, (then, then))
    return root


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["cache", *arguments])


def test_dir(root: Path) -> None:
    """The folder alone, for ``$(…)``."""
    assert _run("dir").output == f"{root}\n"
    assert json.loads(_run("dir", "--json").output) == {"folder": str(root)}


def test_size(root: Path) -> None:
    """A line for every kind of which there is something, and the sum."""
    lines = [line.split() for line in _run("size").output.splitlines()]
    assert lines == [
        ["kind", "entries", "size"],
        ["frames", "2", "5.0", "MB"],
        ["plans", "1", "500", "B"],
        ["all", "3", "5.0", "MB"],
    ]
    found = json.loads(_run("size", "--json").output)
    assert (found["folder"], found["entries"], found["bytes"]) == (str(root), 3, 5_000_500)
    assert found["kinds"]["frames"] == {"entries": 2, "bytes": 5_000_000}


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--older-than", "30d"], ["cd2", "ef3"]),
        (["--older-than", "2w"], ["ef3"]),
        (["--max-size", "2.5MB"], ["cd2", "ef3"]),
        (["--max-size", "1MiB"], ["ef3"]),
        (["--max-size", "0B"], []),
        (["--older-than", "50d", "--max-size", "1GB"], ["ab1", "cd2", "ef3"]),
        (["--older-than", "30d", "--max-size", "1kB"], ["ef3"]),
    ],
)
def test_prune(root: Path, options: list[str], left: list[str]) -> None:
    """The options mean what they say."""
    assert _run("prune", *options).exit_code == 0
    assert sorted(path.name for path in root.glob("*/*/*")) == left


def test_prune_tells_what_it_did(root: Path) -> None:
    """In a line, or for a program."""
    assert _run("prune", "--older-than", "30d").output == "removed 1 entries (3.0 MB), kept 2 (2.0 MB)\n"
    done = json.loads(_run("prune", "--max-size", "1kB", "--json").output)
    assert done == {
        "removed": {"entries": 1, "bytes": 2_000_000},
        "kept": {"entries": 1, "bytes": 500},
        "in_use": 0,
    }
    assert root.exists()


def test_clean(root: Path) -> None:
    """Everything goes, and once more there is nothing to do."""
    assert json.loads(_run("clean", "--json").output)["removed"] == {"entries": 3, "bytes": 5_000_500}
    assert _run("clean").output == "removed 0 entries (0 B), kept 0 (0 B)\n"
    assert not list(root.glob("*/*/*"))


@pytest.mark.parametrize("arguments", [["clean"], ["prune", "--max-size", "0B"]], ids=" ".join)
def test_a_home_folder_is_not_emptied(root: Path, arguments: list[str]) -> None:
    """A folder that is not the cache's is an error."""
    (root / "CACHEDIR.TAG").unlink()
    done = run("cache", *arguments, HATCH_ENVPACK_CACHE_DIR=str(root))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {root} is not a cache of hatch-envpack")
    assert done.stderr.count("\n") == 1
    assert len(list(root.glob("*/*/*"))) == 3
