"""Bad input gets one clear line, exit code 1, and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import copy_example, find_pyenv, hatchling_build, missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_PYPY = "#!{}\nimport sys\nsys.implementation.name = 'pypy'\nexec(sys.argv[sys.argv.index('-c') + 1])\n"


def _failure(project: Path, *arguments: str, environment: dict[str, str] | None = None) -> list[str]:
    """Build, see that it fails as it should, and return what it says after the names of the stages."""
    done = hatchling_build(project, *arguments, environment=environment)
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "Traceback" not in output
    assert not list((project / "dist").glob("*"))
    return [line for line in output.splitlines() if not line.endswith("...")]


@pytest.fixture
def example(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies the example with further options."""
    return lambda **options: copy_example(tmp_path, **options)


def test_unknown_option(example: Callable[..., Path]) -> None:
    """The nearest known option is named, and not even the output folder is made."""
    project = example(compresion_level=3)
    assert _failure(project) == [
        "Unknown option `tool.hatch.build.targets.envpack.compresion-level`: did you mean `compression-level`?"
    ]
    assert not (project / "dist").exists()


def test_wrong_type(example: Callable[..., Path]) -> None:
    """The field is named."""
    assert _failure(example(verify="yes")) == [
        'Field `tool.hatch.build.targets.envpack.verify` must be a boolean or "always"'
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["plott"]}, "unknown extra, `plott`: did you mean `plot`?"),
        ({"dependency_groups": ["docs"]}, "unknown dependency group, `docs`: the project defines `dev`"),
        ({"python": "/nonexistent/python3"}, "the interpreter /nonexistent/python3 does not exist"),
        ({"python": "3.99"}, "no Python 3.99 was found"),
        ({"python": "/bin/ls"}, "/bin/ls is not a Python"),
        ({"exclude": ["!"]}, "envpack.exclude"),
    ],
)
def test_named_things_that_are_not_there(
    example: Callable[..., Path], options: dict[str, object], message: str
) -> None:
    """Extra, group, interpreter, pattern: the first line says what is wrong."""
    assert message in _failure(example(**options))[0]


def test_virtual_environment_as_python(tmp_path: Path, example: Callable[..., Path]) -> None:
    """The interpreter behind it is named."""
    base = find_pyenv("3.12")
    subprocess.run([base, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (line,) = _failure(example(python=tmp_path / "venv/bin/python"))
    assert "is a virtual environment" in line
    assert str(base) in line


def test_i14_pypy_as_python(tmp_path: Path, example: Callable[..., Path]) -> None:
    """Another implementation is named and refused; what it says of itself is all that counts."""
    program = tmp_path / "pypy"
    program.write_text(_PYPY.format(find_pyenv("3.12")))
    program.chmod(0o755)
    (line,) = _failure(example(python=program))
    assert "is pypy: only CPython can be packed" in line


def test_requires_python_is_checked_first(example: Callable[..., Path]) -> None:
    """Nothing is installed for an interpreter that the project excludes."""
    project = example(python=find_pyenv("3.12"))
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text.replace('requires-python = ">=3.9"', 'requires-python = ">=3.13"'))
    done = hatchling_build(project)
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.startswith("example-project requires Python >=3.13, but")


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_dependency_that_cannot_be_resolved(example: Callable[..., Path], installer: str) -> None:
    """The installer's own explanation is shown."""
    first, *detail = _failure(example(extra_dependencies=["numpy==0.0.77"], installer=installer))
    assert first == f"the dependencies cannot be installed; {installer} says:"
    assert "numpy==0.0.77" in "\n".join(detail)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_wheel_that_cannot_be_built(example: Callable[..., Path], installer: str) -> None:
    """A build hook that fails is shown with what it said."""
    project = example(installer=installer)
    (project / "hatch_build.py").write_text("raise SystemExit('the hook does not like this')\n")
    with (project / "pyproject.toml").open("a") as stream:
        stream.write("\n[tool.hatch.build.targets.wheel.hooks.custom]\n")
    first, *detail = _failure(project)
    assert "the wheel of" in first
    assert "cannot be built" in first
    assert "the hook does not like this" in "\n".join(detail)


def test_unwritable_output_folder(tmp_path: Path, example: Callable[..., Path]) -> None:
    """The folder is named; nothing is installed before."""
    (tmp_path / "file").write_text("")
    done = hatchling_build(example(), "-d", str(tmp_path / "file/dist"))
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert f"the output folder {tmp_path / 'file/dist'} cannot be made: Not a directory" in line


def test_read_only_output_folder(example: Callable[..., Path]) -> None:
    """A folder on a read-only mount is named, before anything is installed."""
    if os.geteuid() != 0:
        missing("mounting needs to be root")
    project = example()
    (project / "dist").mkdir()
    mount = 'cd "$0"; mount --bind dist dist && mount -o remount,bind,ro dist && exec "$@"'
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, project, *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line == f"the output folder {project / 'dist'} cannot be written to: Read-only file system"


@pytest.mark.parametrize("where", ["dist", "temporary"])
def test_full_disk(example: Callable[..., Path], where: str) -> None:
    """A disk that is full in the output folder, or in the temporary one: no file under the final name."""
    if os.geteuid() != 0:
        missing("mounting a small file system needs to be root")
    project = example(verify=False)
    for name in ("dist", "temporary"):
        (project / name).mkdir()
    mount = (
        f'mount -t tmpfs -o size=20m none "$0/{where}" && cd "$0" && {{ "$@"; code=$?; ls -A "$0/dist"; exit $code; }}'
    )
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, project, *command],
        env={
            **os.environ,
            "TMPDIR": str(project / "temporary"),
            "HATCH_ENVPACK_CACHE_DIR": str(project / "temporary/cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "Traceback" not in output
    assert "No space left on device" in output or "os error 28" in output
    assert ".envpack" not in done.stdout
    assert ".partial" not in done.stdout


def test_failing_import_is_named_and_nothing_is_kept(example: Callable[..., Path]) -> None:
    """The proof names the module that cannot be imported, and no pack is left."""
    project = example(python=find_pyenv("3.12"))
    (project / "example_project/__init__.py").write_text("raise RuntimeError('not today')\n")
    lines = _failure(project)
    assert "module example_project: RuntimeError: not today" in lines[0]


def test_entry_point_that_does_not_resolve_is_named(example: Callable[..., Path]) -> None:
    """The proof resolves every script."""
    project = example(python=find_pyenv("3.12"))
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(
        text.replace("example_project.service:main", "example_project.service:gone")
    )
    assert "console_scripts driftwatch-serve: AttributeError" in _failure(project)[0]


def test_n6_max_glibc(example: Callable[..., Path]) -> None:
    """A pack that needs more is refused, with the files."""
    first, *detail = _failure(example(python=find_pyenv("3.12"), max_glibc="2.17"))
    assert "and `max-glibc` allows 2.17" in first
    assert any(line.startswith("lib/libpython3.12.so.1.0 needs glibc 2.") for line in detail)


def test_strict_makes_findings_errors(example: Callable[..., Path]) -> None:
    """A finding, here a pattern without effect, is a warning without ``strict`` and an error with it."""
    lines = _failure(example(python=find_pyenv("3.12"), exclude=["no-such-file"], strict=True, bytecode=False))
    assert lines[0].startswith("1 findings, and `strict` makes them errors")
    assert "unused-exclude" in lines[1]
