"""The option ``python``: what is found, and what is refused in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.environment.installer import find_uv
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.resolve import resolve_interpreter
from tests.conftest import find_debian, find_pyenv

if TYPE_CHECKING:
    from hatch_envpack.interpreter.model import Interpreter


def _resolve(python: str | Path, *, root: Path = Path("/"), uv: Path | None = None) -> Interpreter:
    return resolve_interpreter(str(python), root=root, uv=uv)


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _pretender(path: Path, changes: str) -> Path:
    """Return a program that is a real Python, but says something else of itself. Called as ``-I -B -c code``."""
    return _script(path, f'exec {find_pyenv("3.12")} -I -c "import sys; {changes}; exec(sys.argv[1])" "$4"')


@pytest.fixture
def python() -> Path:
    """Return an interpreter with an installation of its own."""
    return find_pyenv("3.12")


def test_i3_current_is_never_an_environment() -> None:
    """The tests run in an environment or not: the base interpreter is found."""
    interpreter = _resolve("current")
    assert str(interpreter.prefix) == sys.base_prefix
    assert interpreter.version == sys.version_info[:3]
    assert interpreter.executable.resolve() == interpreter.executable
    assert not interpreter.executable.is_relative_to(sys.prefix) or sys.prefix == sys.base_prefix


@pytest.mark.parametrize("version", ["3.9", "3.12"])
@pytest.mark.parametrize("how", ["--symlinks", "--copies"])
def test_i3_environment_names_its_base(tmp_path: Path, version: str, how: str) -> None:
    """An environment as ``python`` is refused, by the program and by the folder, and its base is named."""
    base = find_pyenv(version)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(base.parent.parent / "lib")}
    subprocess.run([base, "-m", "venv", "--without-pip", how, tmp_path / "venv"], check=True, env=environment)
    for path in (tmp_path / "venv", tmp_path / "venv/bin/python"):
        with pytest.raises(InterpreterError) as caught:
            _resolve(path)
        expected = f"{path} is a virtual environment: set the option `python` to its interpreter, {base.resolve()}"
        assert str(caught.value) == expected


def test_path_forms(tmp_path: Path, python: Path) -> None:
    """A program, a link to it, its folder, an installation and a path relative to the project are the same."""
    (tmp_path / "linked").symlink_to(python)
    for path in (python, tmp_path / "linked", python.parent, python.parent.parent, "linked"):
        assert _resolve(path, root=tmp_path).executable == python.resolve()


def test_i12_system_prefix() -> None:
    """``/usr`` means Debian's Python."""
    assert _resolve("/usr").executable == find_debian()


@pytest.mark.parametrize("form", ["{0}", "{1}", "cpython-{0}", "cpython{0}", "python{0}"])
def test_version_without_uv(monkeypatch: pytest.MonkeyPatch, python: Path, form: str) -> None:
    """Installations of pyenv are found by version, whole or in part."""
    full = python.parent.parent.name
    monkeypatch.setenv("PYENV_ROOT", str(python.parents[3]))
    assert _resolve(form.format("3.12", full)).executable == python.resolve()


def test_version_on_path_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    """Without pyenv, the first program on ``PATH`` of that name that answers: shims may stand before it (I13)."""
    (tmp_path / "shims").mkdir()
    _script(tmp_path / "shims/python3.12", "exit 127")
    (tmp_path / "python3.12").symlink_to(python)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}:/usr/bin:/bin")
    assert _resolve("3.12").executable == python.resolve()


def test_version_with_uv_is_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    """An active environment does not lead uv to it, nor does the project's."""
    uv = find_uv()
    assert uv is not None
    for name in ("active", ".venv"):
        subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / name], check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "active"))
    monkeypatch.setenv("PATH", f"{python.parent}:/usr/bin:/bin")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    assert _resolve("3.12", uv=uv).executable == python.resolve()


def test_version_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where it was looked for and what to do."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(InterpreterError, match=r"^no Python 3\.12\.99 was found .*`uv python install 3\.12\.99`"):
        _resolve("3.12.99")


def test_i13_shim_leads_to_the_real_program(tmp_path: Path, python: Path) -> None:
    """A script that runs a Python, as those of pyenv and asdf do, is the Python that it runs."""
    shim = _script(tmp_path / "python3", f'exec "{python}" "$@"')
    assert _resolve(shim).executable == python.resolve()


def test_i13_shim_that_leads_nowhere_is_quoted(tmp_path: Path) -> None:
    """What a shim has to say stands below the line."""
    shim = _script(tmp_path / "python3", "echo 'pyenv: version `3.99` is not installed' >&2; exit 1")
    with pytest.raises(InterpreterError, match="is not a Python 3 that works") as caught:
        _resolve(shim)
    assert caught.value.detail == "pyenv: version `3.99` is not installed"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("sys.implementation.name = 'pypy'", "is pypy: only CPython can be packed"),
        ("sys.implementation.name = 'graalpy'", "is graalpy: only CPython can be packed"),
        ("import sysconfig; sysconfig.get_config_vars()['PYTHONFRAMEWORK'] = 'Python'", "is a macOS framework build"),
        (
            "import sysconfig; sysconfig.get_config_vars(); sys.platform = 'win32'",
            "is for win32: packs are made on Linux for now",
        ),
        ("sys.version_info = (3, 15, 0)", "which is newer than what this version of hatch-envpack is tested with"),
        ("sys.version_info = (3, 8, 18)", "which is too old: set the option `python` to one from 3.9 to 3.14"),
    ],
)
def test_i14_i15_other_kinds(tmp_path: Path, changes: str, message: str) -> None:
    """Each kind that cannot be packed is named in one line."""
    with pytest.raises(InterpreterError) as caught:
        _resolve(_pretender(tmp_path / "python", changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_musl_is_refused(tmp_path: Path) -> None:
    """A program whose loader is musl's is for other machines."""
    program = tmp_path / "python3.12"
    glibc, musl = b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-musl-x86_64.so.1\0\0\0\0"
    data = Path("/usr/bin/env").read_bytes()
    assert len(glibc) == len(musl)
    assert data.count(glibc) == 1
    program.write_bytes(data.replace(glibc, musl))
    with pytest.raises(InterpreterError, match="is built for musl, and only interpreters for glibc can be packed"):
        _resolve(_pretender(tmp_path / "python", f"sys._base_executable = '{program}'"))


def test_not_a_python(tmp_path: Path) -> None:
    """What is missing, no program, not executable, or not Python is said so, with the path."""
    (tmp_path / "plain").write_text("text")
    (tmp_path / "empty").mkdir()
    for path, message in {
        tmp_path / "missing": "does not exist",
        tmp_path / "plain": "is not executable",
        tmp_path / "empty": "holds no bin/python3",
        Path("/bin/true"): "is not a Python 3 that works",
    }.items():
        with pytest.raises(InterpreterError, match=message) as caught:
            _resolve(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_the_callers_settings_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> None:
    """Variables that are meant for another Python do not change what this one says of itself."""
    clean = _resolve(python)
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("_PYTHON_SYSCONFIGDATA_NAME", "nothing")
    monkeypatch.setenv("_PYTHON_HOST_PLATFORM", "linux-riscv64")
    assert _resolve(python) == clean
