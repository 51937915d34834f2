"""The stages in their order, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import gettempdir
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.accept import accept
from hatch_envpack.archive.member import Member
from hatch_envpack.archive.members import folder_members
from hatch_envpack.archive.segments import Packable, pack_segments
from hatch_envpack.archive.tar import Tar
from hatch_envpack.archive.writer import assemble
from hatch_envpack.bytecode.compile import compile_segments
from hatch_envpack.cache.frames import FrameStore
from hatch_envpack.checks.check import run_checks
from hatch_envpack.environment.editable import resolve_editables
from hatch_envpack.environment.existing import read_environment
from hatch_envpack.environment.install import install_project
from hatch_envpack.environment.installer import find_installer, find_uv
from hatch_envpack.environment.pip_wheel import pip_wheel
from hatch_envpack.environment.requirements import check_features, check_python, group_requirements
from hatch_envpack.errors import ArchiveError, FindingsError
from hatch_envpack.frame.zstd import Zstd
from hatch_envpack.interpreter.ensurepip import lacks_ensurepip, with_ensurepip
from hatch_envpack.interpreter.files import interpreter_entries, interpreter_roots, site_packages_path
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.layout import Layout, Root
from hatch_envpack.libraries.closure import plan_libraries
from hatch_envpack.libraries.policy import is_of_the_host
from hatch_envpack.manifest.model import PATH, Manifest, SegmentSummary
from hatch_envpack.manifest.needs import measure_needs
from hatch_envpack.manifest.platform import check_max_glibc, platform_tag
from hatch_envpack.registry import Registry
from hatch_envpack.relocate.chain import make_chain
from hatch_envpack.relocate.fixer import Context
from hatch_envpack.relocate.leaks import LeakScanner
from hatch_envpack.segment.exclude import exclude
from hatch_envpack.segment.links import check_links
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.split import split, without_doubles
from hatch_envpack.verify.proof import prove, question
from hatch_envpack.workspace import Partial, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.model import Environment
    from hatch_envpack.environment.requirements import Project
    from hatch_envpack.finding import Finding
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.manifest.needs import Needs
    from hatch_envpack.report import Report
    from hatch_envpack.segment.exclude import Selection
    from hatch_envpack.settings import Settings

SUFFIX = ".envpack.tar.zst"


@dataclass(frozen=True, slots=True)
class Job:
    """One project to be packed."""

    project: Project
    settings: Settings
    folder: Path
    """Where the pack is to lie."""
    mtime: int
    """The time stamp of every member, in seconds since 1970."""
    report: Report


@dataclass(frozen=True, slots=True)
class Export:
    """One existing virtual environment to be packed; it is only ever read."""

    root: Path
    name: str
    version: str
    editable: Policy
    """What is done with editable installs."""
    settings: Settings
    folder: Path
    mtime: int
    report: Report


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is packed, wherever it came from."""

    name: str
    version: str
    file_stem: str
    root: Path
    """The folder whose installer settings count; its path must not be left in the pack."""
    interpreter: Interpreter
    installer: Installer
    environments: tuple[Environment, ...]

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Those of all environments, by name."""
        found = [each for environment in self.environments for each in environment.distributions]
        return tuple(sorted(found, key=lambda distribution: distribution.key))


def build_pack(job: Job) -> Path:
    """Build, prove and place a pack; return its path. Raises `EnvpackError`, and then leaves nothing behind."""
    project, settings = job.project, job.settings
    check_features(project, settings.features)
    group_requirements(project, settings.dependency_groups)
    interpreter = resolve_interpreter(settings.python, root=project.root, uv=find_uv())
    check_python(project, interpreter)
    installer = find_installer(settings.installer, interpreter)
    site_packages = site_packages_path(interpreter)
    with _partial(job.folder) as partial, workspace() as work:
        environment = install_project(project, settings, interpreter, installer, site_packages, work, job.report)
        subject = _Subject(
            project.name, project.version, project.file_stem, project.root, interpreter, installer, (environment,)
        )
        return _pack(subject, job, partial, work)


def export_pack(job: Export) -> Path:
    """Pack an existing environment with the interpreter behind it. Raises `EnvpackError`, as `build_pack`."""
    _check_outside(job)
    environment, interpreter = read_environment(job.root)
    installer = find_installer(job.settings.installer, interpreter)
    with _partial(job.folder) as partial, workspace() as work:
        environments = resolve_editables(environment, job.editable, interpreter, installer, work)
        stem = f"{job.name}-{job.version}"
        subject = _Subject(job.name, job.version, stem, environment.root, interpreter, installer, environments)
        return _pack(subject, job, partial, work)


def _pack(subject: _Subject, job: Job | Export, partial: Partial, work: Path) -> Path:
    settings, report, interpreter = job.settings, job.report, subject.interpreter
    site_packages = site_packages_path(interpreter)
    registry = Registry()
    selection, findings = _select(subject, _ground(subject, site_packages, work, report), settings, registry)
    segments = list(selection.segments)
    folders = {str(root) for environment in subject.environments for root in environment.roots}
    roots = [Root(folder, PurePosixPath()) for folder in sorted(folders)]
    layout = Layout((*interpreter_roots(interpreter), *roots))
    plan = plan_libraries(
        [entry for segment in segments for entry in segment.entries], layout, interpreter, site_packages
    )
    check_max_glibc(plan.elves, settings.max_glibc)
    if plan.copied:
        segments.insert(1, Segment("libraries", plan.copied))
    check_links(segments)
    context = Context(
        interpreter, layout, plan, site_packages,
        strip=settings.strip, isolated=settings.isolated, certificates=settings.certificates,
    )  # fmt: skip
    findings += run_checks(registry.checks, context, [entry for segment in segments for entry in segment.entries])
    chain = make_chain(registry.fixers, context)
    bytecode = {}
    if settings.bytecode:
        report.stage("Compiling bytecode")
        bytecode = compile_segments(segments, chain, interpreter, work / "compiled")
    report.stage("Packing")
    container = Tar(Zstd(settings.compression_level), job.mtime)
    store = FrameStore(None, work)
    leaks = [*layout.build_paths, str(work), str(subject.root)]
    waiting = [Packable(segment, bytecode.get(segment.name, ()), LeakScanner(leaks)) for segment in segments]
    packed = tuple(pack_segments(waiting, chain, site_packages, container, store, lambda _: None))
    findings += [finding for segment in packed for finding in segment.findings]
    entries = [entry for segment in segments for entry in segment.entries]
    paths = [*(entry.path for entry in entries), *(path for segment in packed for path in segment.bytecode)]
    needs = measure_needs(plan, interpreter.machine, paths)
    summaries = tuple(SegmentSummary(each.name, each.files, each.size) for each in packed)
    manifest = _manifest(subject, needs, plan, selection.left_out, summaries)
    frames = [(each.name, each.frames) for each in packed]

    def write(manifest: Manifest) -> None:
        document = manifest.to_bytes()
        first = Member(PATH, len(document), (document,))
        folders = folder_members([*paths, *(each.info for each in subject.distributions)])
        assemble(first, folders, frames, container, store, partial.stream)

    if settings.verify:
        # the manifest has the findings of the proof too: what is proven is the pack without them
        write(manifest)
        report.stage("Unpacking and proving the pack")
        asked = question(subject.distributions, site_packages, canonicalize_name(subject.name))
        original = subject.environments[0].root / "bin" / "python"
        findings += prove(partial.path, interpreter.program, asked, plan.allows, plan.needs, original, work / "proof")
    findings = accept(findings, settings.allow)
    _report_findings(findings, report, strict=settings.strict)
    manifest = replace(manifest, findings=tuple(findings))
    write(manifest)
    destination = job.folder / f"{subject.file_stem}-{manifest.python_tag}-{manifest.platform_tag}{SUFFIX}"
    partial.keep(destination)
    report.info(_summary(manifest, destination))
    return destination


def _check_outside(job: Export) -> None:
    """Raise `ArchiveError` when the environment would be changed, and the pack would hold itself."""
    for what, folder in (("output folder", job.folder), ("folder for temporary files (TMPDIR)", gettempdir())):
        if Path(folder).resolve().is_relative_to(job.root.resolve()):
            raise ArchiveError(f"the {what}, {folder}, lies in the environment that is packed: name one outside of it")


def _partial(folder: Path) -> Partial:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Partial(folder)
    except OSError as error:
        raise ArchiveError(f"the output folder {folder} cannot be written to: {error.strerror}") from error


def _ground(subject: _Subject, site_packages: PurePosixPath, work: Path, report: Report) -> list[Entry]:
    """Return the interpreter's own entries."""
    ground = interpreter_entries(subject.interpreter)
    if lacks_ensurepip(subject.interpreter):
        report.stage("Getting pip for the pack's own virtual environments")
        wheel = pip_wheel(subject.installer, subject.interpreter, site_packages, subject.root, work)
        ground = with_ensurepip(ground, wheel, site_packages.parent)
    return ground


