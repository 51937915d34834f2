"""The proof can fail, and names what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_envpack.environment.distributions import EntryPoint
from hatch_envpack.errors import VerificationError
from hatch_envpack.libraries.policy import is_system_library
from hatch_envpack.verify.proof import Question, prove

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Built

PROGRAM = "python3.12"


def test_module_that_is_missing(tmp_path: Path, pyenv_pack: Built) -> None:
    """The module is named, with Python's own reason."""
    with pytest.raises(VerificationError, match="module no_such_module: ModuleNotFoundError"):
        prove(pyenv_pack.pack, Question(PROGRAM, ("json", "no_such_module"), ()), is_system_library, tmp_path / "p")


def test_library_of_the_build_machine(tmp_path: Path, pyenv_pack: Built) -> None:
    """A library that is loaded from outside and is not on the list is named: here the list is empty."""
    with pytest.raises(VerificationError, match=r"uses the library /\S+\.so\S* of the build machine"):
        prove(pyenv_pack.pack, Question(PROGRAM, ("json",), ()), lambda _: False, tmp_path / "p")


def test_program_that_is_missing(tmp_path: Path, pyenv_pack: Built) -> None:
    """A pack without its interpreter is told as such."""
    with pytest.raises(VerificationError, match="cannot be run: No such file"):
        prove(pyenv_pack.pack, Question("python2.7", (), ()), is_system_library, tmp_path / "q")


def test_plugin_without_its_program_is_a_finding(tmp_path: Path, pyenv_pack: Built) -> None:
    """An entry point for another program that does not resolve is no error; a command is."""
    points = (EntryPoint("pytest11", "x", "no_such:thing", extras=False),)
    (finding,) = prove(pyenv_pack.pack, Question(PROGRAM, (), points), is_system_library, tmp_path / "p")
    assert finding.kind == "entry-point"
    assert "pytest11" in finding.what
    points = (EntryPoint("console_scripts", "x", "json:no_such", extras=False),)
    with pytest.raises(VerificationError, match="console_scripts x: AttributeError"):
        prove(pyenv_pack.pack, Question(PROGRAM, (), points), is_system_library, tmp_path / "q")
