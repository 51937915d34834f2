"""From an installed environment to a proven pack: the stages in their order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.accept import accept
from hatch_envpack.cache.libraries import known_plan
from hatch_envpack.cache.recipe import stamps_of
from hatch_envpack.cache.witness import digest_of, look_at
from hatch_envpack.checks.check import run_checks
from hatch_envpack.environment.pip_wheel import pip_wheel
from hatch_envpack.formats import FOLDER
from hatch_envpack.interpreter.ensurepip import lacks_ensurepip, with_ensurepip
from hatch_envpack.interpreter.files import interpreter_roots, site_packages_path
from hatch_envpack.interpreter.generated import common_entries
from hatch_envpack.layout import Layout
from hatch_envpack.manifest.needs import measure_needs
from hatch_envpack.manifest.platform import check_max_glibc
from hatch_envpack.pipeline.describe import base_name, describe, facts
from hatch_envpack.pipeline.details import tell_details
from hatch_envpack.pipeline.frames import Sources, pack_frames
from hatch_envpack.pipeline.head import folders_group, head
from hatch_envpack.pipeline.made import Made
from hatch_envpack.pipeline.place import place, report_findings, write
from hatch_envpack.pipeline.plan import environment_paths, remember
from hatch_envpack.pipeline.proof import UNPROVEN, proof, proof_tree
from hatch_envpack.registry import Registry
from hatch_envpack.relocate.chain import make_chain
from hatch_envpack.relocate.fixer import Context
from hatch_envpack.segment.copies import with_copies
from hatch_envpack.segment.exclude import exclude
from hatch_envpack.segment.links import check_links
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.split import split, without_doubles

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hatch_envpack.archive.segments import PackedSegment
    from hatch_envpack.cache.environments import Kept
    from hatch_envpack.cache.trees import ProofTree
    from hatch_envpack.entry import Entry
    from hatch_envpack.finding import Finding
    from hatch_envpack.pipeline.job import Export, Job, Subject
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.segment.exclude import Selection
    from hatch_envpack.settings import Settings


def pack(subject: Subject, job: Job | Export, now: Session, kept: Kept | None, plan_key: str) -> Path:
    """Pack the subject, prove the pack, and place it; return its path.

    ``kept`` is the environment where this program had it installed. Under ``plan_key`` it is noted how the pack was
    made; nothing is noted without. Raises `EnvpackError`.
    """
    with proof_tree(subject, job.settings, now) as tree:
        return _pack(subject, job, now, kept, plan_key, tree)


def _pack(
    subject: Subject, job: Job | Export, now: Session, kept: Kept | None, plan_key: str, tree: ProofTree | None
) -> Path:
    settings, interpreter = job.settings, subject.interpreter
    site_packages = site_packages_path(interpreter)
    seen = look_at(environment_paths(subject.environments))
    stamps = digest_of(seen)
    registry = Registry()
    elsewhere = subject.elsewhere
    selection, findings = _select(subject, _ground(subject, site_packages, now), seen, settings, registry)
    segments = list(selection.segments)
    plan = known_plan(
        _entries(segments), _layout(subject), interpreter, site_packages, now.cache, now.program,
        python=elsewhere is None,
    )  # fmt: skip
    check_max_glibc(plan.elves, settings.max_glibc)
    if plan.copied:
        segments.insert(1, Segment("libraries", plan.copied))
    check_links(segments, elsewhere.link if elsewhere else None)
    if settings.copy_links:
        segments = with_copies(segments)
    context = Context(
        interpreter, _layout(subject), plan, site_packages,
        strip=settings.strip, isolated=settings.isolated, certificates=settings.certificates,
    )  # fmt: skip
    findings += run_checks(registry.checks, context, _entries(segments))
    packed = pack_frames(
        segments,
        make_chain(registry.fixers, context),
        context,
        Sources(_unwanted(subject), kept, settings.bytecode),
        now,
    )
    if kept is not None:
        with suppress(OSError):  # then the next build begins with an empty environment
            kept.note(stamps_of(_entries(segments)))
    findings += [finding for segment in packed.segments for finding in segment.findings]
    members = [str(entry.path) for entry in _entries(segments)]
    members += [path for segment in packed.segments for path in segment.bytecode]
    members += [str(each.info / "RECORD") for each in subject.distributions]
    own = _own_files(subject, segments, packed.segments)
    entries = _entries(segments)
    with (
        proof(tree, packed.segments, own, subject, plan, site_packages, settings, now)
        if settings.verify
        else nullcontext(UNPROVEN)
    ) as begun:
        needs = measure_needs(plan, interpreter.machine, members)
        folders = folders_group(members, now)

        def made_with(found: Sequence[Finding]) -> Made:
            accepted = accept([*findings, *found], settings.allow)
            manifest = describe(subject, needs, plan, selection.left_out, packed.segments, entries, accepted)
            first = head(manifest, packed.segments, folders, now)
            return Made(base_name(subject, manifest), first, packed.segments, tuple(accepted), facts(manifest))

        made = made_with(begun.expected)
        with ThreadPoolExecutor(1) as side:
            if job.format != FOLDER:
                write(made, now)
                side.submit(now.partial.sync)  # what goes wrong is told when it is kept
            others = [str(entry.source) for entry in _entries(segments[1:]) if entry.source is not None]
        found = begun.give(made)
    if found != begun.expected:
        made = made_with(found)
    tell_details(selection, plan, made.findings, now.report)
    report_findings(made.findings, now.report, strict=settings.strict)
    placed = place(made, job, packed.reused, now)
    if plan_key and not (elsewhere is None and lacks_ensurepip(interpreter)):
        remember(plan_key, made, list(seen), stamps, others, now)
    return placed


def _entries(segments: Sequence[Segment]) -> list[Entry]:
    return [entry for segment in segments for entry in segment.entries]


def _own_files(subject: Subject, segments: Sequence[Segment], packed: Sequence[PackedSegment]) -> list[PurePosixPath]:
    """Return the files of the project's own distribution; none where it is not one distribution by itself."""
    name = f"distribution:{canonicalize_name(subject.name)}"
    for segment, done in zip(segments, packed, strict=True):
        if segment.name == name and segment.distribution is not None:
            paths = [entry.path for entry in segment.entries]
            return [*paths, *map(PurePosixPath, done.bytecode), segment.distribution.info / "RECORD"]
    return []


