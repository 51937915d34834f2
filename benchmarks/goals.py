"""What the figures are to be."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import cases

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measure import Outcome, Result


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure beside its goal; ``value`` is None when something was not measured, and ``text`` says what."""

    subject: str
    figure: str
    goal: str
    text: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class _Goal:
    figure: str
    ours: tuple[str, str]
    """Case and contender."""
    other: tuple[str, str]
    limit: float
    measure: Callable[[Outcome, Outcome], float]
    unit: str = "times"
    subjects: tuple[str, ...] = ("small", "medium", "large")


def _by_round(ours: Outcome, other: Outcome) -> float:
    return statistics.median(mine / its for mine, its in zip(ours.seconds, other.seconds, strict=False))


def _by_median(ours: Outcome, other: Outcome) -> float:
    return ours.median / other.median


def _more(ours: Outcome, other: Outcome) -> float:
    return ours.median - other.median


def _size(ours: Outcome, other: Outcome) -> float:
    return statistics.median(ours.sizes) / statistics.median(other.sizes)


def _megabytes(ours: Outcome, _: Outcome) -> float:
    return max(ours.peaks) / 1e6


_COLD = ("cold", cases.OURS)
_GZIP = ("cold", cases.OURS_GZIP)
_SAME = ("cold", cases.VENV_PACK_SAME)
_AGAIN = ("again", cases.NOTHING)
_TENTH = ("small", "medium")

_GOALS = (
    _Goal("cold tar.zst, by tar \\| zstd -T0 -3", _COLD, ("cold", cases.BASELINE), 1.1, _by_round),
    _Goal("cold tar.zst, by venv-pack of the same files", _COLD, _SAME, 0.25, _by_round),
    _Goal("cold tar.gz, by venv-pack of the same files", _GZIP, _SAME, 1 / 3, _by_round),
    _Goal("size of tar.gz, by venv-pack of the same files", _GZIP, _SAME, 1.0, _size),
    _Goal("size of tar.zst, by venv-pack of the same files", _COLD, _SAME, 0.92, _size),
    _Goal("nothing changed, by venv-pack of the same files", _AGAIN, _SAME, 0.1, _by_median, subjects=_TENTH),
    _Goal("nothing changed, by venv-pack of the same files", _AGAIN, _SAME, 0.05, _by_median, subjects=("large",)),
    _Goal("nothing changed, more than cp of the pack", _AGAIN, ("again", cases.COPY), 1.0, _more, "s"),
    _Goal("one line changed, more than nothing changed", ("again", cases.LINE), _AGAIN, 0.5, _more, "s"),
    *(
        _Goal(f"{name}, by tar --zstd -xf", (name, cases.OUR_UNPACK), (name, cases.TAR_UNPACK), 0.8, _by_round)
        for name in (cases.UNPACK, cases.UNPACK_DISK)
    ),
    _Goal("start of app, by a venv", ("start", cases.APP_PACK), ("start", cases.APP_VENV), 1.05, _by_round),
    _Goal(
        "import numpy, by a venv", ("start", cases.NUMPY_PACK), ("start", cases.NUMPY_VENV), 1.05, _by_round,
        subjects=("medium", "large"),
    ),
    _Goal("memory, cold", ("memory", cases.OURS), ("memory", cases.OURS), 300, _megabytes, "MB"),
    _Goal("memory, whole build", ("memory", cases.WHOLE), ("memory", cases.WHOLE), 300, _megabytes, "MB"),
)  # fmt: skip


def verdicts(results: Sequence[Result]) -> list[Verdict]:
    """Return every goal whose cases were run, those of growth last."""
    measured = {(each.subject, each.case, one.contender): one for each in results for one in each.outcomes}
    found = []
    for subject in dict.fromkeys(each.subject for each in results):
        for goal in _GOALS:
            mine, its = measured.get((subject, *goal.ours)), measured.get((subject, *goal.other))
            if mine is not None and its is not None and subject in goal.subjects:
                found.append(_verdict(subject, goal, mine, its))
    return found + _growth(results)


def _verdict(subject: str, goal: _Goal, ours: Outcome, other: Outcome) -> Verdict:
    limit = f"≤ {goal.limit:.3g} {goal.unit}"
    for outcome in (ours, other):
        if outcome.failure:
            return Verdict(subject, goal.figure, limit, f"not measured: {outcome.contender} failed", None)
    value = goal.measure(ours, other)
    return Verdict(subject, goal.figure, limit, f"{value:.3g} {goal.unit}", value <= goal.limit)


def _growth(results: Sequence[Result]) -> list[Verdict]:
    """Return how seconds per file and per byte change with their number, without those of a tree that has none."""
    seconds = {each.subject: each.outcomes[1] for each in results if each.case == "growth"}
    empty = seconds.pop("0 files", None)
    found = []
    for kind, scale, unit in ((" files", 1e6, "µs"), (" GB", 1e3, "ms")):
        chosen = {float(name.split()[0]): outcome for name, outcome in seconds.items() if name.endswith(kind)}
        if empty is None or empty.failure or len(chosen) < 2 or any(each.failure for each in chosen.values()):  # noqa: PLR2004 - one point has no slope
            continue
        each = {amount: (outcome.median - empty.median) / amount * scale for amount, outcome in sorted(chosen.items())}
        spread = max(each.values()) / min(each.values())
        text = ", ".join(f"{value:.3g} {unit} at {amount:g}{kind}" for amount, value in each.items())
        found.append(Verdict("growth", f"time for each of{kind}", "within 20 %", text, 0 < spread <= 1.2))  # noqa: PLR2004 - the goal
    return found
