"""The comparison itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.regression.compare import differences
from tests.regression.known import KNOWN, unexplained
from tests.regression.run import compared
from tests.regression.suite import Results, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LOG = """
0:00:01 load avg: 1.28 [1/4] test_good passed
0:00:01 load avg: 1.28 [2/4] test_bad failed (1 failure)
FAIL: test_part (test.test_bad.Bad.test_part) (number=1)
0:00:02 load avg: 1.28 [3/4/1] test_gone skipped -- running (1): test_bad (2 min)
0:00:03 [4/4/1] test_dead crashed (Exit code -6)

== Tests result: FAILURE ==

1 test skipped:
    test_gone

2 tests failed:
    test_bad test_dead

1 test OK.
"""

_REPORT = """<testsuites><testsuite>
<testcase name="test.test_good.Good.test_it" />
<testcase name="test.test_good.Good.test_other"><skipped>no screen</skipped></testcase>
<testcase name="test.test_bad.Bad.test_all"><failure>no</failure></testcase>
<testcase />
</testsuite></testsuites>"""


def _results(**words: str) -> Results:
    """Return results of cases of the file ``test_a``; the word of the file itself is that of the worst."""
    cases = {f"test.test_a.A.{name}": word for name, word in words.items()}
    return Results({"test_a": "failed" if "failed" in words.values() else "passed"}, cases, {})


def _known(word: str) -> tuple[str, Results]:
    name = KNOWN[0].names.replace("*", "")
    return name, Results({"test_subprocess": word}, {name: word}, {})


def test_reading_a_run(tmp_path: Path) -> None:
    """Files are read from the summary, cases from the report, and parts of cases from the output."""
    (tmp_path / "log").write_text(_LOG)
    (tmp_path / "junit.xml").write_text(_REPORT)
    found = read_results(tmp_path)
    assert found.files == {"test_good": "passed", "test_bad": "failed", "test_gone": "skipped", "test_dead": "failed"}
    assert found.cases == {
        "test.test_good.Good.test_it": "passed",
        "test.test_good.Good.test_other": "skipped",
        "test.test_bad.Bad.test_all": "failed",
        "test.test_bad.Bad.test_part": "failed",
    }
    assert found.reasons == {"test.test_good.Good.test_other": "no screen"}
    assert found.failing() == ["test.test_bad.Bad.test_all", "test.test_bad.Bad.test_part", "test_bad", "test_dead"]


def test_what_fails_or_vanishes_differs() -> None:
    """A case that fails, that is skipped, or that is not there is a difference; one that fails in both is none."""
    before = _results(good="passed", bad="failed", left="passed", gone="passed")
    after = _results(good="failed", bad="failed", left="skipped")
    found = unexplained(differences([before], [after]))
    assert [each.name.rpartition(".")[2] for each in found] == ["gone", "good", "left"]


def test_what_differs_is_run_again_and_noise_is_told_from_it() -> None:
    """Only the files that differ are run again, and what then agrees is not counted."""
    asked: list[tuple[str, list[str], int]] = []

    def run(which: str, tests: Sequence[str], number: int) -> Results:
        asked.append((which, list(tests), number))
        return _results(real="failed" if which == "after" else "passed", noise="passed" if number else which)

    *_, found = compared(run, [], 2)
    assert asked[2:] == [(which, ["test_a"], number) for number in (1, 2) for which in ("before", "after")]
    assert [each.name for each in unexplained(found)] == ["test.test_a.A.real", "test_a"]


def test_a_known_case_explains_its_file_and_nothing_else() -> None:
    """What is known is let pass with its file, but not when another case of the file fails too."""
    name, before = _known("passed")
    _, after = _known("failed")
    assert unexplained(differences([before], [after])) == []
    more = Results(after.files, {**after.cases, f"{name}_too": "failed"}, {})
    assert [each.name for each in unexplained(differences([before], [more]))] == [f"{name}_too", "test_subprocess"]
    crashed = Results(after.files, {}, {})
    assert unexplained(differences([before], [crashed])) != []
