"""``python -m benchmarks``: see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.measure import Case, run_case
from benchmarks.places import Places, choose_places
from benchmarks.report import describe, machine, to_json, to_markdown
from benchmarks.subjects import GROWTH_BYTES, GROWTH_FILES, HERE, Subject, make_growth, make_project, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROJECTS = {"tiny": "3.12", "small": "3.12", "medium": "3.12", "large": "3.11"}
"""Subjects, and the Python that their pins are for."""

_CASES = ("cold", "again", "unpack", "start", "memory")


def main() -> None:
    """Make the subjects, run the cases, print the tables."""
    options = _options()
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    places = choose_places(work)
    about = machine(places.kind)
    results, described = [], []
    for subject in _subjects(options, work):
        _say(f"{subject.name} is ready in {subject.folder}")
        described.append(describe(subject))
        for case in _cases(subject, options, work, places):
            _say(f"{case.name} {subject.name}: {', '.join(each.name for each in case.contenders)}")
            results.append(run_case(case, 1 if case.memory else options.rounds, work, variables(subject)))
            for outcome in results[-1].outcomes:
                _say(f"  {outcome.contender}: {outcome.failure or f'{outcome.median:.3f} s'}")
            if options.json:
                options.json.write_text(to_json(about, described, results))
    print(to_markdown(about, described, results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare hatch-envpack with its peers.")
    parser.add_argument(
        "--subjects", nargs="+", choices=[*_PROJECTS, "growth"], default=["small", "medium", "large", "growth"]
    )
    parser.add_argument("--only", nargs="+", choices=_CASES, default=_CASES, help="cases to run for projects")
    parser.add_argument("--contenders", nargs="+", metavar="NAME", help="only those whose name begins so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", nargs="+", default=[], metavar="[SUBJECT=]PATH", help="the interpreter to pack")
    parser.add_argument(
        "--work", type=Path, default=Path(gettempdir()) / "hatch-envpack-benchmarks", help="kept between runs"
    )
    parser.add_argument("--json", type=Path, help="file for all figures, written after every case")
    return parser.parse_args()


def _subjects(options: argparse.Namespace, work: Path) -> Iterator[Subject]:
    for name in options.subjects:
        if name != "growth":
            yield make_project(name, _python(name, options.python), work)
            continue
        python = _python("small", options.python)
        yield from (make_growth(files, 0, python, work) for files in GROWTH_FILES)
        yield from (make_growth(0, size, python, work) for size in GROWTH_BYTES)


def _cases(subject: Subject, options: argparse.Namespace, work: Path, places: Places) -> Iterator[Case]:
    for case in _all_cases(subject, options.only, work, places):
        chosen = case.contenders
        if options.contenders:
            chosen = tuple(each for each in chosen if each.name.startswith(tuple(options.contenders)))
        if chosen:
            yield Case(case.name, case.subject, chosen, case.place, case.repeat, case.memory)


def _all_cases(subject: Subject, only: list[str], work: Path, places: Places) -> Iterator[Case]:
    if subject.name not in _PROJECTS:
        yield cases.growth(subject)
        return
    peers = cases.Peers(work / "peers")
    if "cold" in only or "memory" in only:
        _install_peers(peers, _python("small", []))
    if "cold" in only:
        yield cases.cold(subject, peers)
    if {"again", "unpack", "start"} & set(only):
        pack = cases.build(subject)
        if "again" in only:
            yield cases.again(subject, pack)
        if "unpack" in only:
            yield cases.unpack(subject, pack, places)
            yield cases.unpack(subject, pack, Places("disk", work), cases.UNPACK_DISK)
        if "start" in only:
            yield cases.start(subject, pack)
    if "memory" in only:
        yield cases.memory(subject, peers)


def _install_peers(peers: cases.Peers, python: Path) -> None:
    ready = peers.folder / "ready"
    if ready.exists():
        return
    shutil.rmtree(peers.folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", peers.folder], check=True)
    install: list[str | Path] = [peers.program("python"), "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True)
    ready.touch()


def _python(subject: str, given: list[str]) -> Path:
    """Return the interpreter for a subject: as given, else pyenv's or the one on PATH."""
    for word in reversed(given):
        name, _, path = word.rpartition("=")
        if name in ("", subject):
            return Path(path).expanduser().absolute()
    short = _PROJECTS[subject]
    folder = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = [*sorted(folder.glob(f"{short}.*/bin/python{short}")), shutil.which(f"python{short}")]
    for program in found:
        if program:
            return Path(program)
    sys.exit(f"no Python {short} was found for the subject {subject}: name one with --python {subject}=PATH")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}; what it printed stands above")
