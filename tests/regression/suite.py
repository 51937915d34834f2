"""One run of ``python -m test``, and what it tells of every test file and every test case."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.targets.roots import covers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.regression.subjects import Subject

RESOURCES = "all,tzdata,-network,-urlfetch,-largefile,-audio,-gui"
"""All but those that need a network, a screen, a sound card, or gigabytes of disk."""

IGNORED = "*.ThreadedVSOCKSocketStreamTest.*"
"""Waits for ever in a virtual machine whose socket to its host does not loop back, whatever Python asks it to."""

PASSED, NOT_RUN = "passed", "not run"

# The namespace of processes ends what a test leaves behind. A caller in the background of a shell ignores SIGINT, and
# tests that wait for it would run for ever.
_ENTER = """
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
mount -t proc proc /proc; cd "$2"; shift 2; exec env --default-signal=INT,QUIT "$@"
"""

_PROGRESS = re.compile(r"^[\d:]+ (?:load avg: \S+ )?\[ *\d+/\d+(?:/\d+)?\] (\w\S+)", re.MULTILINE)
_SECTION = re.compile(r"\d+ tests? (.*):")
_CASE = re.compile(r"^(FAIL|ERROR): \w+ \(([\w.]+)\)", re.MULTILINE)
_KINDS = {"failure": "failed", "error": "error", "skipped": "skipped", "outcome": "unexpected success"}


@dataclass(frozen=True, slots=True)
class Results:
    """What was told of each name: `PASSED`, ``failed``, ``skipped`` and so on."""

    files: dict[str, str]
    cases: dict[str, str]
    reasons: dict[str, str]
    """Why a case was skipped, in its own words, which may hold measured times and paths: not for comparing."""

    def failing(self) -> list[str]:
        """Return the names of all that failed, sorted."""
        both = {**self.files, **self.cases}
        return sorted(name for name, word in both.items() if is_failure(word))


def is_failure(word: str) -> bool:
    """Whether what was told of a name is bad."""
    return word not in (PASSED, NOT_RUN, "run no tests", "omitted") and not word.startswith("skipped")


def run_tests(subject: Subject, tests: Sequence[str], folder: Path, *, jobs: int, timeout: int = 900) -> Results:
    """Run test files, by default all of them; ``folder`` is made, and gets the log and all that the tests write."""
    options = [f"-j{jobs}", f"--timeout={timeout}", "-u", RESOURCES, "-i", IGNORED]
    run_in(folder, subject, "-m", "test", "-W", "--junit-xml", folder / "junit.xml", *options, *tests)
    return read_results(folder)


def run_in(folder: Path, subject: Subject, *arguments: str | Path) -> str:
    """Run Python; return what it prints. That it fails is told there.

    Both interpreters are run in the same way: with the same few variables, as the caller's user, with an empty home.
    """
    home, work = folder / "home", folder / "tmp"
    for path in (home, work):
        path.mkdir(parents=True)
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-ec", _ENTER]
    with tempfile.TemporaryDirectory() as empty, (folder / "log").open("w") as log:
        mounts = [(shown, place) for place, shown in subject.shown.items()]
        mounts += covers(subject.hidden, Path(empty))
        subprocess.run(
            [*words, "sh", *map(str, chain(*mounts)), "--", work, subject.python, *map(str, arguments)],
            env={"PATH": "/usr/bin:/bin", "HOME": f"{home}", "TMPDIR": f"{work}", "LANG": "C.UTF-8", "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return (folder / "log").read_text(errors="replace")


def read_results(folder: Path) -> Results:
    """Read what a run left in ``folder``."""
    log = (folder / "log").read_text(errors="replace")
    report = folder / "junit.xml"
    cases, reasons = {}, {}
    for case in ET.parse(report).iter("testcase") if report.is_file() else ():
        name = case.get("name")
        found = next((child for child in case if child.tag in _KINDS), None)
        if name is not None:
            cases[name] = PASSED if found is None else _KINDS[found.tag]
            if found is not None and found.tag == "skipped":
                reasons[name] = found.text or ""
    for kind, name in _CASE.findall(log):
        # a case of which only a part (a "subtest") failed has no name in the report
        cases.setdefault(name, _KINDS["error" if kind == "ERROR" else "failure"])
    return Results(dict(_files(log)), cases, reasons)


def _files(log: str) -> Iterator[tuple[str, str]]:
    """Yield the files that were run, then those that a section of the summary at the end names."""
    for name in _PROGRESS.findall(log):
        yield name, PASSED
    _, ended, summary = log.rpartition("== Tests result: ")
    if not ended:
        raise RuntimeError(f"the tests did not come to an end; the last words are: {log[-2000:]}")
    word = ""
    for line in summary.splitlines():
        section = _SECTION.fullmatch(line)
        if section is not None:
            word = section[1]
        elif word and line.startswith("    "):
            yield from ((name, word) for name in line.split())
        elif line:
            word = ""
