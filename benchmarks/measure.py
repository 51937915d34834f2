"""Running whole processes side by side, round after round."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.memory import peak_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

_PAUSE = 0.3
"""Seconds after the outputs of a round were removed: what the file system puts off is done by then."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the commands that are compared."""

    name: str
    command: Callable[[Path], Sequence[str | Path]]
    """The words, from a fresh empty folder that takes the output."""
    environment: Callable[[Path], Mapping[str, str]] = lambda _: {}
    """Variables beside those of all contenders."""
    cwd: Path | None = None
    prepare: Callable[[], None] = lambda: None
    """What is done before each run, and not measured."""


@dataclass(frozen=True, slots=True)
class Case:
    """Contenders of one kind of work; the first is what the others are compared to."""

    name: str
    subject: str
    contenders: tuple[Contender, ...]
    place: Callable[[], AbstractContextManager[Path]] | None = None
    """Where each run writes, when that is not a folder beside the subject."""
    repeat: int = 1
    """Rounds of this case for one that was asked for: short processes need many."""
    memory: bool = False
    """Whether memory is measured instead of time."""


@dataclass(slots=True)
class Outcome:
    """What was measured of one contender. All lists have one value for each round."""

    contender: str
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    """Of the process and all its children."""
    sizes: list[int] = field(default_factory=list)
    """Bytes of the output, where it is a file."""
    peaks: list[int] = field(default_factory=list)
    """Bytes of memory of the process tree."""
    ratios: list[float] = field(default_factory=list)
    """Seconds by those of the first contender in the same round."""
    failure: str = ""
    """Why there is no measurement: the last line that the command printed."""

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Result:
    """A case and what came of it."""

    case: str
    subject: str
    outcomes: tuple[Outcome, ...]
    load: tuple[float, ...]
    """The machine's load of one minute at the start of each round: above 1 for each core, others worked too."""


@dataclass(frozen=True, slots=True)
class _Sample:
    seconds: float
    cpu_seconds: float
    peak: int
    failure: str


def run_case(case: Case, rounds: int, work: Path, environment: Mapping[str, str]) -> Result:
    """Run all contenders in turn, once without measuring and then ``rounds`` times (a case may ask for more).

    One that fails is not tried again, and its outcome says why.
    """
    outcomes = [Outcome(contender.name) for contender in case.contenders]
    load = []
    outputs = work / "outputs"
    first = 0 if case.memory else -1  # memory does not depend on the page cache
    for number in range(first, rounds * case.repeat):
        load.append(round(os.getloadavg()[0], 2))
        if case.repeat == 1:
            shutil.rmtree(outputs, ignore_errors=True)
            os.sync()
            time.sleep(_PAUSE)
        for index, (contender, outcome) in enumerate(zip(case.contenders, outcomes, strict=True)):
            if outcome.failure:
                continue
            folder = outputs / f"{number}-{index}"
            folder.mkdir(parents=True, exist_ok=True)
            with nullcontext(folder) if case.place is None else case.place() as place:
                contender.prepare()
                sample = _run(contender, place, work, environment, memory=case.memory)
                outcome.failure = sample.failure
                if number >= 0 and not sample.failure:
                    _note(outcome, sample, outcomes[0])
                    if case.place is None:
                        outcome.sizes += [path.stat().st_size for path in place.iterdir() if path.is_file()]
    shutil.rmtree(outputs, ignore_errors=True)
    return Result(case.name, case.subject, tuple(outcomes), tuple(load[-first:]))


def _note(outcome: Outcome, sample: _Sample, first: Outcome) -> None:
    outcome.seconds.append(sample.seconds)
    outcome.cpu_seconds.append(sample.cpu_seconds)
    if sample.peak:
        outcome.peaks.append(sample.peak)
    if not first.failure:
        outcome.ratios.append(sample.seconds / first.seconds[-1])


def _run(contender: Contender, place: Path, work: Path, environment: Mapping[str, str], *, memory: bool) -> _Sample:
    words = [os.fspath(word) for word in contender.command(place)]
    variables = {**environment, **contender.environment(place)}
    log = work / "log.txt"
    with log.open("wb") as stream:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                words, cwd=contender.cwd, env=variables, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        except OSError as error:
            return _Sample(0, 0, 0, f"{words[0]} cannot be run: {error.strerror}")
        peak = peak_of(process.pid) if memory else 0
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    failure = ""
    if process.returncode:
        lines = log.read_text(errors="replace").strip().splitlines() or [""]
        failure = f"exit code {process.returncode}: {lines[-1].strip()[:300]}"
    return _Sample(seconds, usage.ru_utime + usage.ru_stime, peak, failure)
