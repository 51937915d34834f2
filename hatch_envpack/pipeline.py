"""The stages in their order, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.archive.members import Slicer
from hatch_envpack.archive.writer import assemble, write_segments
from hatch_envpack.bytecode.compile import compile_segments
from hatch_envpack.environment.install import install_project
from hatch_envpack.environment.installer import find_installer, find_uv
from hatch_envpack.environment.pip_wheel import pip_wheel
from hatch_envpack.environment.requirements import check_features, check_python, group_requirements
from hatch_envpack.errors import ArchiveError, FindingsError
from hatch_envpack.interpreter.ensurepip import lacks_ensurepip, with_ensurepip
from hatch_envpack.interpreter.files import interpreter_entries, interpreter_roots, site_packages_path
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.layout import Layout, Root
from hatch_envpack.libraries.closure import plan_libraries
from hatch_envpack.manifest.model import Manifest
from hatch_envpack.manifest.platform import check_max_glibc, min_glibc, platform_tag
from hatch_envpack.relocate.chain import make_chain
from hatch_envpack.relocate.fixer import Context
from hatch_envpack.relocate.leaks import LeakScanner
from hatch_envpack.relocate.registry import plugin_manager
from hatch_envpack.segment.exclude import exclude
from hatch_envpack.segment.links import check_links
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.split import distribution_segments, without_doubles
from hatch_envpack.verify.proof import prove, question
from hatch_envpack.workspace import Partial, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_envpack.entry import Entry
    from hatch_envpack.environment.model import Environment
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.finding import Finding
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.manifest.model import SegmentSummary
    from hatch_envpack.report import Report
    from hatch_envpack.settings import Settings

SUFFIX = ".envpack.tar.zst"


@dataclass(frozen=True, slots=True)
class Job:
    """One pack to be built."""

    project: Project
    settings: Settings
    folder: Path
    """Where the pack is to lie."""
    mtime: int
    """The time stamp of every member, in seconds since 1970."""
    report: Report


def build_pack(job: Job) -> Path:
    """Build, prove and place a pack; return its path. Raises `EnvpackError`, and then leaves nothing behind."""
    project, settings, report = job.project, job.settings, job.report
    check_features(project, settings.features)
    group_requirements(project, settings.dependency_groups)
    interpreter = resolve_interpreter(settings.python, root=project.root, uv=find_uv())
    check_python(project, interpreter)
    installer = find_installer(settings.installer, interpreter)
    site_packages = site_packages_path(interpreter)
    with _partial(job.folder) as partial, workspace() as work:
        environment = install_project(project, settings, interpreter, installer, site_packages, work, report)
        ground = interpreter_entries(interpreter)
        if lacks_ensurepip(interpreter):
            report.stage("Getting pip for the pack's own virtual environments")
            wheel = pip_wheel(installer, interpreter, site_packages, project.root, work)
            ground = with_ensurepip(ground, wheel, site_packages.parent)
        segments, findings = _segments(environment, ground, settings)
        layout = Layout((*interpreter_roots(interpreter), Root(str(environment.root), PurePosixPath())))
        plan = plan_libraries(
            [entry for segment in segments for entry in segment.entries], layout, interpreter, site_packages
        )
        check_max_glibc(plan.elves, settings.max_glibc)
        if plan.copied:
            segments.insert(1, Segment("libraries", plan.copied))
        check_links(segments)
        chain = make_chain(plugin_manager(), Context(interpreter, layout, plan, site_packages, strip=settings.strip))
        bytecode = {}
        if settings.bytecode:
            report.stage("Compiling bytecode")
            bytecode = compile_segments(segments, chain, interpreter, work / "compiled")
        report.stage("Packing")
        scanner = LeakScanner([*layout.build_paths, str(work), str(project.root)])
        slicer = Slicer(chain, scanner, job.mtime)
        with (work / "frames").open("wb") as spool:
            summaries = write_segments(segments, bytecode, slicer, site_packages, settings.compression_level, spool)
        findings += scanner.findings()
        manifest = _manifest(project, interpreter, environment, plan, summaries, findings)
        assemble(manifest, slicer, settings.compression_level, work / "frames", partial.stream)
        if settings.verify:
            report.stage("Unpacking and proving the pack")
            asked = question(environment.distributions, site_packages, canonicalize_name(project.name))
            original = environment.root / "bin" / "python"
            findings += prove(partial.path, interpreter.program, asked, plan.allows, original, work / "proof")
        _report_findings(findings, report, strict=settings.strict)
        destination = job.folder / f"{project.file_stem}-{manifest.python_tag}-{manifest.platform_tag}{SUFFIX}"
        partial.keep(destination)
    report.info(_summary(manifest, destination))
    return destination


def _partial(folder: Path) -> Partial:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Partial(folder)
    except OSError as error:
        raise ArchiveError(f"the output folder {folder} cannot be written to: {error.strerror}") from error


def _segments(
    environment: Environment, ground: Sequence[Entry], settings: Settings
) -> tuple[list[Segment], list[Finding]]:
    others = list(distribution_segments(environment))
    interpreter = without_doubles(Segment("interpreter", tuple(ground)), others)
    return exclude([interpreter, *others], settings.exclude)


def _manifest(
    project: Project,
    interpreter: Interpreter,
    environment: Environment,
    plan: LibraryPlan,
    segments: tuple[SegmentSummary, ...],
    findings: Sequence[Finding],
) -> Manifest:
    glibc = min_glibc(plan.elves)
    return Manifest(
        name=project.name,
        version=project.version,
        python=interpreter.version_text,
        python_tag=interpreter.tag,
        platform_tag=platform_tag(glibc, interpreter.machine),
        min_glibc=glibc,
        distributions=tuple((each.name, each.version) for each in environment.distributions),
        console_scripts=_scripts(environment, "console_scripts"),
        gui_scripts=_scripts(environment, "gui_scripts"),
        expected_libraries=tuple(sorted(plan.expected)),
        segments=segments,
        findings=tuple(findings),
    )


def _scripts(environment: Environment, group: str) -> tuple[str, ...]:
    points = [point for each in environment.distributions for point in each.entry_points]
    return tuple(sorted(point.name for point in points if point.group == group))


def _summary(manifest: Manifest, pack: Path) -> str:
    files = sum(segment.files for segment in manifest.segments)
    size = sum(segment.size for segment in manifest.segments)
    return (
        f"Python {manifest.python}, {len(manifest.distributions)} distributions, {files} files, "
        f"{size / 1e6:.1f} MB packed into {pack.stat().st_size / 1e6:.1f} MB; "
        f"needs glibc {manifest.min_glibc[0]}.{manifest.min_glibc[1]} or newer"
    )


def _report_findings(findings: Sequence[Finding], report: Report, *, strict: bool) -> None:
    if strict and findings:
        raise FindingsError(
            f"{len(findings)} findings, and `strict` makes them errors:", detail="\n".join(map(str, findings))
        )
    for finding in findings:
        report.warning(str(finding))