def _layout(subject: Subject) -> Layout:
    roots = {root.source: root for environment in subject.environments for root in environment.roots}
    own = () if subject.elsewhere else interpreter_roots(subject.interpreter)
    known = {root.source for root in own}
    return Layout((*own, *(root for source, root in sorted(roots.items()) if source not in known)))


def _unwanted(subject: Subject) -> tuple[Path, ...]:
    """Return the folders of this machine that nothing may name, besides those that are packed."""
    elsewhere, own = subject.elsewhere, subject.interpreter.prefix
    if elsewhere is None or PurePosixPath(elsewhere.prefix).is_relative_to(own):
        return (subject.root,)
    return (subject.root, own)


def _ground(subject: Subject, site_packages: PurePosixPath, now: Session) -> Segment:
    """Return the interpreter's own entries, or what stands in their place."""
    if subject.elsewhere:
        return Segment("environment", (*subject.elsewhere.entries, *common_entries(subject.interpreter)))
    ground = now.known.entries(subject.interpreter)
    if lacks_ensurepip(subject.interpreter):
        now.report.stage("Getting pip for the pack's own virtual environments")
        wheel = pip_wheel(subject.installer, subject.interpreter, site_packages, subject.root, now.work)
        ground = with_ensurepip(ground, wheel, site_packages.parent)
    return Segment("interpreter", tuple(ground))


def _select(
    subject: Subject,
    ground: Segment,
    seen: Mapping[str, os.stat_result | None],
    settings: Settings,
    registry: Registry,
) -> tuple[Selection, list[Finding]]:
    others: list[Segment] = []
    findings: list[Finding] = []
    # a later environment was made to replace parts of the first one
    for environment in reversed(subject.environments):
        segments, odd = split(environment, subject.interpreter.magic, seen)
        others = _joined([*(without_doubles(segment, others) for segment in segments), *others])
        findings += odd
    selection = exclude(
        [without_doubles(ground, others), *others], settings.exclude, registry.exclude_sets, settings.exclude_sets
    )
    return selection, [*findings, *selection.findings]


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments with one for what belongs to nobody, from whichever environment it is."""
    unowned = [segment for segment in segments if segment.distribution is None]
    entries = sorted((entry for segment in unowned for entry in segment.entries), key=lambda entry: entry.path.parts)
    owned = [segment for segment in segments if segment.distribution is not None]
    return [*owned, Segment(unowned[0].name, tuple(entries))] if unowned else owned
