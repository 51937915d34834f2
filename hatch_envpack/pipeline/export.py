"""From an existing environment to its pack."""

from __future__ import annotations

from os.path import realpath
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from hatch_envpack.archive.choose import container_of
from hatch_envpack.environment.editable import resolve_editables
from hatch_envpack.environment.existing import read_environment
from hatch_envpack.environment.installer import find_installer
from hatch_envpack.errors import ArchiveError
from hatch_envpack.interpreter.elsewhere import elsewhere
from hatch_envpack.pipeline.job import Subject
from hatch_envpack.pipeline.naming import file_stem, name_environment
from hatch_envpack.pipeline.place import place_again
from hatch_envpack.pipeline.plan import plan_key, recall
from hatch_envpack.pipeline.session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.environment.model import Environment
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.pipeline.job import Export


def export_pack(job: Export) -> Path:
    """Pack an existing environment with the interpreter behind it. Raises `EnvpackError`, as `build_pack`."""
    _check_outside(job)
    if job.file_name:
        job.destination("")
    container = container_of(job.format, job.settings.compression_level, job.mtime)
    with session(job, container, job.root_directory) as now:
        now.report.stage(f"Reading {job.root}")
        (*borrowed, environment), interpreter = read_environment(
            job.root, now.known.ask, system_site=job.system_site, python=job.python
        )
        outside = None
        if not job.python:
            outside = elsewhere(interpreter, job.python_prefix, system_site=environment.system_site)
        installer = find_installer(job.settings.installer, interpreter)
        now.known.entries(interpreter)
        what = [job.name, job.version, job.editable, str(job.system_site), repr(outside)]
        key = plan_key(job, now, environment.root, what)
        plan = recall(key, now) if job.settings.verify != "always" and not job.details else None
        if plan is not None and plan.stands():
            return place_again(plan, job, now)
        from hatch_envpack.pipeline.pack import pack  # noqa: PLC0415 - costly, and not needed to lay out a known pack

        environments = _resolved([*borrowed, environment], job.editable, interpreter, installer, now.work)
        name, version = job.name, job.version
        if not name:
            name, found = name_environment(environment.root, environment.distributions)
            version = version or found
        subject = Subject(
            name, version, file_stem(name, version), environment.root, interpreter, installer, environments,
            environment.root / "bin" / "python3", outside,
        )  # fmt: skip
        # what an editable install is built from lies elsewhere, and nobody knows all of it
        return pack(subject, job, now, None, key if len(environments) == 1 + len(borrowed) else "")


def _resolved(
    environments: Sequence[Environment], policy: Policy, interpreter: Interpreter, installer: Installer, work: Path
) -> tuple[Environment, ...]:
    """Return the environments without editable installs, and with their wheels where these are to be built."""
    found: list[Environment] = []
    for number, environment in enumerate(environments):
        folder = work / f"editable-{number}"
        folder.mkdir()
        found += resolve_editables(environment, policy, interpreter, installer, folder)
    return tuple(found)


def _check_outside(job: Export) -> None:
    """Raise `ArchiveError` when the environment would be changed, and the pack would hold itself."""
    for what, folder in (("output folder", job.folder), ("folder for temporary files (TMPDIR)", gettempdir())):
        # unlike pathlib's, this raises nothing for links that run in a circle
        if Path(realpath(folder)).is_relative_to(realpath(job.root)):
            raise ArchiveError(f"the {what}, {folder}, lies in the environment that is packed: name one outside of it")
