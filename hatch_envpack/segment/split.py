"""Splitting an environment into segments."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ArchiveError, InstallError
from hatch_envpack.finding import Finding, printable
from hatch_envpack.segment.links import inside
from hatch_envpack.segment.model import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.environment.distributions import Distribution, RecordRow
    from hatch_envpack.environment.model import Environment

_INSTALLER_TRACES = frozenset({"REQUESTED", "uv_cache.json", "uv_build.json"})
"""Files of a ``.dist-info`` that tell how the installer came by the wheel: they differ from build to build (C10)."""

_VENV_FILES = frozenset({"pyvenv.cfg", ".gitignore", "CACHEDIR.TAG", ".lock", "lib64"})
"""What makes a folder a virtual environment; the pack is a prefix of its own (C13)."""

_VENV_SITE_FILES = frozenset({"_virtualenv.py", "_virtualenv.pth"})

_ACTIVATION = ("activate", "deactivate", "Activate.ps1", "pydoc.bat")

_BYTECODE_CACHE = "__pycache__"


def split(environment: Environment, magic: bytes) -> tuple[list[Segment], list[Finding]]:
    """Return a segment for each distribution, one for the files that none owns if there are any, and what is odd.

    ``magic`` is how bytecode of the packed interpreter begins. Raises `ArchiveError`, `InstallError`.
    """
    splitter = _Splitter(environment, magic)
    segments = list(splitter.segments())
    return segments, splitter.findings


def without_doubles(segment: Segment, others: Iterable[Segment]) -> Segment:
    """Return the segment without the entries that one of the others has too.

    A distribution may bring a script of the same name as one of the interpreter's; installed, it replaced that.
    """
    paths = {entry.path for other in others for entry in other.entries}
    return replace(segment, entries=tuple(entry for entry in segment.entries if entry.path not in paths))


@dataclass
class _Splitter:
    environment: Environment
    magic: bytes
    owners: dict[PurePosixPath, tuple[Distribution, RecordRow]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def segments(self) -> Iterator[Segment]:
        for distribution in self.environment.distributions:
            if distribution.has_record:
                entries = tuple(self._owned(distribution))
                yield Segment(f"distribution:{distribution.key}", _by_path(entries), distribution)
            else:
                self._find(
                    "no-record",
                    distribution.info,
                    f"{distribution.name} has no RECORD, so that nobody knows which files are its own",
                    "all are packed; reinstall it with pip or uv to have them checked",
                )
        unowned = list(self._unowned())
        if unowned:
            yield Segment("unowned", _by_path(unowned))

    def _owned(self, distribution: Distribution) -> Iterator[Entry]:
        for row in distribution.rows:
            if row.path in self.owners:
                self._note_second_owner(distribution, row)
                continue
            self.owners[row.path] = (distribution, row)
            if not self._is_dropped(row.path, distribution):
                entry = self._entry(row.path)
                if entry is not None:
                    yield replace(entry, digest=row.digest)

    def _note_second_owner(self, distribution: Distribution, row: RecordRow) -> None:
        """Two distributions with the same file do no harm; with different ones, one of them lost."""
        first, first_row = self.owners[row.path]
        if first is not distribution and row.digest != first_row.digest:
            self._find(
                "shared-file",
                row.path,
                f"is listed by {first.name} and by {distribution.name}, with other content",
                "only one of the two can be there: remove one of the distributions",
            )

    def _is_dropped(self, path: PurePosixPath, distribution: Distribution) -> bool:
        if path.parent == distribution.info:
            if path.name == "direct_url.json":
                return _is_local(self.environment.root / path)
            return path.name == "RECORD" or path.name in _INSTALLER_TRACES
        return path.suffix == ".pyc" and not self._is_module(path)

    def _is_module(self, path: PurePosixPath) -> bool:
        """Whether a ``.pyc`` is not what is compiled from a source beside it, but all that there is of a module (B4).

        https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
        """
        source = self.environment.root / path
        if path.parent.name == _BYTECODE_CACHE or source.with_suffix(".py").exists() or not source.is_file():
            return False
        with source.open("rb") as stream:
            if stream.read(len(self.magic)) == self.magic:
                return True
        self._find(
            "foreign-bytecode",
            path,
            "is a module without source, compiled by another Python, and is left out",
            "install a release of its distribution that is for this Python",
        )
        return False

    def _unowned(self) -> Iterator[Entry]:
        root = self.environment.root
        for folder, folders, files in os.walk(root, onerror=_unreadable):
            relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
            links = [name for name in folders if Path(folder, name).is_symlink()]
            folders[:] = sorted(name for name in folders if name != _BYTECODE_CACHE and name not in links)
            for name in sorted([*files, *links]):
                path = relative / name
                if path in self.owners or path in self.environment.dropped:
                    continue
                if _belongs_to_venv(path, self.environment.site_packages):
                    continue
                if path.suffix == ".pyc" and not self._is_module(path):
                    continue
                entry = self._entry(path)
                if entry is not None:
                    yield entry

    def _entry(self, path: PurePosixPath) -> Entry | None:
        source = self.environment.root / path
        try:
            status = source.lstat()
        except (OSError, ValueError):
            self._find(
                "missing-file", path, "is listed in RECORD but is not there", "reinstall the distribution it is of"
            )
            return None
        if stat.S_ISLNK(status.st_mode):
            return Entry(path, link=inside(path, str(source.readlink()), self.environment.root))
        if not stat.S_ISREG(status.st_mode):
            self._find("special-file", path, f"is {_kind(status.st_mode)} and is left out", "remove it")
            return None
        return Entry(path, source=source, executable=bool(status.st_mode & stat.S_IXUSR))

    def _find(self, kind: str, path: PurePosixPath, what: str, todo: str) -> None:
        self.findings.append(Finding(kind, str(path), what, todo))


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a FIFO", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")


def _unreadable(error: OSError) -> None:
    raise ArchiveError(printable(f"the folder {error.filename} cannot be read: {error.strerror}")) from error


def _is_local(path: Path) -> bool:
    """Whether a ``direct_url.json`` names a file of the build machine, which means nothing elsewhere (C8)."""
    try:
        url = json.loads(path.read_bytes())["url"]
    except (ValueError, KeyError, TypeError, OSError):
        raise InstallError(f"{path.parent.name}/direct_url.json cannot be read: reinstall that distribution") from None
    return str(url).startswith("file:")


def _belongs_to_venv(path: PurePosixPath, site_packages: PurePosixPath) -> bool:
    if len(path.parts) == 1:
        return path.name in _VENV_FILES
    if path.parent == PurePosixPath("bin"):
        return path.name.startswith((*_ACTIVATION, "python")) or path.name == "𝜋thon"
    return path.parent == site_packages and path.name in _VENV_SITE_FILES


def _by_path(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.path.parts))
