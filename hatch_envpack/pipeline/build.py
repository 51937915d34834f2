"""From a project to its pack."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hatch_envpack.archive.choose import container_of
from hatch_envpack.cache.environments import Kept, keep_environment
from hatch_envpack.cache.records import key_of
from hatch_envpack.environment.install import program, read_installed
from hatch_envpack.environment.installer import find_installer, find_uv
from hatch_envpack.environment.requirements import (
    check_features,
    check_python,
    group_requirements,
)
from hatch_envpack.interpreter.files import site_packages_path
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.pipeline.install import install
from hatch_envpack.pipeline.job import Subject
from hatch_envpack.pipeline.place import place_again
from hatch_envpack.pipeline.plan import plan_key
from hatch_envpack.pipeline.session import session

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.pipeline.job import Job
    from hatch_envpack.pipeline.session import Session


def build_pack(job: Job) -> Path:
    """Build, prove and place a pack; return its path. Raises `EnvpackError`, and then leaves nothing behind."""
    project, settings = job.project, job.settings
    check_features(project, settings.features)
    group_requirements(project, settings.dependency_groups)
    container = container_of(job.format, settings.compression_level, job.mtime)
    with session(job, container) as now:
        interpreter = resolve_interpreter(
            settings.python, root=project.root, uv=find_uv(), ask=now.known.ask, find=now.known.find
        )
        check_python(project, interpreter)
        installer = find_installer(settings.installer, interpreter)
        now.known.entries(interpreter)
        key = key_of(str(project.root), now.known.signature, repr(installer), now.program)
        with keep_environment(now.cache.root, key, afresh=not installer.updates) as held:
            return _build(job, interpreter, installer, held or Kept(now.work, None), now)


def _build(job: Job, interpreter: Interpreter, installer: Installer, kept: Kept, now: Session) -> Path:
    project = job.project
    key = plan_key(job, now, kept.root, [project.name, project.version, project.file_stem, str(project.root)])
    plan, memory = install(job, interpreter, installer, kept, key, now)
    if plan is not None and plan.stands():
        with suppress(OSError):  # then the next build begins with an empty environment
            kept.still_stands()
        return place_again(plan, job, now)
    from hatch_envpack.pipeline.pack import pack  # noqa: PLC0415 - costly, and not needed to lay out a known pack

    environment = read_installed(kept.root, site_packages_path(interpreter), memory)
    subject = Subject(
        project.name, project.version, project.file_stem, project.root, interpreter, installer, (environment,),
        program(kept.root),
    )  # fmt: skip
    return pack(subject, job, now, kept, key)
