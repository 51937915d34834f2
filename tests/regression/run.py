"""Runs CPython's own regression tests in an interpreter before and after packing, and prints what differs.

    python -m tests.regression.run --python ~/.pyenv/versions/3.12.1/bin/python3.12 --json out.json [test_site ...]

Without names of tests all are run, which takes a quarter of an hour for each of the two. A pack of a project without
dependencies is built through hatchling, unpacked in another folder, and given the tests that packs leave out; then
``python -m test`` runs in the original and in what was unpacked, to which the original does not exist. Tests of which
the two tell different things for no known reason are run again, alone. The exit code is 1 when a difference stays that
is not in `KNOWN`. Needs root (mount namespaces), and apt for the tests of Debian's Python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_envpack.interpreter.resolve import resolve_interpreter
from tests.conftest import build
from tests.regression.compare import counts, differences, files_of
from tests.regression.known import is_known, unexplained
from tests.regression.subjects import Subject, installed, unpacked
from tests.regression.suite import RESOURCES, Results, run_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hatch_envpack.interpreter.model import Interpreter
    from tests.regression.compare import Difference

_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "nothing"
version = "1.0"

[tool.hatch.build.targets.wheel]
bypass-selection = true

[tool.hatch.build.targets.envpack]
python = '{python}'
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """An interpreter before and after packing, and the folder of all their runs."""

    interpreter: Interpreter
    before: Subject
    after: Subject
    folder: Path

    def run(self, which: str, tests: Sequence[str], number: int, *, jobs: int = 2, timeout: int = 900) -> Results:
        """Run tests ``before`` or ``after``; a repeated run has one process."""
        subject = self.before if which == "before" else self.after
        # names of one length: sockets have paths of limited length
        folder = self.folder / f"{which[0]}{number}"
        return run_tests(subject, tests, folder, jobs=1 if number else jobs, timeout=timeout)


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared, and what came of it."""

    interpreter: Interpreter
    before: Results
    after: Results
    differences: list[Difference]

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that are to be mended."""
        return unexplained(self.differences)

    def to_json(self) -> dict[str, Any]:
        """Return the report for a program."""
        return {
            "interpreter": str(self.interpreter.executable),
            "version": self.interpreter.version_text,
            "resources": RESOURCES,
            "before": {**counts(self.before), "failing": self.before.failing()},
            "after": {**counts(self.after), "failing": self.after.failing()},
            "differences": [
                {**asdict(each), "steady": each.is_steady, "known": is_known(each)} for each in self.differences
            ],
            "unexplained": [each.name for each in self.unexplained],
        }

    def to_text(self) -> str:
        """Return the report for a reader."""
        lines = [f"{self.interpreter.executable}, Python {self.interpreter.version_text}"]
        for when, results in (("before", self.before), ("after", self.after)):
            lines.append(f"{when:6}  " + ", ".join(f"{name}: {count}" for name, count in counts(results).items()))
        lines += [f"fails in both: {name}" for name in self.before.failing() if name in self.after.failing()]
        for each in self.differences:
            kind = "known" if is_known(each) else "differs" if each.is_steady else "unsteady"
            lines.append(f"{kind}: {each.name}: before {', '.join(each.before)}; after {', '.join(each.after)}")
        lines.append(f"{len(self.unexplained)} differences to mend")
        return "\n".join(lines)


def make_pair(python: Path, folder: Path) -> Pair:
    """Build a pack with an interpreter, and unpack it, in an empty folder.

    The folder has best a short name: sockets in it have paths that must not be long.
    """
    interpreter = resolve_interpreter(str(python), root=Path("/"), uv=None)
    (folder / "project").mkdir()
    (folder / "project" / "pyproject.toml").write_text(_PROJECT.format(python=python))
    pack = build(folder / "project", python).pack
    (folder / "elsewhere").mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", folder / "elsewhere"], check=True)
    before = installed(interpreter, folder / "original")
    return Pair(interpreter, before, unpacked(interpreter, folder / "elsewhere"), folder)


def report(pair: Pair, tests: Sequence[str], *, repeats: int = 3, jobs: int = 2, timeout: int = 900) -> Report:
    """Run the tests and compare."""

    def run(which: str, names: Sequence[str], number: int) -> Results:
        return pair.run(which, names, number, jobs=jobs, timeout=timeout)

    return Report(pair.interpreter, *compared(run, tests, repeats))


def compared(
    run: Callable[[str, Sequence[str], int], Results], tests: Sequence[str], repeats: int
) -> tuple[Results, Results, list[Difference]]:
    """Run the tests before and after, and then ``repeats`` times those that differ unexpectedly, one at a time.

    ``run`` is given ``before`` or ``after``, the test files, and the number of the run.
    """
    before, after = [run("before", tests, 0)], [run("after", tests, 0)]
    again = files_of(unexplained(differences(before, after)), {*before[0].files, *after[0].files})
    for number in range(1, repeats + 1 if again else 1):
        before.append(run("before", again, number))
        after.append(run("after", again, number))
    return before[0], after[0], differences(before, after)


def main() -> int:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.regression.run", description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, required=True, help="the interpreter")
    parser.add_argument("--folder", type=Path, help="an empty folder that is kept, with the logs of all runs")
    parser.add_argument("--json", type=Path, help="a file for the report")
    parser.add_argument("--repeats", type=int, default=3, help="how often what differs is run again")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for a test file")
    parser.add_argument("tests", nargs="*", help="test files, by default all")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="r") as work:
        pair = make_pair(asked.python.expanduser(), asked.folder or Path(work))
        made = report(pair, asked.tests, repeats=asked.repeats, jobs=asked.jobs, timeout=asked.timeout)
    if asked.json:
        asked.json.write_text(json.dumps(made.to_json(), indent=1) + "\n")
    sys.stdout.write(made.to_text() + "\n")
    return 1 if made.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
