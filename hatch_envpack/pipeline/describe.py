"""What a pack says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.archive.segments import LARGEST
from hatch_envpack.libraries.policy import is_of_the_host
from hatch_envpack.manifest.model import Manifest, SegmentSummary
from hatch_envpack.manifest.platform import platform_tag
from hatch_envpack.pipeline.head import DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.archive.segments import PackedSegment
    from hatch_envpack.entry import Entry
    from hatch_envpack.finding import Finding
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.manifest.needs import Needs
    from hatch_envpack.pipeline.job import Subject


def describe(
    subject: Subject,
    needs: Needs,
    plan: LibraryPlan,
    left_out: tuple[tuple[str, int], ...],
    segments: Sequence[PackedSegment],
    entries: Sequence[Entry],
    findings: Sequence[Finding],
) -> Manifest:
    """Return the manifest; ``entries`` are those of all segments."""
    links = [(str(entry.path), entry.link) for entry in entries if entry.link is not None and entry.copy_of is None]
    return Manifest(
        name=subject.name,
        version=subject.version,
        python=subject.interpreter.version_text,
        python_tag=subject.interpreter.tag,
        python_prefix=subject.elsewhere.prefix if subject.elsewhere else "",
        platform_tag=platform_tag(needs.glibc, subject.interpreter.machine),
        needs=needs,
        distributions=tuple((each.name, each.version) for each in subject.distributions),
        console_scripts=_scripts(subject, "console_scripts"),
        gui_scripts=_scripts(subject, "gui_scripts"),
        libraries=plan.libraries,
        left_out=left_out,
        segments=tuple(SegmentSummary(each.name, each.files, each.size) for each in segments),
        largest=_largest(segments),
        links=tuple(links),
        executables=tuple(str(entry.path) for entry in entries if (entry.copy_of or entry).executable),
        sums=sum(segment.sums.count("\n") for segment in segments) + DESCRIBED,
        findings=tuple(findings),
    )


def base_name(subject: Subject, manifest: Manifest) -> str:
    """Return the pack's name without the ending that says the format: what it is, and where it runs."""
    return f"{subject.file_stem}-{manifest.python_tag}-{manifest.platform_tag}"


def facts(manifest: Manifest) -> str:
    """Return one line about what is in it and what it needs."""
    files = sum(segment.files for segment in manifest.segments)
    size = sum(segment.size for segment in manifest.segments)
    needs = manifest.needs
    expected = f" (not packed, expected in {manifest.python_prefix})" if manifest.python_prefix else ""
    return (
        f"Python {manifest.python}{expected}, "
        f"{len(manifest.distributions)} distributions, {files} files, {size / 1e6:.1f} MB; "
        f"needs glibc {needs.glibc[0]}.{needs.glibc[1]} or newer"
        + (f" and a CPU of level {needs.cpu}" if needs.cpu not in ("", "x86-64") else "")
        + "".join(f", {soname}" for soname in needs.libraries if is_of_the_host(soname))
        + "".join(f"; {each.files} files of no distribution" for each in manifest.segments if each.name == "unowned")
        + "".join(f"; {count} files left out ({name})" for name, count in manifest.left_out)
    )


def _largest(segments: Sequence[PackedSegment]) -> tuple[tuple[str, int], ...]:
    found = [each for segment in segments for each in segment.largest]
    return tuple(sorted(found, key=lambda each: (-each[1], each[0]))[:LARGEST])


def _scripts(subject: Subject, group: str) -> tuple[str, ...]:
    points = [point for each in subject.distributions for point in each.entry_points]
    return tuple(sorted(point.name for point in points if point.group == group))
