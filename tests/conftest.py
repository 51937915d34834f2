"""What the tests share: interpreters, targets, and packs of the example that are built once for all tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomlkit
from hypothesis import settings

from tests.targets.roots import MissingToolError, Root, bare_root
from tests.targets.wine import Wine, wine_session

if TYPE_CHECKING:
    from collections.abc import Iterator

if "HATCH_ENVPACK_CACHE_DIR" not in os.environ:
    # one cache for all tests, and not the user's: what one test packed the next one need not pack again
    os.environ["HATCH_ENVPACK_CACHE_DIR"] = tempfile.mkdtemp(prefix="envpack-test-cache-")
    atexit.register(shutil.rmtree, os.environ["HATCH_ENVPACK_CACHE_DIR"], ignore_errors=True)

# how long an example takes says more of the machine than of the program
settings.register_profile("tests", settings(), deadline=None)
settings.load_profile("tests")

# what a shell runs in the background ignores Ctrl-C, and so would all that the tests run
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parent.parent
PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"


def missing(what: str) -> None:
    """Skip, visibly; in continuous integration, which installs what the tests need, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} (this runs under CI, where it must not be missing)")
    pytest.skip(what)


def find_pyenv(version: str) -> Path:
    """Return an interpreter that pyenv built, such as ``3.12``; newest patch version first."""
    found = sorted(PYENV.glob(f"{version}.*/bin/python{version}"))
    if not found:
        missing(f"pyenv has no Python {version}")
    return found[-1]


def find_debian() -> Path:
    """Return Debian's own interpreter."""
    program = Path("/usr/bin/python3")
    if not Path("/etc/debian_version").exists() or not program.exists():
        missing("this is no Debian with Python")
    return program.resolve()


@dataclass(frozen=True, slots=True)
class Built:
    """A project, the interpreter that it was packed with, and the pack."""

    project: Path
    interpreter: Path
    pack: Path


def copy_example(folder: Path, **options: object) -> Path:
    """Copy the example project into ``folder``, with further options in the table of the target."""
    ignored = shutil.ignore_patterns("dist", "__pycache__", "*.egg-info", ".*")
    project = Path(shutil.copytree(REPOSITORY / "example_project", folder / "example", ignore=ignored))
    path = project / "pyproject.toml"
    document = tomlkit.parse(path.read_text())
    table = document["tool"]["hatch"]["build"]["targets"]["envpack"]
    for name, value in options.items():
        table[name.replace("_", "-")] = str(value) if isinstance(value, Path) else value
    path.write_text(tomlkit.dumps(document))
    return project


def hatchling_build(
    project: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``hatchling build -t envpack`` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "envpack", *arguments],
        cwd=project,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def build(project: Path, interpreter: Path, **environment: str) -> Built:
    """Build and return the pack; the test fails with the output of a build that fails."""
    done = hatchling_build(project, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (pack,) = (project / "dist").glob("*.envpack.tar.zst")
    return Built(project, interpreter, pack)


@pytest.fixture(scope="session")
def pyenv_pack(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the example packed with a pyenv build: shared libpython, absolute RUNPATH."""
    interpreter = find_pyenv("3.12")
    project = copy_example(tmp_path_factory.mktemp("pyenv pack"), python=interpreter)
    return build(project, interpreter)


@pytest.fixture(scope="session")
def debian_pack(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the example packed with Debian's interpreter: spread over ``/usr``, patched."""
    interpreter = find_debian()
    project = copy_example(tmp_path_factory.mktemp("debian-pack"), python=interpreter)
    return build(project, interpreter)


@pytest.fixture(scope="session", params=["pyenv", "debian"])
def example_pack(request: pytest.FixtureRequest) -> Built:
    """Return each of the two packs in turn."""
    built: Built = request.getfixturevalue(f"{request.param}_pack")
    return built


@pytest.fixture
def trixie(tmp_path: Path) -> Iterator[Root]:
    """Return a bare root of Debian 13 for this test alone."""
    try:
        yield bare_root("trixie", tmp_path / "root")
    except MissingToolError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def wine() -> Iterator[Wine]:
    """Return a Windows for all tests; it takes ten seconds to make."""
    try:
        with wine_session() as made:
            yield made
    except MissingToolError as error:
        missing(str(error))
