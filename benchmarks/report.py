"""Results as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.measure import Outcome, Result
    from benchmarks.subjects import Subject

_MARKS = {True: "yes", False: "no", None: "?"}


def machine(places: str) -> dict[str, str]:
    """Return what the figures depend on beside the code."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    commit = _first_line("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty")
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit,
        "cpu": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "unpacked onto": places,
        "tar": _first_line("tar", "--version"),
        "zstd": _first_line("zstd", "--version").strip("* "),
        "hatch-envpack runs on": f"Python {platform.python_version()}",
        "hatchling": version("hatchling"),
    }


def describe(subject: Subject) -> dict[str, str | int]:
    """Return how large a subject is, as the others pack it."""
    files = [path for path in subject.tree.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    return {"name": subject.name, "files": len(files), "bytes": size, "python": str(subject.python)}


def to_json(about: dict[str, str], subjects: Sequence[dict[str, str | int]], results: Sequence[Result]) -> str:
    """Return everything, every run among it."""
    document = {
        "machine": about,
        "subjects": subjects,
        "results": [asdict(each) for each in results],
        "goals": [asdict(each) for each in verdicts(results)],
    }
    return json.dumps(document, indent=1) + "\n"


def to_markdown(about: dict[str, str], subjects: Sequence[dict[str, str | int]], results: Sequence[Result]) -> str:
    """Return tables for people."""
    parts = [_table(("", ""), about.items())]
    rows = [(each["name"], f"{each['files']:,}", f"{int(each['bytes']) / 1e6:,.1f}") for each in subjects]
    parts.append(_table(("subject", "files", "MB"), rows))
    goals = [(each.subject, each.figure, each.text, each.goal, _MARKS[each.met]) for each in verdicts(results)]
    if goals:
        parts.append(_table(("subject", "figure", "measured", "goal", "met"), goals))
    head = ("case", "subject", "command", "seconds", "from - to", "CPU s", "ratio", "MB", "memory MB")
    lines = [(each.case, each.subject, *_row(outcome)) for each in results for outcome in each.outcomes]
    parts.append(_table(head, lines))
    return "\n".join(parts)


def _row(outcome: Outcome) -> tuple[str, ...]:
    name = outcome.contender.replace("|", "\\|")
    if outcome.failure:
        return (name, f"not measured: {outcome.failure.replace('|', '/')}", "", "", "", "", "")
    return (
        name,
        f"{outcome.median:.3f}",
        f"{min(outcome.seconds):.3f} - {max(outcome.seconds):.3f}",
        f"{statistics.median(outcome.cpu_seconds):.2f}",
        f"{statistics.median(outcome.ratios):.2f}" if outcome.ratios else "",
        f"{statistics.median(outcome.sizes) / 1e6:.1f}" if outcome.sizes else "",
        f"{max(outcome.peaks) / 1e6:.0f}" if outcome.peaks else "",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["--"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def _first_line(*words: str) -> str:
    if shutil.which(words[0]) is None:
        return "missing"
    lines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    return lines[0] if lines else "unknown"
