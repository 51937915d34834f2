"""The last stage: a pack comes to lie where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.archive.writer import write_archive
from hatch_envpack.errors import FindingsError
from hatch_envpack.formats import FOLDER
from hatch_envpack.pipeline.folder import not_made, place_folder
from hatch_envpack.pipeline.made import summarize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_envpack.finding import Finding
    from hatch_envpack.pipeline.job import Export, Job
    from hatch_envpack.pipeline.made import Made
    from hatch_envpack.pipeline.plan import Plan
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.report import Report


def write(made: Made, now: Session) -> None:
    """Write the pack under its temporary name, unless it is there. Raises `ArchiveError`."""
    if now.partial.holds is not made:
        now.partial.holds = None
        write_archive(made.groups, now.container, now.cache.frames, now.partial.stream)
        now.partial.holds = made


def place(made: Made, job: Job | Export, reused: frozenset[str], now: Session) -> Path:
    """Write the pack, give it its name, and tell of it. Raises `ArchiveError`."""
    destination = job.destination(made.base_name)
    if job.format == FOLDER:
        now.report.stage("Unpacking the pack to where it is to lie")
        size = place_folder(made.groups, destination, now)
    else:
        write(made, now)
        job.destination(made.base_name)  # it took a while
        try:
            now.partial.keep(destination)
        except OSError as error:
            raise not_made(destination, error) from error
        size = destination.stat().st_size
    now.report.info(made.facts)
    now.report.summary(summarize(made, reused, destination, size))
    return destination


def place_again(plan: Plan, job: Job | Export, now: Session) -> Path:
    """Place a pack that was made before from the same. Raises `EnvpackError`."""
    report_findings(plan.made.findings, now.report, strict=job.settings.strict)
    return place(plan.made, job, frozenset(segment.name for segment in plan.made.segments), now)


def report_findings(findings: Sequence[Finding], report: Report, *, strict: bool) -> None:
    """Tell the findings that nobody accepted. Raises `FindingsError` when ``strict`` makes them errors."""
    open_findings = [finding for finding in findings if not finding.accepted]
    if strict and open_findings:
        raise FindingsError(
            f"{len(open_findings)} findings, and `strict` makes them errors (`allow` accepts one with a reason):",
            detail="\n".join(map(str, open_findings)),
        )
    for finding in open_findings:
        report.warning(str(finding))
    if accepted := len(findings) - len(open_findings):
        report.info(f"{accepted} accepted findings are in the manifest")
