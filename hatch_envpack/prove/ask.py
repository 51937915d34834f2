"""Asking an environment to use what is in it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_envpack.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.environment.distributions import EntryPoint

_WORKER = Path(__file__).with_name("worker.py").read_text(encoding="utf-8")

SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
MODULE = "module"


@dataclass(frozen=True, slots=True)
class Question:
    """What an environment is asked to do."""

    modules: tuple[str, ...]
    entry_points: tuple[EntryPoint, ...]
    own: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Kind and name of what is the project's own, and not a dependency's."""

    def split(self) -> tuple[Question, Question]:
        """Return the question for the project's own and the one for all others."""
        halves = []
        for own in (True, False):
            modules = tuple(name for name in self.modules if ((MODULE, name) in self.own) is own)
            points = tuple(point for point in self.entry_points if ((point.group, point.name) in self.own) is own)
            halves.append(Question(modules, points, self.own))
        return halves[0], halves[1]

    @property
    def words(self) -> list[list[str]]:
        """All that is asked, for a key."""
        points = [f"{point.group} {point.name} {point.value}" for point in self.entry_points]
        return [list(self.modules), points, sorted(f"{kind} {name}" for kind, name in self.own)]

    def only(self, failures: Iterable[Failure]) -> Question:
        """Return the question for what failed alone."""
        asked = {(failure.kind, failure.name) for failure in failures}
        return Question(
            tuple(name for name in self.modules if (MODULE, name) in asked),
            tuple(point for point in self.entry_points if (point.group, point.name) in asked),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A module that cannot be imported, or an entry point that does not resolve."""

    kind: str
    """`MODULE`, or the entry point's group."""
    name: str
    error: str
    """What the last line of the traceback says, without the folder that the environment lies in."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.error}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    failures: tuple[Failure, ...]
    prefixes: dict[str, str]
    """``prefix`` and ``base_prefix``, as in `sys`."""
    path: tuple[str, ...]
    """``sys.path``."""
    mapped: dict[str, str]
    """Files that came into the process's memory, each with the step that brought it."""


def ask(program: Path, asked: Question, folder: Path) -> Answer:
    """Run ``program`` in ``folder`` with an empty environment. Raises `VerificationError` when it does not answer."""
    lines, status, noise = _run(program, asked, folder)
    if status:
        begun = next((line["begin"] for line in reversed(lines) if "begin" in line), "its start")
        reason = f"signal {-status}" if status < 0 else f"exit code {status}"
        raise VerificationError(f"the unpacked interpreter ended with {reason} at {begun}", detail=noise)
    facts = lines[-1]
    return Answer(
        tuple(Failure(line["kind"], line["failed"], line["error"]) for line in lines if "failed" in line),
        {name: facts[name] for name in ("prefix", "base_prefix")},
        tuple(facts["path"]),
        {path: line["by"] for line in lines if "mapped" in line for path in line["mapped"]},
    )


def _run(program: Path, asked: Question, folder: Path) -> tuple[list[dict[str, Any]], int, str]:
    words = {
        "modules": asked.modules,
        "entry_points": [[p.group, p.name, *_target(p.value)] for p in asked.entry_points],
    }
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just packed
            [program, "-B", "-c", _WORKER],
            env={},
            cwd=folder,
            input=json.dumps(words).encode(),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise VerificationError(f"the unpacked interpreter cannot be run: {error.strerror}") from error
    return (
        [json.loads(line) for line in done.stdout.splitlines()],
        done.returncode,
        done.stderr.decode(errors="replace"),
    )


def _target(value: str) -> tuple[str, str]:
    module, _, attribute = value.partition(":")
    return module.strip(), attribute.strip()
