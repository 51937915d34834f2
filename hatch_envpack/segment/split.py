"""Splitting an environment into segments."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError, InstallError
from hatch_envpack.segment.model import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.model import Environment

_INSTALLER_TRACES = frozenset({"REQUESTED", "uv_cache.json", "uv_build.json"})
"""Files of a ``.dist-info`` that tell how the installer came by the wheel: they differ from build to build (C10)."""

_VENV_FILES = frozenset({"pyvenv.cfg", ".gitignore", "CACHEDIR.TAG", ".lock"})
"""What makes a folder a virtual environment; the pack is a prefix of its own (C13)."""

_VENV_SITE_FILES = frozenset({"_virtualenv.py", "_virtualenv.pth"})

_ACTIVATION = ("activate", "deactivate", "Activate.ps1", "pydoc.bat")


def distribution_segments(environment: Environment) -> Iterator[Segment]:
    """Yield a segment for each distribution, and one for the files that no distribution owns, if there are any.

    Raises `InstallError` when a distribution lists a file that is not there.
    """
    owned: set[PurePosixPath] = set()
    for distribution in environment.distributions:
        entries = [
            _entry(environment.root, row.path)
            for row in distribution.rows
            if row.path not in owned and not _is_dropped(environment.root, row.path, distribution)
        ]
        owned.update(row.path for row in distribution.rows)
        yield Segment(f"distribution:{distribution.key}", _by_path(entries), distribution)
    unowned = [_entry(environment.root, path) for path in _unowned(environment, owned)]
    if unowned:
        yield Segment("unowned", _by_path(unowned))


def without_doubles(segment: Segment, others: Iterable[Segment]) -> Segment:
    """Return the segment without the entries that one of the others has too.

    A distribution may bring a script of the same name as one of the interpreter's; installed, it replaced that.
    """
    paths = {entry.path for other in others for entry in other.entries}
    return replace(segment, entries=tuple(entry for entry in segment.entries if entry.path not in paths))


def _is_dropped(root: Path, path: PurePosixPath, distribution: Distribution) -> bool:
    if path.suffix == ".pyc":
        return True  # compiled anew, for the place where it will lie
    if path.parent != distribution.info:
        return False
    if path.name == "direct_url.json":
        return _is_local(root / path)
    return path.name == "RECORD" or path.name in _INSTALLER_TRACES


def _is_local(path: Path) -> bool:
    """Whether a ``direct_url.json`` names a file of the build machine, which means nothing elsewhere (C8)."""
    try:
        url = json.loads(path.read_bytes())["url"]
    except (ValueError, KeyError, TypeError, OSError):
        raise InstallError(f"{path.parent.name}/direct_url.json cannot be read: reinstall that distribution") from None
    return str(url).startswith("file:")


def _unowned(environment: Environment, owned: set[PurePosixPath]) -> Iterator[PurePosixPath]:
    root = environment.root
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not Path(folder, name).is_symlink())
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in files:
            path = relative / name
            if path not in owned and not _belongs_to_venv(path, environment.site_packages):
                yield path


def _belongs_to_venv(path: PurePosixPath, site_packages: PurePosixPath) -> bool:
    if len(path.parts) == 1:
        return path.name in _VENV_FILES
    if path.parent == PurePosixPath("bin"):
        return path.name.startswith((*_ACTIVATION, "python")) or path.name == "𝜋thon"
    return path.parent == site_packages and path.name in _VENV_SITE_FILES


def _entry(root: Path, path: PurePosixPath) -> Entry:
    source = root / path
    try:
        status = source.lstat()
    except OSError:
        raise InstallError(
            f"{path} is listed in RECORD but is not there: reinstall the distribution it is of"
        ) from None
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, link=str(source.readlink()))
    if not stat.S_ISREG(status.st_mode):
        raise ArchiveError(f"{path} is neither a file nor a link: it cannot be packed")
    return Entry(path, source=source, executable=bool(status.st_mode & stat.S_IXUSR))


def _by_path(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.path.parts))
