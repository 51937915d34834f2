"""The proof can fail, and names what failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.environment.distributions import EntryPoint
from hatch_envpack.errors import VerificationError
from hatch_envpack.extract.engine import unpack_into
from hatch_envpack.libraries.policy import is_system_library
from hatch_envpack.prove.ask import Question, ask
from hatch_envpack.prove.proof import prove
from tests.conftest import find_pyenv

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_envpack.finding import Finding
    from tests.conftest import Built

PROGRAM = "python3.12"


def _prove(
    built: Built,
    folder: Path,
    asked: Question,
    allows: Callable[[str], bool] = is_system_library,
    needs: Callable[[str], bool] = lambda _: True,
    **names: str,
) -> list[Finding]:
    original = Path(names.get("original", built.interpreter))
    place, nowhere = folder / "an other place", folder / "nowhere"
    place.mkdir()
    nowhere.mkdir()
    unpack_into(built.pack, place)
    return prove(place, names.get("program", PROGRAM), asked, allows, needs, original, nowhere)


def test_part_that_was_lost(tmp_path: Path, pyenv_pack: Built) -> None:
    """A module that the original has and the pack has not is named, with Python's own reason: here pip, left behind."""
    with pytest.raises(VerificationError, match="module pip: ModuleNotFoundError"):
        _prove(pyenv_pack, tmp_path, Question(("json", "pip"), ()))


def test_part_that_never_worked_is_a_finding(tmp_path: Path, pyenv_pack: Built) -> None:
    """A dependency's module or command that fails in the original too is not of the pack's making."""
    points = (EntryPoint("console_scripts", "x", "json:no_such", extras=False),)
    findings = _prove(pyenv_pack, tmp_path, Question(("json", "no_such_module"), points))
    assert [finding.what.partition(" (")[0] for finding in findings] == [
        "module no_such_module cannot be imported",
        "console_scripts x does not resolve",
    ]
    assert [finding.path for finding in findings] == ["no_such_module", "bin/x"]
    assert all(finding.todo.startswith("nor did it before it was packed") for finding in findings)


def test_modules_that_do_not_bear_each_other(tmp_path: Path, pyenv_pack: Built) -> None:
    """What fails only after another one was imported works; what fails by itself does not."""
    place = tmp_path / "place"
    place.mkdir()
    unpack_into(pyenv_pack.pack, place)
    library = place / "lib/python3.12"
    (library / "a_first.py").write_text("import sys\nsys.modules['b_second'] = None\n")
    (library / "b_second.py").touch()
    (library / "c_third.py").write_text("raise ImportError('never')\n")
    assert len(ask(place / "bin/python", Question(("a_first", "b_second"), ()), tmp_path).failures) == 1
    names = [place / "bin" / PROGRAM, tmp_path]
    assert prove(place, PROGRAM, Question(("a_first", "b_second"), ()), is_system_library, bool, *names) == []
    with pytest.raises(VerificationError, match="module c_third: ImportError: never"):
        prove(
            place,
            PROGRAM,
            Question(("a_first", "b_second", "c_third"), ()),
            is_system_library,
            bool,
            Path("/x"),
            tmp_path,
        )


def test_c10_reason_does_not_tell_of_the_proof(tmp_path: Path) -> None:
    """What stands in the manifest is one line, and the same wherever the proof took place."""
    (tmp_path / "long_winded.py").write_text(
        "import sys\nraise ImportError(f'no a in {sys.prefix}/lib/a.py\\nfor long')\n"
    )
    answer = ask(find_pyenv("3.12"), Question(("long_winded",), ()), tmp_path)
    assert [failure.error for failure in answer.failures] == ["ImportError: no a in lib/a.py"]


def test_projects_own_part_must_work(tmp_path: Path, pyenv_pack: Built) -> None:
    """What is the project's own is an error, whatever it did before."""
    points = (EntryPoint("console_scripts", "x", "json:no_such", extras=False),)
    asked = Question((), points, frozenset({("console_scripts", "x")}))
    with pytest.raises(VerificationError, match="console_scripts x: AttributeError"):
        _prove(pyenv_pack, tmp_path, asked)


def test_original_that_cannot_be_asked_excuses_nothing(tmp_path: Path, pyenv_pack: Built) -> None:
    """Without an answer from the original, a failure is an error."""
    with pytest.raises(VerificationError, match="module no_such_module"):
        _prove(pyenv_pack, tmp_path, Question(("no_such_module",), ()), original="/nonexistent/python")


def test_plugin_without_its_program_is_accepted(tmp_path: Path, pyenv_pack: Built) -> None:
    """A dependency's entry point for another program that did not resolve before either needs nobody's attention."""
    points = (EntryPoint("pytest11", "x", "no_such:thing", extras=False),)
    (finding,) = _prove(pyenv_pack, tmp_path, Question((), points))
    assert finding.what.startswith("pytest11 x does not resolve")
    assert finding.accepted


@pytest.mark.parametrize("own", [True, False])
def test_plugin_that_was_lost_is_a_finding(tmp_path: Path, pyenv_pack: Built, *, own: bool) -> None:
    """One that resolved before is told, and so is the project's own in any case."""
    point = EntryPoint("pytest11", "x", "no_such:thing" if own else "pip:main", extras=False)
    asked = Question((), (point,), frozenset({("pytest11", "x")} if own else ()))
    (finding,) = _prove(pyenv_pack, tmp_path, asked)
    assert not finding.accepted
    assert "plugin of a program" in finding.todo


def test_library_of_the_build_machine(tmp_path: Path, pyenv_pack: Built) -> None:
    """A library that is loaded from outside and is not on the list is named: here the list is empty."""
    with pytest.raises(VerificationError, match=r"uses the library /\S+\.so\S* of the build machine"):
        _prove(pyenv_pack, tmp_path, Question(("json",), ()), lambda _: False)


def test_program_that_is_missing(tmp_path: Path, pyenv_pack: Built) -> None:
    """A pack without its interpreter is told as such."""
    with pytest.raises(VerificationError, match="cannot be run: No such file"):
        _prove(pyenv_pack, tmp_path, Question((), ()), program="python2.7")
