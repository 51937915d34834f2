"""From a project to its pack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from hatch_envpack.archive.choose import container_of
from hatch_envpack.cache.environments import Change, Kept, keep_environment
from hatch_envpack.cache.records import key_of
from hatch_envpack.environment.install import build_project, program, read_installed
from hatch_envpack.environment.installer import find_installer, find_uv
from hatch_envpack.environment.requirements import (
    check_features,
    check_python,
    group_requirements,
    requirements,
)
from hatch_envpack.errors import InstallError
from hatch_envpack.formats import FOLDER
from hatch_envpack.interpreter.files import site_packages_path
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.pipeline.job import Subject
from hatch_envpack.pipeline.place import place_again, write
from hatch_envpack.pipeline.plan import plan_key, recall
from hatch_envpack.pipeline.session import session

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.pipeline.job import Job
    from hatch_envpack.pipeline.plan import Plan
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
    plan = _install(job, interpreter, installer, kept, key, now)
    if plan is not None and plan.stands():
        with suppress(OSError):  # then the next build begins with an empty environment
            kept.still_stands()
        return place_again(plan, job, now)
    from hatch_envpack.pipeline.pack import pack  # noqa: PLC0415 - costly, and not needed to lay out a known pack

    environment = read_installed(kept.root, site_packages_path(interpreter))
    subject = Subject(
        project.name, project.version, project.file_stem, project.root, interpreter, installer, (environment,),
        program(kept.root),
    )  # fmt: skip
    return pack(subject, job, now, kept, key)


def _install(
    job: Job, interpreter: Interpreter, installer: Installer, kept: Kept, key: str, now: Session
) -> Plan | None:
    """Build the wheel and install it; meanwhile look up what was packed the last time, and return that.

    Meanwhile, too, the environment is brought up to date with the wheel of the last time: most likely nothing is left
    to be done then, or the project's own files alone. What goes wrong with that is told by the installation that comes
    after it.
    """
    now.report.stage(f"Building the wheel of {job.project.name}")
    with ThreadPoolExecutor(2) as side:
        built = side.submit(
            build_project, job.project, interpreter, installer, kept.root, now.work / "built", is_new=kept.is_new
        )
        before = kept.last_wheel()
        updated = side.submit(_is_updated, job, installer, kept, before) if before is not None else None
        plan = recall(key, now) if job.settings.verify != "always" else None
        if plan is not None and job.format != FOLDER:
            # it is most likely what is asked for, and there is nothing else to do until the wheel is built
            write(plan.made, now)
            now.partial.sync()
        # most likely needed as soon as the wheel is there, and now it costs nothing
        import_module("hatch_envpack.pipeline.pack")
        new = built.result()
        change = kept.compare(new) if updated is not None and updated.result() else Change.METADATA
    if change is not Change.NOTHING:
        now.report.stage(f"Installing with {installer.name}")
        wanted = requirements(job.project, kept.wheel(new), job.settings)
        python, root = program(kept.root), job.project.root
        if change is Change.FILES:
            installer.install(wanted[:1], python, root, dependencies=False)
        else:
            installer.install(wanted, python, root, again=not kept.is_new)
    return plan


def _is_updated(job: Job, installer: Installer, kept: Kept, wheel: Path) -> bool:
    """Bring the environment up to date, the project itself left as it is; return whether that could be done."""
    try:
        wanted = requirements(job.project, wheel, job.settings)
        installer.install(wanted, program(kept.root), job.project.root, again=True)
    except InstallError:
        return False
    return True
