"""What uv found is remembered until something changes where it looks."""

from __future__ import annotations

from pathlib import Path

import pytest

import hatch_envpack.cache.interpreters
from hatch_envpack.cache.cache import Cache
from hatch_envpack.cache.interpreters import KnownInterpreter
from hatch_envpack.environment.installer import find_uv
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.resolve import ask_uv
from tests.conftest import find_pyenv


class _Uv:
    """The real uv, and how often it was asked."""

    def __init__(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cache = cache
        self.asked = 0
        monkeypatch.setattr(hatch_envpack.cache.interpreters, "ask_uv", self._ask)

    def _ask(self, version: str, uv: Path) -> str:
        self.asked += 1
        return ask_uv(version, uv)

    def find(self, version: str, program: str = "program") -> str:
        """Ask as a new build does."""
        uv = find_uv()
        assert uv is not None
        return KnownInterpreter(Cache(self._cache, self._cache.with_name("spare")), program).find(version, uv)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on ``PATH``, with a link to pyenv's 3.12."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3.12").symlink_to(find_pyenv("3.12"))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return folder


@pytest.fixture
def uv(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> _Uv:
    """Return uv, which looks into that folder."""
    assert folder.is_dir()
    return _Uv(tmp_path / "cache", monkeypatch)


def test_uv_is_asked_once(uv: _Uv) -> None:
    """The second build has the answer; another version is another question, and so is another version of ours."""
    first = uv.find("3.12")
    assert Path(first).resolve() == find_pyenv("3.12").resolve()
    assert (uv.find("3.12"), uv.asked) == (first, 1)
    uv.find(find_pyenv("3.12").parent.parent.name)
    assert uv.asked == 2
    uv.find("3.12", "changed")
    assert uv.asked == 3


def test_uv_is_asked_again_when_its_folders_change(uv: _Uv, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new program on ``PATH``, another ``PATH``, an interpreter that is gone."""
    uv.find("3.12")
    (folder / "new").touch()
    uv.find("3.12")
    assert uv.asked == 2
    (folder.parent / "other").mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{folder.parent / 'other'}")
    uv.find("3.12")
    assert uv.asked == 3
    (folder / "python3.12").unlink()
    with pytest.raises(InterpreterError, match=r"3\.12"):
        uv.find("3.12")


def test_what_uv_does_not_find_is_remembered_until_it_is_there(uv: _Uv, folder: Path) -> None:
    """The same error, without asking; and the interpreter, once it was put there."""
    (folder / "python3.12").unlink()
    for _ in range(2):
        with pytest.raises(InterpreterError, match=r"uv finds no Python 3\.12"):
            uv.find("3.12")
    assert uv.asked == 1
    (folder / "python3.12").symlink_to(find_pyenv("3.12"))
    assert Path(uv.find("3.12")).resolve() == find_pyenv("3.12").resolve()
