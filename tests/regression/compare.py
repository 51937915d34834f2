"""What differs between two runs of the same tests, and whether it still does when the tests are run alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.regression.suite import NOT_RUN, PASSED, is_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.regression.suite import Results


@dataclass(frozen=True, slots=True)
class Difference:
    """A test file or a test case of which the two interpreters tell different things."""

    name: str
    before: tuple[str, ...]
    """What was told of it in each run, the one of all tests first."""
    after: tuple[str, ...]

    @property
    def is_steady(self) -> bool:
        """Whether no run of the one ever told what a run of the other did: it is not the machine's noise."""
        return not set(self.before) & set(self.after)


def differences(before: Sequence[Results], after: Sequence[Results]) -> list[Difference]:
    """Return what differs between the first runs, with what the later ones, of these alone, told of the same names."""
    first, second = before[0], after[0]
    names = sorted({*first.files, *second.files, *first.cases, *second.cases})
    pairs = ((name, _told(name, before), _told(name, after)) for name in names)
    return [Difference(name, one, other) for name, one, other in pairs if one[0] != other[0]]


def _told(name: str, runs: Iterable[Results]) -> tuple[str, ...]:
    return tuple(run.cases.get(name, run.files.get(name, NOT_RUN)) for run in runs)


def files_of(found: Iterable[Difference], files: Iterable[str]) -> list[str]:
    """Return the test files to which the names belong."""
    known = sorted(files, key=len, reverse=True)
    owners = (next((file for file in known if is_in(each.name, file)), None) for each in found)
    return sorted({file for file in owners if file is not None})


def is_in(name: str, file: str) -> bool:
    """Whether a case belongs to a file, or is the file itself. Up to 3.11 some have cases beside the tested package."""
    return f"{name}.".startswith((f"{file}.", f"test.{file}.", f"{file.removeprefix('test_')}.test"))


def counts(results: Results) -> dict[str, int]:
    """Return the figures of a run."""
    cases = results.cases.values()
    return {
        "files": len(results.files),
        "files failed": sum(map(is_failure, results.files.values())),
        "cases": len(results.cases),
        "cases passed": sum(word == PASSED for word in cases),
        "cases skipped": sum(word == "skipped" for word in cases),
        "cases failed": sum(map(is_failure, cases)),
    }
