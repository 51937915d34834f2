"""What one build has at hand: a folder of its own, the cache, and what is known of this program."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.archive.below import Below
from hatch_envpack.cache.admin import cache_folder
from hatch_envpack.cache.cache import Cache
from hatch_envpack.cache.fingerprint import plugins_fingerprint, program_fingerprint
from hatch_envpack.cache.interpreters import KnownInterpreter
from hatch_envpack.cache.tag import claim
from hatch_envpack.errors import ArchiveError, CacheError
from hatch_envpack.workspace import Partial, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_envpack.archive.container import Container
    from hatch_envpack.pipeline.job import Export, Job
    from hatch_envpack.report import Report


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of one build."""

    work: Path
    """A temporary folder."""
    partial: Partial
    """The pack in the making, in the folder where it is to lie."""
    container: Container
    cache: Cache
    program: str
    """A digest of this program and its libraries."""
    plugins: str
    """The same for installed plugins; empty without any."""
    known: KnownInterpreter
    report: Report
    jobs: int | None
    root_directory: str = ""
    """The folder of the archive in which everything lies; empty: its root."""


@contextmanager
def session(job: Job | Export, container: Container, root_directory: str = "") -> Iterator[Session]:
    """Prepare a build, and clean up after it. Raises `EnvpackError`."""
    if root_directory:
        container = Below(container, root_directory)
    program, plugins = program_fingerprint(), plugins_fingerprint()
    with _no_search_for_cycles(), _made(job.folder), _partial(job.folder) as partial, workspace() as work:
        root = _cache_root(work, job.report)
        cache = Cache(root, work)
        known = KnownInterpreter(cache, program)
        yield Session(work, partial, container, cache, program, plugins, known, job.report, job.jobs, root_directory)
        if cache.problem:
            job.report.warning(
                f"the cache {root} cannot be written to ({cache.problem}): the next build will not be faster than this "
                "one; make room, or set HATCH_ENVPACK_CACHE_DIR to another folder"
            )


def _cache_root(work: Path, report: Report) -> Path:
    root = cache_folder()
    try:
        claim(root)
    except CacheError as error:
        report.warning(f"{error}; this build goes on without a cache, and the next one will not be faster")
        return work / "cache"
    return root


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the output folder; in the end what was made goes again, unless there is something in it."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Let the garbage collector rest: it goes through a hundred thousand entries and paths, and none is in a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _partial(folder: Path) -> Partial:
    try:
        return Partial(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> ArchiveError:
    return ArchiveError(f"the output folder {folder} cannot be written to: {error.strerror}")
