"""From an existing environment to its pack."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from hatch_envpack.archive.choose import container_of
from hatch_envpack.environment.editable import resolve_editables
from hatch_envpack.environment.existing import read_environment
from hatch_envpack.environment.installer import find_installer
from hatch_envpack.errors import ArchiveError
from hatch_envpack.pipeline.job import Subject
from hatch_envpack.pipeline.naming import file_stem, name_environment
from hatch_envpack.pipeline.place import place_again
from hatch_envpack.pipeline.plan import plan_key, recall
from hatch_envpack.pipeline.session import session

if TYPE_CHECKING:
    from hatch_envpack.pipeline.job import Export


def export_pack(job: Export) -> Path:
    """Pack an existing environment with the interpreter behind it. Raises `EnvpackError`, as `build_pack`."""
    _check_outside(job)
    if job.file_name:
        job.destination("")
    with session(job, container_of(job.format, job.settings.compression_level, job.mtime)) as now:
        now.report.stage(f"Reading {job.root}")
        environment, interpreter = read_environment(job.root, now.known.ask)
        installer = find_installer(job.settings.installer, interpreter)
        now.known.entries(interpreter)
        key = plan_key(job, now, environment.root, [job.name, job.version, job.editable])
        plan = recall(key, now) if job.settings.verify != "always" else None
        if plan is not None and plan.stands():
            return place_again(plan, job, now)
        from hatch_envpack.pipeline.pack import pack  # noqa: PLC0415 - costly, and not needed to lay out a known pack

        environments = resolve_editables(environment, job.editable, interpreter, installer, now.work)
        name, version = (
            (job.name, job.version) if job.name else name_environment(environment.root, environment.distributions)
        )
        subject = Subject(
            name, version, file_stem(name, version), environment.root, interpreter, installer, environments
        )
        # what an editable install is built from lies elsewhere, and nobody knows all of it
        return pack(subject, job, now, None, key if len(environments) == 1 else "")


def _check_outside(job: Export) -> None:
    """Raise `ArchiveError` when the environment would be changed, and the pack would hold itself."""
    for what, folder in (("output folder", job.folder), ("folder for temporary files (TMPDIR)", gettempdir())):
        if Path(folder).resolve().is_relative_to(job.root.resolve()):
            raise ArchiveError(f"the {what}, {folder}, lies in the environment that is packed: name one outside of it")
