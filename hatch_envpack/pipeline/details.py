"""What is told of single files to those who ask for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.finding import Finding
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.report import Report
    from hatch_envpack.segment.exclude import Selection


def tell_details(selection: Selection, plan: LibraryPlan, findings: Iterable[Finding], report: Report) -> None:
    """Tell a line for each file that nobody manages, that is left out or brought along, and each accepted finding."""
    for line in _lines(selection, plan, findings):
        report.detail(printable(line))


def _lines(selection: Selection, plan: LibraryPlan, findings: Iterable[Finding]) -> Iterator[str]:
    for segment in selection.segments:
        if segment.name == "unowned":
            yield from (f"of no distribution: {entry.path}" for entry in segment.entries)
    yield from (f"left out ({name}): {path}" for name, path in selection.files)
    libraries = [entry for entry in plan.copied if entry.path.parts[0] == "lib" and entry.source is not None]
    yield from (f"brought along: {entry.path} from {entry.source}" for entry in libraries)
    yield from (f"accepted: {finding} ({finding.accepted})" for finding in findings if finding.accepted)
