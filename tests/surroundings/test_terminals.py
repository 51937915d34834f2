"""Terminals on a machine that has no description of any (D3): real programs in a real pseudo-terminal."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

import pytest

from tests.surroundings.conftest import PLACE

if TYPE_CHECKING:
    from tests.surroundings.conftest import Bare

VENV = "/srv/venv/bin/python"

_DRIVER = """
import os, pty, select, sys, time
def _type(keys, *command):
    pid, terminal = pty.fork()
    if not pid:
        os.execv(command[0], command)
    shown, waiting = b"", list(keys)
    while select.select([terminal], [], [], 20)[0]:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        shown += data
        while waiting and waiting[0][0] in shown:
            os.write(terminal, waiting.pop(0)[1])
    print(repr((os.WEXITSTATUS(os.waitpid(pid, 0)[1]), shown.decode())))
"""
"""Answers what a program shows with keys: pairs of what is waited for and what is typed then."""

_CURSES = """
import curses, os, sys
{before}
screen = curses.initscr()
screen.addstr(0, 0, "drawn")
screen.refresh()
able = curses.tigetstr("cup") is not None
curses.endwin()
print("able" if able else "unable", os.environ["TERM"])
"""

_READLINE = """
import readline
readline.set_completer(lambda text, number: ["completed"][number] if text == "comp" else None)
readline.parse_and_bind("tab: complete")
readline.add_history("from history")
print(repr(input("one> ")), repr(input("two> ")))
"""


def _drive(bare: Bare, keys: list[tuple[bytes, bytes]], *command: str, **environment: str) -> tuple[int, str]:
    code = f"{_DRIVER}\n_type({keys!r}, *{list(command)!r})"
    status, shown = ast.literal_eval(bare.python("-c", code, **environment).splitlines()[-1])
    return status, shown


@pytest.mark.parametrize("terminal", ["xterm-256color", "tmux", "dumb"])
def test_d3_curses_draws(bare: Bare, terminal: str) -> None:
    """A program draws, and moves the cursor where the terminal can; the root has no description of a terminal."""
    assert not list(bare.path.glob("*/terminfo")) + list(bare.path.glob("usr/*/terminfo"))
    code = _CURSES.format(before="")
    status, shown = _drive(bare, [], f"{PLACE}/bin/python", "-c", code, TERM=terminal)
    assert status == 0, shown
    assert "drawn" in shown
    assert f"{'unable' if terminal == 'dumb' else 'able'} {terminal}" in shown
    assert ("\x1b[" in shown) == (terminal != "dumb")


@pytest.mark.parametrize(
    "command",
    [(VENV,), (f"{PLACE}/bin/python", "-S"), (f"{PLACE}/bin/python", "-I"), (f"{PLACE}/bin/python", "-E")],
    ids=["venv", "no-site", "isolated", "no-environment"],
)
def test_d3_however_python_is_started(bare: Bare, command: tuple[str, ...]) -> None:
    """From an environment made from the pack, without ``site``, isolated: curses draws."""
    status, shown = _drive(bare, [], *command, "-c", _CURSES.format(before=""), TERM="xterm")
    assert (status, "drawn" in shown, "able xterm" in shown) == (0, True, True), shown


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d3_terminal_that_is_named_late(bare: Bare) -> None:
    """``TERM`` may be set by the program itself, after it has imported curses."""
    code = _CURSES.format(before='os.environ["TERM"] = "xterm"')
    status, shown = _drive(bare, [], f"{PLACE}/bin/python", "-c", code)
    assert (status, "able xterm" in shown) == (0, True), shown


@pytest.mark.parametrize("program", [f"{PLACE}/bin/python", VENV], ids=["pack", "venv"])
def test_d3_readline_has_history_and_completion(bare: Bare, program: str) -> None:
    """The arrow key brings the last line back, and the tabulator completes, on a terminal that can move its cursor."""
    keys = [(b"one> ", b"\x1b[A\r"), (b"two> ", b"comp\t\r")]
    status, shown = _drive(bare, keys, program, "-c", _READLINE, TERM="xterm")
    assert status == 0, shown
    assert "'from history' 'completed'" in shown


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
@pytest.mark.parametrize(("terminal", "known"), [("xterm", True), ("unheard-of", False)])
def test_d3_readline_knows_the_terminal(bare: Bare, terminal: str, known: bool) -> None:  # noqa: FBT001
    """Control-L clears the screen, which is done by the terminal's own sequence; of an unknown one there is none."""
    keys = [(b"one> ", b"ab\x0c\r"), (b"two> ", b"\r")]
    status, shown = _drive(bare, keys, f"{PLACE}/bin/python", "-c", _READLINE, TERM=terminal)
    assert (status, "'ab' ''" in shown, "\x1b[H\x1b[2J" in shown) == (0, True, known), shown


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d3_the_callers_and_the_systems_come_first(bare: Bare) -> None:
    """``TERMINFO`` and ``TERMINFO_DIRS`` of the caller win, then the system's own folders, then the pack's."""
    (dumb,) = bare.place.glob("share/terminfo/d/dumb")
    description = dumb.read_bytes()
    for folder in ("home/special/x", "usr/share/terminfo/x"):
        (bare.path / folder).mkdir(parents=True)
    # a dumb terminal under the name of another: whoever reads this one cannot move the cursor
    (bare.path / "home/special/x/xterm").write_bytes(description)
    code = _CURSES.format(before="")
    python = f"{PLACE}/bin/python"
    assert ">able xterm" in _drive(bare, [], python, "-c", code, TERM="xterm")[1]
    for variable in ("TERMINFO", "TERMINFO_DIRS"):
        environment = {"TERM": "xterm", variable: "/home/special"}
        assert "unable xterm" in _drive(bare, [], python, "-c", code, **environment)[1]
    environment = {"TERM": "xterm", "TERMINFO": "/nonexistent", "TERMINFO_DIRS": "/nonexistent"}
    assert ">able xterm" in _drive(bare, [], python, "-c", code, **environment)[1]
    (bare.path / "usr/share/terminfo/x/xterm").write_bytes(description)
    assert "unable xterm" in _drive(bare, [], python, "-c", code, TERM="xterm")[1]


def test_d3_costs_nothing_without_a_terminal(bare: Bare) -> None:
    """A program that uses neither curses nor readline loads nothing of it, and its variables stay the caller's."""
    code = "import os, sys; print('_envpack_terminfo' in sys.modules, 'readline' in sys.modules, dict(os.environ))"
    out = bare.python("-c", code, TERM="xterm")
    assert out.startswith("False False ")
    assert "TERMINFO" not in out


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d3_readline_is_the_real_module(bare: Bare) -> None:
    """What is imported is the extension module, under its own name and with its own file."""
    code = "import readline, sys; print(readline is sys.modules['readline'], readline.__file__, readline.__spec__.name)"
    same, *path, name = bare.python("-c", code).split(" ")
    assert (same, name) == ("True", "readline\n")
    assert "/lib-dynload/readline." in " ".join(path)
    assert os.path.basename(" ".join(path)).endswith(".so")  # noqa: PTH119 - a path of the root's


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d3_variables_of_the_program_stay_as_they_are(bare: Bare) -> None:
    """What tells the library of the pack's terminals is not seen in ``os.environ``."""
    code = "import os; before = dict(os.environ); import curses, readline; print(dict(os.environ) == before)"
    assert bare.python("-c", code, TERM="xterm") == "True\n"
