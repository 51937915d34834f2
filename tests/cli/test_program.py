"""The command itself: help, version, exit codes, interruptions, and what its start costs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

import hatch_envpack
from hatch_envpack import cli
from hatch_envpack.cli.program import VERBS, program
from hatch_envpack.cli.verb import Verb
from tests.terminal import look

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = Path(sys.executable).with_name("hatch-envpack")
_STOPS = """
import sys, time, types
import hatch_envpack.extract.unpack as module
def unpack(pack, folder, *, jobs, progress):
    progress(1, 2)
    {}
module.unpack = unpack
sys.argv = ["hatch-envpack", "unpack", "app.tar.zst", "app"]
from hatch_envpack.cli.main import main
sys.exit(main())
"""


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False, env=variables)


def _commands(command: click.Command = program, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, *words, name)


ALL = dict(_commands())


def test_version() -> None:
    """One line with name and version."""
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"hatch-envpack {hatch_envpack.__version__}\n", "")


def test_every_verb_has_a_file_of_its_own() -> None:
    """A verb is its file and its name in the list; what is no verb is what all of them share."""
    files = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert files - set(VERBS) == {"__init__", "main", "program", "quantities", "verb"}


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help(words: tuple[str, ...]) -> None:
    """Every command and every option says what it does, the first sentence of a command fits into the list."""
    done = CliRunner().invoke(program, [*words, "--help"], prog_name="hatch-envpack")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: {' '.join(('hatch-envpack', *words))} ")
    command = ALL[words]
    assert command.help
    assert "..." not in command.get_short_help_str(limit=66)
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert CliRunner().invoke(program, [*words, "-h"], prog_name="hatch-envpack").output == done.output


@pytest.mark.parametrize("words", [words for words, command in ALL.items() if isinstance(command, Verb)], ids=" ".join)
def test_examples_are_right(words: tuple[str, ...]) -> None:
    """What the help shows stands there in one line, and is a command line that is understood."""
    command = ALL[words]
    assert isinstance(command, Verb)
    assert command.examples
    shown = CliRunner().invoke(program, [*words, "--help"]).output
    for example in command.examples:
        assert f"\n  {example}\n" in shown
        (line,) = re.findall(r"hatch-envpack ([^)>]+)", example)
        arguments = shlex.split(line)
        assert tuple(arguments[: len(words)]) == words
        command.make_context(words[-1], arguments[len(words) :])


def test_commands_without_examples_are_groups() -> None:
    """Nothing that does something is left without an example."""
    assert all(isinstance(command, click.Group | Verb) for command in ALL.values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pakc"], "No such command 'pakc'"),
        (["cache", "size", "--jsn"], "--jsn"),
        (["cache", "prune"], "name --older-than, --max-size or both"),
        (["cache", "prune", "--max-size", "5"], "'5' is not a size: write a number and B, kB, MB"),
        (["cache", "prune", "--older-than", "30"], "'30' is not a duration: write a number and s, m, h"),
        (["unpack", "app.tar.zst"], "Missing argument 'FOLDER'"),
        (["unpack", "--jobs", "0", "app.tar.zst", "app"], "0 is not in the range"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
    ],
)
def test_a_wrong_command_line(arguments: list[str], says: str) -> None:
    """It is told how it is right, on standard error, with exit code 2."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Usage: hatch-envpack" in done.stderr


def test_an_error_is_one_line(tmp_path: Path) -> None:
    """What the user can mend has exit code 1 and no traceback."""
    done = run("unpack", tmp_path / "none.tar.zst", tmp_path / "app")
    assert (done.returncode, done.stdout) == (1, "")
    (error,) = [line for line in done.stderr.splitlines() if not line.endswith("...")]
    assert error.startswith("error: ")
    assert "none.tar.zst" in error


def test_the_detail_of_an_error_is_below_it() -> None:
    """What another program said about it follows."""
    code = _STOPS.format(
        "from hatch_envpack.errors import InstallError; raise InstallError('no', detail='because\\nof this')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Unpacking app.tar.zst...\nerror: no\nbecause\nof this\n"


def test_ctrl_c() -> None:
    """The bar goes, the cursor comes back, there is no traceback, and the code is that of an interruption."""
    seen = look([sys.executable, "-c", _STOPS.format("time.sleep(30)")], interrupt_at="1 B of 2 B")
    assert seen.code == 130
    assert any("1 B of 2 B" in picture for picture in seen.pictures)
    assert seen.end in ("", "^C")
    assert not seen.cursor_hidden


@pytest.mark.parametrize("arguments", [["--help"], ["cache", "size"], ["completion", "zsh"]], ids=" ".join)
def test_nobody_reads_the_output(arguments: list[str]) -> None:
    """As in ``hatch-envpack … | true``: nothing is said of it."""
    code = "import os, sys\nr, w = os.pipe(); os.close(r); os.dup2(w, 1)\nos.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", code, str(COMMAND), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [["--version"], ["cache", "size"], ["completion", "bash"]], ids=" ".join)
def test_the_start_is_cheap(tmp_path: Path, arguments: list[str]) -> None:
    """Nothing is loaded that only other verbs, or builds, need."""
    code = "import sys; from hatch_envpack.cli.main import main; main(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"HATCH_ENVPACK_CACHE_DIR": str(tmp_path / "cache")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "click" in loaded
    assert loaded.isdisjoint({"rich", "lief", "hatchling", "zstandard", "pluggy", "packaging", "pathspec"})
    ours = {name.split(".")[1] for name in done.stdout.split() if name.startswith("hatch_envpack.")}
    assert ours <= {"cli", "errors", "finding", "cache", "console", "printable"}
