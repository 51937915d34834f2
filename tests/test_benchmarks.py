"""The benchmarks measure what they say, and leave nothing out in silence."""

from __future__ import annotations

import json
import statistics
import sys
from typing import TYPE_CHECKING

import pytest

import benchmarks.__main__ as program
from benchmarks import cases
from benchmarks.goals import verdicts
from benchmarks.measure import Case, Contender, Outcome, Result, run_case
from benchmarks.places import choose_places
from benchmarks.report import to_markdown
from tests.conftest import find_pyenv

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
_MIB = 1 << 20


def _contender(name: str, script: str) -> Contender:
    return Contender(name, lambda out: ["sh", "-c", script, "sh", out])


def test_rounds_are_interleaved_and_outputs_are_fresh(tmp_path: Path) -> None:
    """A B A B …: a first round that does not count, no output of an earlier run, sizes of what was written."""
    log = tmp_path / "order"
    script = f'echo NAME $(ls "$1" | wc -l) >> {log}; head -c SIZE /dev/zero > "$1/x"'
    both = [_contender(name, script.replace("NAME", name).replace("SIZE", size)) for name, size in ("a7", "b9")]
    result = run_case(Case("case", "subject", tuple(both)), 2, tmp_path / "work", _ENVIRONMENT)
    assert log.read_text().split() == ["a", "0", "b", "0"] * 3
    assert [outcome.sizes for outcome in result.outcomes] == [[7, 7], [9, 9]]
    for first, second, ratio in zip(*(one.seconds for one in result.outcomes), result.outcomes[1].ratios, strict=True):
        assert ratio == second / first
    assert not list((tmp_path / "work").glob("outputs/*"))


def test_a_contender_that_fails_is_told(tmp_path: Path) -> None:
    """Its last line stands in the table, the others are measured, and a goal that needs it is not met."""
    failing = Contender(cases.OUR_UNPACK, lambda _: ["sh", "-c", "echo first; echo no | such >&2; exit 3"])
    missing = Contender("missing", lambda _: [tmp_path / "missing"])
    good = Contender(cases.TAR_UNPACK, lambda _: ["true"])
    result = run_case(Case("unpack", "small", (good, failing, missing)), 2, tmp_path, _ENVIRONMENT)
    assert [len(outcome.seconds) for outcome in result.outcomes] == [2, 0, 0]
    assert "exit code 3" in result.outcomes[1].failure
    assert "cannot be run" in result.outcomes[2].failure
    (verdict,) = verdicts([result])
    assert verdict.met is None
    assert "not measured" in to_markdown({}, [], [result])


def test_preparing_is_not_measured(tmp_path: Path) -> None:
    """What is done before a run is done before each run."""
    edits: list[int] = []
    contender = Contender("a", lambda _: ["true"], prepare=lambda: edits.append(1))
    run_case(Case("case", "subject", (contender,)), 3, tmp_path, _ENVIRONMENT)
    assert len(edits) == 4


def test_medians_spread_and_goals() -> None:
    """The table shows the median, the range and the median of the rounds' ratios; the goal is judged by the last."""
    base = Outcome(cases.BASELINE, [1.0, 2.0, 4.0], [1.0, 1.0, 1.0], [10], [], [1.0, 1.0, 1.0])
    ours = Outcome(cases.OURS, [3.0, 2.0, 4.0], [1.0, 9.0, 2.0], [9_000_000], [], [3.0, 1.0, 1.0])
    result = Result("cold", "medium", (base, ours), (0.0,))
    lines = to_markdown({"cpu": "one"}, [{"name": "medium", "files": 1234, "bytes": 5_600_000}], [result]).splitlines()
    assert "| medium | 1,234 | 5.6 |" in lines
    assert "| cold | medium | hatch-envpack tar.zst | 3.000 | 2.000 - 4.000 | 2.00 | 1.00 | 9.0 |  |" in lines
    assert "| cold | medium | tar \\| zstd -T0 -3 | 2.000 | 1.000 - 4.000 | 1.00 | 1.00 | 0.0 |  |" in lines
    (verdict,) = verdicts([result])
    assert (verdict.text, verdict.met) == ("1 times", True)
    ours.seconds[1:] = [2.4, 4.8]
    assert verdicts([result])[0].met is False


@pytest.mark.parametrize(("seconds", "met"), [((2.0, 3.0, 13.0), True), ((2.0, 3.0, 16.0), False)])
def test_growth_is_judged_without_the_empty_tree(seconds: tuple[float, ...], met: bool) -> None:  # noqa: FBT001 - a parameter
    """What the empty tree takes is no part of the time for each file: 0.1 s, then 0.1 s or 0.127 s."""
    names = ("0 files", "10 files", "110 files")
    results = [
        Result("growth", name, (Outcome(cases.BASELINE, [1.0]), Outcome(cases.OURS, [value])), (0.0,))
        for name, value in zip(names, seconds, strict=True)
    ]
    (verdict,) = verdicts(results)
    assert verdict.met is met


def test_memory_is_that_of_all_processes(tmp_path: Path) -> None:
    """Two children of a shell with 60 MiB each are seen together."""
    hold = f"{sys.executable} -c 'import time; x = bytearray({60 * _MIB}); x[::4096] = x[::4096]; time.sleep(0.5)'"
    contender = Contender("a", lambda _: ["sh", "-c", f"{hold} & {hold} & wait"])
    (outcome,) = run_case(Case("memory", "x", (contender,), memory=True), 1, tmp_path, _ENVIRONMENT).outcomes
    assert outcome.failure == ""
    assert 120 * _MIB < outcome.peaks[0] < 200 * _MIB


def test_places_are_empty_and_go_away(tmp_path: Path) -> None:
    """Two in turn: the second does not see what the first had, and nothing stays."""
    places = choose_places(tmp_path)
    seen = []
    for _ in range(2):
        with places.fresh() as place:
            seen.append(list(place.iterdir()))
            (place / "file").write_bytes(b"x" * 5_000_000)
    assert seen == [[], []]
    assert not place.exists()


def test_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment with nothing in it, packed once by tar and once by us; the figures come as Markdown and JSON."""
    monkeypatch.setattr(program, "GROWTH_FILES", (0,))
    monkeypatch.setattr(program, "GROWTH_BYTES", ())
    document = tmp_path / "figures.json"
    words = ["--subjects", "growth", "--rounds", "1", "--work", tmp_path / "work", "--json", document]
    python = find_pyenv("3.12")
    monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, words), "--python", str(python)])
    program.main()
    found = json.loads(document.read_text())
    (result,) = found["results"]
    tar, ours = result["outcomes"]
    assert (tar["contender"], ours["contender"]) == (cases.BASELINE, cases.OURS)
    assert (tar["failure"], ours["failure"]) == ("", "")
    assert 0.5 < ours["sizes"][0] / tar["sizes"][0] < 1.5
    assert f"{statistics.median(ours['seconds']):.3f}" in capsys.readouterr().out
    assert found["subjects"][0]["python"] == str(python)
