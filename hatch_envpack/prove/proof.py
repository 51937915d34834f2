"""The proof: the pack is unpacked into another place and its interpreter uses all that is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.environment.pyvenv import NAME, parse_pyvenv
from hatch_envpack.errors import VerificationError
from hatch_envpack.finding import Finding
from hatch_envpack.prove.ask import MODULE, SCRIPT_GROUPS, Question, ask
from hatch_envpack.prove.mapped import brought_by_python, libraries_outside, library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.prove.ask import Answer, Failure

_SUFFIXES = (".py", ".so")


def question(distributions: Iterable[Distribution], site_packages: PurePosixPath, project: str) -> Question:
    """Return every top-level module that ``RECORD`` lists, and every entry point that needs no extra.

    ``project`` is the normalised name of the distribution that is the project's own.
    """
    modules, entry_points, own = set(), [], set()
    for each in distributions:
        names = top_level_modules(each, site_packages)
        points = [point for point in each.entry_points if not point.extras]
        modules |= names
        entry_points += points
        if each.key == project:
            own |= {(MODULE, name) for name in names} | {(point.group, point.name) for point in points}
    return Question(tuple(sorted(modules)), tuple(entry_points), frozenset(own))


def top_level_modules(distribution: Distribution, site_packages: PurePosixPath) -> set[str]:
    """Return the names that can be imported, from the files of a distribution; namespace packages included."""
    modules = set()
    start = f"{site_packages}/"
    for row in distribution.rows:
        path = str(row.path)
        if path.endswith(_SUFFIXES) and path.startswith(start):
            first = path[len(start) :].partition("/")[0]
            modules.add(first.partition(".")[0] if first.endswith(_SUFFIXES) else first)
    return {name for name in modules if name.isidentifier()}


def prove(
    place: Path,
    program: str,
    asked: Question,
    allows: Callable[[str], bool],
    needs: Callable[[str], bool],
    original: Path,
    nowhere: Path,
    *,
    python: bool = True,
) -> list[Finding]:
    """Ask the ``program`` in ``bin`` of an unpacked pack. Raises `VerificationError` naming what failed.

    ``allows`` says which libraries may come from elsewhere, ``needs`` which ones a packed file is linked to: these must
    be the pack's own. Any other is opened by name, by a module that makes use of it where there is one, and is a
    finding.

    ``original`` is the python of the environment before it was packed: where a part of a dependency fails there too (a
    command whose extra is not installed), that is not of the pack's making, and a finding. So is an entry point for
    another program, which may not be there; where it failed before, the finding is accepted, since large distributions
    have plugins for many programs. ``nowhere`` is an empty folder. Without ``python`` the interpreter is not in the
    pack.
    """
    _check_configs(place, python=python)
    answer = ask(place / "bin" / program, asked, nowhere)
    failures = _failing_alone(asked, answer.failures, place / "bin" / program, nowhere)
    before = _failing_before(asked, failures, original, nowhere)
    _check_failures([failure for failure in failures if failure not in before and _is_serious(failure)])
    _check_place(place, answer, python=python)
    ignored = frozenset() if python else brought_by_python(place, program, answer)
    opened = _opened_by_name(place, answer, allows, needs, ignored)
    return [*(_finding(failure, before) for failure in failures), *opened]


def _check_configs(place: Path, *, python: bool) -> None:
    """Raise `VerificationError` for a file that makes a virtual environment of the pack (I4).

    Without ``python`` it is one by its own file. Python looks for one beside its program first, then in the folder
    above, where a pack has its own without ``home``. What lies further above it never sees.
    """
    beside, above = place / "bin" / NAME, place / NAME
    if beside.exists() or (python and above.exists() and parse_pyvenv(above.read_bytes()).home):
        found = (beside if beside.exists() else above).relative_to(place)
        raise VerificationError(f"{found} in the pack makes a virtual environment of it: leave it out with `exclude`")


def _failing_alone(asked: Question, failures: tuple[Failure, ...], program: Path, folder: Path) -> tuple[Failure, ...]:
    """Return those of the failures that are not of the company's making.

    All is asked of one process, and some modules do not bear others: before Python 3.12 ``setuptools`` cannot be
    imported after ``pip``.
    """
    if not failures:
        return ()
    again = {(failure.kind, failure.name) for failure in ask(program, asked.only(failures), folder).failures}
    return tuple(failure for failure in failures if (failure.kind, failure.name) in again)


def _failing_before(asked: Question, failures: Sequence[Failure], original: Path, folder: Path) -> tuple[Failure, ...]:
    """Return those of the failures that are a dependency's and happen in the original environment too."""
    others = [failure for failure in failures if (failure.kind, failure.name) not in asked.own]
    if not others:
        return ()
    try:
        again = {(failure.kind, failure.name) for failure in ask(original, asked.only(others), folder).failures}
    except VerificationError:
        return ()
    return tuple(failure for failure in others if (failure.kind, failure.name) in again)


