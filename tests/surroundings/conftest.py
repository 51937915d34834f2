"""Packs that lie unpacked in a bare root, made once and linked for each test."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.targets.roots import MissingToolError, Root, bare_root

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Built

PLACE = "/opt/a b'c"


@dataclass(frozen=True, slots=True)
class Bare:
    """A root of this test's own; the files that were there are links to shared ones, so that none may be rewritten."""

    root: Root
    place: Path
    """The unpacked pack, as the host sees it."""

    @property
    def path(self) -> Path:
        """The root's folder on the host."""
        return self.root.path

    @property
    def library(self) -> Path:
        """The standard library, as the host sees it."""
        (found,) = (path for path in self.place.glob("lib/python3.*") if path.is_dir())
        return found

    def python(self, *arguments: str, program: str = f"{PLACE}/bin/python", **environment: str) -> str:
        """Run the pack's Python in the root; return what it prints, and fail where it fails."""
        done = self.root.run(program, *arguments, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def put(self, path: str, content: str) -> Path:
        """Make a file of the root."""
        file = self.path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory, example_pack: Built) -> Root:
    """Return a root of Debian 13 with the pack, and an environment of links made from it as ``/srv/venv``."""
    try:
        root = bare_root("trixie", tmp_path_factory.mktemp("shared") / "root")
    except MissingToolError as error:
        missing(str(error))
    root.unpack(example_pack.pack, PLACE)
    done = root.run(f"{PLACE}/bin/python", "-m", "venv", "--without-pip", "/srv/venv")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def bare(shared_root: Root, tmp_path: Path) -> Bare:
    """Return each of the two packs in turn, on a bare machine of this test's own."""
    subprocess.run(["cp", "-al", shared_root.path, tmp_path / "root"], check=True)
    root = Root(tmp_path / "root")
    return Bare(root, root.path / PLACE.lstrip("/"))
