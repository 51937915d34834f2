"""The proof: the pack is unpacked into another place and its interpreter uses all that is in it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hatch_envpack.archive.reader import extract
from hatch_envpack.errors import VerificationError
from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hatch_envpack.environment.distributions import Distribution, EntryPoint

_WORKER = Path(__file__).with_name("worker.py")
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
_SUFFIXES = (".py", ".so")


@dataclass(frozen=True, slots=True)
class Question:
    """What the unpacked environment is asked to do."""

    program: str
    """The name of the interpreter's program in ``bin``."""
    modules: tuple[str, ...]
    entry_points: tuple[EntryPoint, ...]


def question(program: str, distributions: Iterable[Distribution], site_packages: PurePosixPath) -> Question:
    """Return every top-level module that ``RECORD`` lists, and every entry point that needs no extra."""
    distributions = tuple(distributions)
    return Question(
        program,
        tuple(sorted({name for each in distributions for name in top_level_modules(each, site_packages)})),
        tuple(point for each in distributions for point in each.entry_points if not point.extras),
    )


def top_level_modules(distribution: Distribution, site_packages: PurePosixPath) -> set[str]:
    """Return the names that can be imported, from the files of a distribution; namespace packages included."""
    modules = set()
    for row in distribution.rows:
        if row.path.suffix in _SUFFIXES and row.path.is_relative_to(site_packages):
            first = row.path.relative_to(site_packages).parts[0]
            modules.add(first.partition(".")[0] if first.endswith(_SUFFIXES) else first)
    return {name for name in modules if name.isidentifier()}


def prove(pack: Path, asked: Question, is_system_library: Callable[[str], bool], folder: Path) -> list[Finding]:
    """Unpack into ``folder`` and ask. Raises `VerificationError` naming what failed.

    Plugins for other programs (entry points of other groups than scripts) may want a program that is not in the pack:
    where one does not resolve, that is a finding.
    """
    place = folder / "an other place"
    place.mkdir(parents=True)
    (folder / "nowhere").mkdir()
    extract(pack, place)
    answers, status, noise = _ask(place / "bin" / asked.program, asked, folder / "nowhere")
    if status:
        begun = next((answer["begin"] for answer in reversed(answers) if "begin" in answer), "its start")
        reason = f"signal {-status}" if status < 0 else f"exit code {status}"
        raise VerificationError(f"the unpacked interpreter ended with {reason} at {begun}", detail=noise)
    failures = [answer for answer in answers if "failed" in answer]
    _check_failures([answer for answer in failures if answer["kind"] in ("module", *_SCRIPT_GROUPS)])
    _check_place(place, answers[-1], is_system_library)
    return [_unresolved(answer) for answer in failures]


def _ask(program: Path, asked: Question, folder: Path) -> tuple[list[dict[str, Any]], int, str]:
    words = {
        "modules": asked.modules,
        "entry_points": [[p.group, p.name, *_target(p.value)] for p in asked.entry_points],
    }
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just packed
            [program, "-B", "-c", _WORKER.read_text(encoding="utf-8")],
            env={},
            cwd=folder,
            input=json.dumps(words).encode(),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise VerificationError(f"the unpacked interpreter cannot be run: {error.strerror}") from error
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return answers, done.returncode, done.stderr.decode(errors="replace")


def _target(value: str) -> tuple[str, str]:
    module, _, attribute = value.partition(":")
    return module.strip(), attribute.strip()


def _check_failures(failures: Sequence[dict[str, Any]]) -> None:
    if failures:
        lines = [f"{failure['kind']} {failure['failed']}: {failure['error']}" for failure in failures]
        raise VerificationError(
            f"the unpacked pack does not work: {lines[0]} (`verify = false` packs it all the same)",
            detail="\n".join(lines[1:]),
        )


def _check_place(place: Path, answer: dict[str, Any], is_system_library: Callable[[str], bool]) -> None:
    for name in ("prefix", "base_prefix"):
        if answer[name] != str(place):
            raise VerificationError(f"unpacked in {place}, the interpreter takes {answer[name]} for its sys.{name}")
    # the empty entry is the working directory, where ``-c`` was given
    if strange := [path for path in answer["path"] if path and not path.startswith(str(place))]:
        raise VerificationError(f"the unpacked interpreter looks for modules outside of the pack, in {strange[0]}")
    for path in answer["mapped"]:
        name = PurePosixPath(path).name
        if not path.startswith(str(place)) and ".so" in name and not is_system_library(name):
            raise VerificationError(f"the unpacked pack uses the library {path} of the build machine")


def _unresolved(answer: dict[str, Any]) -> Finding:
    return Finding(
        "entry-point",
        "",
        f"the entry point {answer['failed']} of the group {answer['kind']} does not resolve ({answer['error']})",
        "install what it needs, or take it for what it is: a plugin of a program that is not in the pack",
    )