def _check_failures(failures: Sequence[Failure]) -> None:
    if failures:
        raise VerificationError(
            f"the unpacked pack does not work: {failures[0]} (`verify = false` packs it all the same)",
            detail="\n".join(map(str, failures[1:])),
        )


def _check_place(place: Path, answer: Answer, *, python: bool) -> None:
    for name, prefix in answer.prefixes.items():
        if (prefix == str(place)) is not (python or name == "prefix"):
            raise VerificationError(f"unpacked in {place}, the interpreter takes {prefix} for its sys.{name}")
    if not python and parse_pyvenv((place / NAME).read_bytes()).system_site:
        return  # what lies outside is meant to be seen, and may lie anywhere
    inside = tuple(answer.prefixes.values())
    # the empty entry is the working directory, where ``-c`` was given
    if strange := [path for path in answer.path if path and not path.startswith(inside)]:
        raise VerificationError(f"the unpacked interpreter looks for modules outside of the pack, in {strange[0]}")


def _opened_by_name(
    place: Path,
    answer: Answer,
    allows: Callable[[str], bool],
    needs: Callable[[str], bool],
    ignored: frozenset[Path],
) -> list[Finding]:
    """Return a finding for each library of the build machine that a module opened, as `ctypes.CDLL` does."""
    outside = set(libraries_outside(place, answer)) - ignored
    strange = {path: elf for path in sorted(outside) if not allows(path.name) and (elf := library(path)) is not None}
    brought = {soname for elf in strange.values() for soname in elf.needed}
    findings = []
    for path, elf in strange.items():
        soname = elf.soname or path.name
        if needs(soname):
            raise VerificationError(f"the unpacked pack uses the library {path} of the build machine")
        if soname not in brought:
            findings.append(
                Finding(
                    "host-library",
                    soname,
                    f"is the build machine's, and {answer.mapped[str(path)]} opens it by name",
                    "where the target lacks it, what uses it may not work: install the package that has it there",
                )
            )
    return findings


def _is_serious(failure: Failure) -> bool:
    """Whether it is more than a plugin of another program, which may not be there."""
    return failure.kind in (MODULE, *SCRIPT_GROUPS)


def _finding(failure: Failure, before: Sequence[Failure]) -> Finding:
    accepted = ""
    if failure not in before:
        todo = "it is a plugin of a program that is not in the pack, or needs what is not installed"
    elif _is_serious(failure):
        todo = "nor did it before it was packed: install what it needs, or leave it as it is"
    else:
        todo = "nothing, unless the program that it is a plugin of is meant to use it"
        accepted = "a plugin that did not resolve before it was packed either"
    verb = "cannot be imported" if failure.kind == MODULE else "does not resolve"
    path = {MODULE: failure.name, **dict.fromkeys(SCRIPT_GROUPS, f"bin/{failure.name}")}.get(failure.kind, "")
    what = f"{failure.kind} {failure.name} {verb} ({failure.error})"
    return Finding("does-not-load", path, what, todo, accepted)