def _select(
    subject: _Subject, ground: Sequence[Entry], settings: Settings, registry: Registry
) -> tuple[Selection, list[Finding]]:
    others: list[Segment] = []
    findings: list[Finding] = []
    # a later environment was made to replace parts of the first one
    for environment in reversed(subject.environments):
        segments, odd = split(environment, subject.interpreter.magic)
        others = [*(without_doubles(segment, others) for segment in segments), *others]
        findings += odd
    interpreter = without_doubles(Segment("interpreter", tuple(ground)), others)
    selection = exclude([interpreter, *others], settings.exclude, registry.exclude_sets, settings.exclude_sets)
    return selection, [*findings, *selection.findings]


def _manifest(
    subject: _Subject,
    needs: Needs,
    plan: LibraryPlan,
    left_out: tuple[tuple[str, int], ...],
    segments: tuple[SegmentSummary, ...],
) -> Manifest:
    return Manifest(
        name=subject.name,
        version=subject.version,
        python=subject.interpreter.version_text,
        python_tag=subject.interpreter.tag,
        platform_tag=platform_tag(needs.glibc, subject.interpreter.machine),
        needs=needs,
        distributions=tuple((each.name, each.version) for each in subject.distributions),
        console_scripts=_scripts(subject, "console_scripts"),
        gui_scripts=_scripts(subject, "gui_scripts"),
        libraries=plan.libraries,
        left_out=left_out,
        segments=segments,
        findings=(),
    )


def _scripts(subject: _Subject, group: str) -> tuple[str, ...]:
    points = [point for each in subject.distributions for point in each.entry_points]
    return tuple(sorted(point.name for point in points if point.group == group))


def _summary(manifest: Manifest, pack: Path) -> str:
    files = sum(segment.files for segment in manifest.segments)
    size = sum(segment.size for segment in manifest.segments)
    needs = manifest.needs
    return (
        f"Python {manifest.python}, {len(manifest.distributions)} distributions, {files} files, "
        f"{size / 1e6:.1f} MB packed into {pack.stat().st_size / 1e6:.1f} MB; needs glibc "
        f"{needs.glibc[0]}.{needs.glibc[1]} or newer"
        + (f" and a CPU of level {needs.cpu}" if needs.cpu not in ("", "x86-64") else "")
        + "".join(f", {soname}" for soname in needs.libraries if is_of_the_host(soname))
        + "".join(f"; {count} files left out ({name})" for name, count in manifest.left_out)
    )


def _report_findings(findings: Sequence[Finding], report: Report, *, strict: bool) -> None:
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
