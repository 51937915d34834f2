"""Building the project's wheel and installing it, and all that can be done before the wheel is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from hatch_envpack.cache.environments import Change
from hatch_envpack.environment.install import build_project, program, read_installed
from hatch_envpack.environment.memory import Memory
from hatch_envpack.environment.requirements import requirements
from hatch_envpack.errors import EnvpackError, InstallError
from hatch_envpack.formats import FOLDER
from hatch_envpack.interpreter.files import site_packages_path
from hatch_envpack.pipeline.place import write
from hatch_envpack.pipeline.plan import recall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_envpack.cache.environments import Kept
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.pipeline.job import Job
    from hatch_envpack.pipeline.plan import Plan
    from hatch_envpack.pipeline.session import Session


def install(
    job: Job, interpreter: Interpreter, installer: Installer, kept: Kept, key: str, now: Session
) -> tuple[Plan | None, Memory]:
    """Build the wheel and install it. Raises `EnvpackError`.

    Meanwhile it is looked up under ``key`` what was packed the last time, which is returned where it may still stand,
    and the environment is brought up to date with the wheel of the last time: most likely nothing is left to be done
    then, or the project's own files alone. What was read of it already is returned too.
    """
    now.report.stage(f"Building the wheel of {job.project.name}")
    before = kept.last_wheel()
    with ThreadPoolExecutor(2) as side:
        built = side.submit(
            build_project, job.project, interpreter, installer, kept.root, now.work / "built", is_new=kept.is_new
        )
        updated = side.submit(_is_updated, job, installer, kept, before) if before is not None else None
        plan = recall(key, now) if job.settings.verify != "always" else None
        if plan is not None and job.format != FOLDER:
            # it is most likely what is asked for, and there is nothing else to do until the wheel is built
            write(plan.made, now)
            side.submit(now.partial.sync)
        # most likely needed as soon as the wheel is there, and now it costs nothing
        import_module("hatch_envpack.pipeline.pack")
        is_updated = updated is not None and updated.result()
        memory = Memory()
        if is_updated:
            _read_ahead(kept.root, interpreter, memory, built.done)
        wheel = built.result()
        change = kept.compare(wheel) if is_updated else Change.METADATA
    if change is not Change.NOTHING:
        now.report.stage(f"Installing with {installer.name}")
        wanted = requirements(job.project, kept.wheel(wheel), job.settings)
        python, root = program(kept.root), job.project.root
        if change is Change.FILES:
            installer.install(wanted[:1], python, root, dependencies=False)
            plan = None  # its witnesses have just been replaced
        else:
            installer.install(wanted, python, root, again=not kept.is_new)
    return plan, memory


def _is_updated(job: Job, installer: Installer, kept: Kept, wheel: Path) -> bool:
    """Bring the environment up to date but for the project itself; return whether that could be done.

    What goes wrong with it is told by the installation that comes then.
    """
    try:
        wanted = requirements(job.project, wheel, job.settings)
        installer.install(wanted, program(kept.root), job.project.root, again=True)
    except InstallError:
        return False
    return True


def _read_ahead(root: Path, interpreter: Interpreter, memory: Memory, is_enough: Callable[[], bool]) -> None:
    """Read what is installed into the memory, until it ``is_enough``."""
    # imported only now, since this may not be needed
    from hatch_envpack.segment.split import split_ahead  # noqa: PLC0415

    with suppress(EnvpackError):  # whoever reads it next will say so
        if not is_enough():
            split_ahead(read_installed(root, site_packages_path(interpreter), memory), interpreter.magic, is_enough)
