"""What people see of a build: on a terminal, in a log, and nothing at all."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.terminal import look

_BUILD = """
import sys, time, warnings
from pathlib import Path
from hatch_envpack.console.report import ConsoleReport
from hatch_envpack.report import SegmentFigures, Summary
with ConsoleReport(VERBOSITY) as report:
    report.stage("Installing with uv")
    time.sleep(0.1)
    report.stage("Packing [bold]app :smile:")
    for done in range(0, 101, 5):
        report.progress(done * 1_000_000, 100_000_000)
        time.sleep(0.02)
        if done == 50:
            report.info("told by info :smile: " + "/long" * 40)
            report.warning("told by warning")
            print("printed by a plugin", file=sys.stderr)
            print("printed on standard output")
            END
    numpy = SegmentFigures("numpy", 7, 50_000_000, 20_000_000, 5, 3)
    report.summary(Summary((numpy,), (), Path("app.tar.zst"), 21_000_000))
print("dist/app.tar.zst")
"""
_BAR = re.compile(r"Packing \[bold\]app :smile: .*\d+\.\d MB of 100\.0 MB, \d+\.\d MB/s 0:00:0\d")
_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
_TOLD = ["told by info :smile:", "told by warning", "printed by a plugin"]


def _program(verbosity: int = 0, end: str = "pass") -> list[str]:
    return [sys.executable, "-c", _BUILD.replace("VERBOSITY", str(verbosity)).replace("END", end)]


@pytest.mark.parametrize("piped", [False, True], ids=["terminal", "stdout is piped"])
def test_terminal(*, piped: bool) -> None:
    """A bar shows stage, bytes and rate; nothing is left of it, everything else is, and it is told where it belongs."""
    seen = look(_program(), piped=piped)
    assert seen.code == 0
    assert any("Installing with uv" in picture for picture in seen.pictures)
    assert any(_BAR.search(picture) for picture in seen.pictures)
    assert not any(picture.count("Packing [bold]") > 1 for picture in seen.pictures[:-1])
    lines = seen.end.splitlines()
    # the table names the stages; above it, only what was told is left
    told = lines[: next(number for number, line in enumerate(lines) if line.startswith("segment"))]
    assert not any("Installing" in line or "MB/s" in line for line in told)
    assert [words for words in _TOLD if any(words in line for line in told)] == _TOLD
    assert re.search(r"^numpy +7 +50\.0 MB +20\.0 MB +5 +3$", seen.end, re.MULTILINE)
    assert re.search(r"^Installing with uv +0\.[1-9]$", seen.end, re.MULTILINE)
    assert not seen.cursor_hidden
    if piped:
        assert seen.output == "printed on standard output\ndist/app.tar.zst\n"
        assert "standard output" not in seen.end
    else:
        assert "printed on standard output" in told
        assert lines[-1] == "dist/app.tar.zst"


def test_long_lines_can_be_copied() -> None:
    """The terminal wraps a long line, not we: there is no line break in it."""
    assert b"told by info :smile: " + b"/long" * 40 + b"\r\n" in look(_program()).raw


@pytest.mark.parametrize("columns", [70, 40])
def test_narrow_terminal(columns: int) -> None:
    """The bar never takes more than a line, so that nothing is left of it either."""
    seen = look(_program(), columns=columns)
    assert seen.code == 0
    assert any("Packing" in picture for picture in seen.pictures)
    first = [picture for picture in seen.pictures if "told" not in picture and "Packing" in picture]
    assert {picture.count("\n") for picture in first} == {0}
    assert "MB/s" not in seen.end


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"TERM": "dumb"}], ids=["CI", "dumb"])
def test_terminal_without_a_bar(variables: dict[str, str]) -> None:
    """Where nobody looks, or nothing can be drawn, there are plain lines as in a log."""
    seen = look(_program(), variables)
    assert b"\x1b" not in seen.raw
    assert seen.end.splitlines()[:2] == ["Installing with uv...", "Packing [bold]app :smile:..."]


def test_no_color() -> None:
    """``NO_COLOR`` leaves the bar, and takes its colours."""
    colours = re.compile(rb"\x1b\[[\d;]*(?:3[0-79]|38;|9\d)[\d;]*m")
    assert colours.search(look(_program()).raw)
    seen = look(_program(), {"NO_COLOR": "1"})
    assert not colours.search(seen.raw)
    assert any(_BAR.search(picture) for picture in seen.pictures)


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8"}]
)
def test_every_locale(variables: dict[str, str]) -> None:
    """A terminal that has ASCII alone gets nothing else, and no escapes of it."""
    seen = look(_program(), variables)
    assert seen.code == 0
    assert any("Packing" in picture for picture in seen.pictures)
    assert rb"\u" not in seen.raw
    if variables == _ASCII:
        assert seen.raw.isascii()


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise KeyboardInterrupt", "raise ValueError('told by Python')"])
def test_an_early_end_leaves_the_terminal_clean(end: str) -> None:
    """However a build ends, the bar goes and the cursor comes back."""
    seen = look(_program(end=end))
    assert seen.code != 0
    assert any("Packing" in picture for picture in seen.pictures)
    assert "Packing" not in seen.end
    assert not seen.cursor_hidden


def _log(verbosity: int, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_program(verbosity), capture_output=True, text=True, check=True, env=variables)


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1", "TERM": "xterm"}, {"TTY_COMPATIBLE": "1"}], ids=str)
def test_log(variables: dict[str, str]) -> None:
    """One line for each stage, and no bar, whatever colours are wanted."""
    done = _log(0, **variables)
    assert "\x1b" not in done.stderr
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.endswith("...")] == ["Installing with uv...", "Packing [bold]app :smile:..."]
    assert [line.split(" /")[0] for line in lines[2:5]] == _TOLD
    assert "MB/s" not in done.stderr
    assert re.search(r"^numpy +7 +50\.0 MB +20\.0 MB +5 +3$", done.stderr, re.MULTILINE)
    assert done.stdout == "printed on standard output\ndist/app.tar.zst\n"


def test_quiet() -> None:
    """Less and less is said: the warnings, then nothing of ours. On a terminal there is no bar."""
    for verbosity, told in [(-1, ["told by warning", "printed by a plugin"]), (-2, ["printed by a plugin"])]:
        assert _log(verbosity).stderr.splitlines() == told
        assert look(_program(verbosity), piped=True).end.splitlines() == told


def test_a_log_needs_no_rich() -> None:
    """A library for terminals is not loaded where there is none."""
    *start, code = _program()
    loaded = "print([name for name in sys.modules if name.startswith('rich')])"
    done = subprocess.run([*start, f"{code}\n{loaded}"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
