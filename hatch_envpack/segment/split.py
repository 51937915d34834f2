"""Splitting an environment into segments."""

from __future__ import annotations

import errno
import itertools
import os
import posixpath
import re
import stat
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry, Stamp
from hatch_envpack.environment import direct_url, pyvenv
from hatch_envpack.environment.distributions import infos
from hatch_envpack.environment.read import read_small
from hatch_envpack.errors import ArchiveError
from hatch_envpack.finding import Finding
from hatch_envpack.segment.links import inside
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.rows import plain_rows
from hatch_envpack.sums.sums import OWN_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hatch_envpack.environment.distributions import Distribution, RecordRow
    from hatch_envpack.environment.model import Environment

_INSTALLER_TRACES = frozenset({"REQUESTED", "uv_cache.json", "uv_build.json"})
"""Files of a ``.dist-info`` that tell how the installer came by the wheel: they differ from build to build (C10)."""

_VENV_FILES = frozenset({pyvenv.NAME, ".gitignore", "CACHEDIR.TAG", ".lock", "lib64", *OWN_FILES})
"""What makes a folder a virtual environment, or a pack; the new one is a prefix of its own (C13)."""

_VENV_SITE_FILES = frozenset({"_virtualenv.py", "_virtualenv.pth"})

_PROGRAMS = re.compile(r"python[\d.]*t?|𝜋thon|(?:de)?activate(?:\.\w+)?|activate_this\.py|Activate\.ps1|pydoc\.bat")
"""What `venv`, virtualenv and uv put into ``bin``, in whole names: a user's own ``activate-license`` is packed.

The pack has the interpreter, and activation scripts of its own, under these names."""

_BYTECODE_CACHE = "__pycache__"
_COMPILED = (f"/{_BYTECODE_CACHE}", ".pyc")

_STRAY_CONFIGS = frozenset({PurePosixPath(pyvenv.NAME), PurePosixPath("bin", pyvenv.NAME)})
"""Where Python looks for one: beside its program and in the folder above. The first is the pack's own (I4)."""

_DOUBTFUL = (*_INSTALLER_TRACES, *OWN_FILES, direct_url.NAME, pyvenv.NAME, ".pyo", ".pyc")
"""How the names of all files end that may have to be left out: few do, and the rest of the question is slow."""

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


def split(
    environment: Environment, magic: bytes, seen: Mapping[str, os.stat_result | None] | None = None
) -> tuple[list[Segment], list[Finding]]:
    """Return a segment for each distribution, one for the files that none owns if there are any, and what is odd.

    ``magic`` is how bytecode of the packed interpreter begins; ``seen`` are files that were just looked at. Raises
    `ArchiveError`, `InstallError`.
    """
    splitter = _Splitter(environment, magic, seen or {})
    segments = list(splitter.segments())
    return segments, [*environment.findings, *splitter.findings]


def split_ahead(environment: Environment, magic: bytes, is_enough: Callable[[], bool]) -> None:
    """Look at an environment that may still change, for its memory. Raises what `split` raises."""
    for segment in _Splitter(environment, magic, {}).segments():
        for entry in segment.entries:
            str(entry.source)  # a path is put together when it is asked for the first time
        if is_enough():
            break


def without_doubles(segment: Segment, others: Iterable[Segment]) -> Segment:
    """Return the segment without the entries that one of the others has too.

    A distribution may bring a script of the same name as one of the interpreter's; installed, it replaced that.
    """
    paths = {str(entry.path) for other in others for entry in other.entries}
    if not paths:
        return segment
    return replace(segment, entries=tuple([entry for entry in segment.entries if str(entry.path) not in paths]))


@dataclass
class _Splitter:
    environment: Environment
    magic: bytes
    seen: Mapping[str, os.stat_result | None]
    owners: dict[str, tuple[Distribution, RecordRow]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def _root(self) -> str:
        return str(self.environment.root)

    def segments(self) -> Iterator[Segment]:
        self._note_nameless()
        names: set[str] = set()
        for distribution in self.environment.distributions:
            name = distribution.key
            if name in names:
                self._note_double(distribution)
                name = distribution.info.name  # has a dot, as no normalised name has
            names.add(name)
            if not distribution.has_record:
                self._note_unlisted(distribution)
                continue
            rows = tuple(plain_rows(distribution.rows, self.environment.root))
            plain = distribution if rows == distribution.rows else replace(distribution, rows=rows)
            yield Segment(f"distribution:{name}", _by_path(self._owned(plain)), plain)
        unowned = _by_path(self._unowned())
        if unowned:
            yield Segment("unowned", unowned)

    def _note_nameless(self) -> None:
        known = {distribution.info for distribution in self.environment.distributions}
        for info in infos(self.environment.root, self.environment.site_packages):
            if info not in known and self.environment.dropped.isdisjoint((info, info / "METADATA")):
                self._find(
                    "no-metadata",
                    info,
                    "has no file that says which distribution it is",
                    "remove it, or reinstall the distribution that it is of",
                )

    def _note_double(self, distribution: Distribution) -> None:
        self._find(
            "double-distribution",
            distribution.info,
            f"is a second installation of {distribution.name}, and only one of the two can be imported",
            f"uninstall {distribution.name} until it is gone, and install it again",
        )

    def _note_unlisted(self, distribution: Distribution) -> None:
        self._find(
            "no-record",
            distribution.info,
            f"{distribution.name} has no RECORD, so that nobody knows which files are its own",
            "all are packed; reinstall it with pip or uv to have them checked",
        )

    def _owned(self, distribution: Distribution) -> Iterator[Entry]:
        own_record = str(distribution.info / "RECORD")
        for row in distribution.rows:
            text = str(row.path)
            if text in self.owners:
                self._note_second_owner(distribution, row)
                continue
            self.owners[text] = (distribution, row)
            if text == own_record or self._is_bytecode_to_be(row) or self._is_left_out(row.path):
                continue
            entry = self._entry(row.path, row)
            if entry is not None:
                yield entry

    def _note_second_owner(self, distribution: Distribution, row: RecordRow) -> None:
        """Two distributions with the same file do no harm; with different ones, one of them lost."""
        first, first_row = self.owners[str(row.path)]
        if first is not distribution and row.digest and first_row.digest and row.digest != first_row.digest:
            self._find(
                "shared-file",
                row.path,
                f"is listed by {first.name} and by {distribution.name}, with other content",
                "only one of the two can be there: remove one of the distributions",
            )

    def _is_left_out(self, path: PurePosixPath) -> bool:
        """Whether a file is of the build machine alone, whoever owns it."""
        if not str(path).endswith(_DOUBTFUL):
            return False
        if path.parent.suffix == ".dist-info":
            return path.name in _INSTALLER_TRACES or (path.name == direct_url.NAME and self._is_local(path))
        if path in _STRAY_CONFIGS:
            what = "would make a virtual environment of the folder that it is in, and is left out"
            self._find("stray-pyvenv", path, what, "remove it")
            return True
        if str(path) in OWN_FILES:
            self._find("taken-name", path, "has the name of a file of the pack's own, and is left out", "rename it")
            return True
        return path.suffix == ".pyo" or (path.suffix == ".pyc" and not self._is_module(path))

    def _is_bytecode_to_be(self, row: RecordRow) -> bool:
        """Whether the installer listed what an interpreter might write later.

        virtualenv lists folders of bytecode, and files of it where no interpreter would put them.
        """
        text = str(row.path)
        return not row.digest and text.endswith(_COMPILED) and not posixpath.isfile(f"{self._root}/{text}")

    def _is_local(self, path: PurePosixPath) -> bool:
        data = read_small(self.environment.root / path)
        return data is not None and direct_url.parse_direct_url(data, path).is_local

    def _is_module(self, path: PurePosixPath) -> bool:
        """Whether a ``.pyc`` is not what is compiled from a source beside it, but all that there is of a module (B4).

        https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
        """
        source = self.environment.root / path
        if path.parent.name == _BYTECODE_CACHE or posixpath.exists(source.with_suffix(".py")):
            return False
        entry = Entry(path, source=source)
        if not posixpath.isfile(source) or entry.head(len(self.magic)) == self.magic:
            return True
        self._find(
            "foreign-bytecode",
            path,
            "is a module without source, compiled by another Python, and is left out",
            "install a release of its distribution that is for this Python",
        )
        return False

    def _unowned(self) -> Iterator[Entry]:
        site_packages = self.environment.site_packages
        owned, start = self.owners.keys(), str(self.environment.root)
        walks = [os.walk(folder, onerror=_unreadable) for folder in self.environment.folders]
        for folder, folders, files in itertools.chain(*walks):
            relative = folder[len(start) :].lstrip("/")
            links = [name for name in folders if posixpath.islink(posixpath.join(folder, name))]
            folders[:] = sorted(name for name in folders if name != _BYTECODE_CACHE and name not in links)
            for name in sorted([*files, *links]):
                text = f"{relative}/{name}" if relative else name
                if text in owned:
                    continue
                path = PurePosixPath(text)
                if path in self.environment.dropped or _belongs_to_venv(path, site_packages):
                    continue
                if path in self.environment.rewritten:
                    yield Entry(path, content=self.environment.rewritten[path])
                    continue
                entry = None if self._is_left_out(path) else self._entry(path)
                if entry is not None:
                    yield entry

    def _entry(self, path: PurePosixPath, row: RecordRow | None = None) -> Entry | None:
        """Return the entry of a file; None, and a finding, where there is nothing to be packed."""
        # texts, since it costs a third of the time to take them apart and to put them together
        source = f"{self._root}/{path}"
        try:
            status = self.seen.get(source) or os.lstat(source)
            if stat.S_ISLNK(status.st_mode):
                return self._link(path, row)
        except OSError as error:
            if row is None or error.errno not in _NOT_THERE:
                raise ArchiveError(f"{path}: {source} cannot be read: {error.strerror}") from error
            self._find(
                "missing-file", path, "is listed in RECORD but is not there", "reinstall the distribution it is of"
            )
            return None
        if not stat.S_ISREG(status.st_mode):
            self._find("special-file", path, f"is {_kind(status.st_mode)} and is left out", "remove it")
            return None
        known = self.environment.memory.entries
        entry = known.get(str(path))
        if entry is None or not _is_still(entry, status, row):
            entry = known[str(path)] = _regular(path, Path(source), status, row)
        return entry

    def _link(self, path: PurePosixPath, row: RecordRow | None) -> Entry:
        """Return a link, or what it leads to where that is a distribution's file outside.

        uv makes such links with ``--link-mode=symlink``; the digest in ``RECORD`` says that it is the right file.
        """
        source = self.environment.root / path
        real = Path(os.path.realpath(source))
        outside = not real.is_relative_to(os.path.realpath(self.environment.root))
        if row is not None and row.digest and outside and posixpath.isfile(real):
            return _regular(path, real, real.stat(), row)
        link = inside(path, str(source.readlink()), self.environment.root)
        return Entry(path, link=link, digest=row.digest if row else "", size=row.size if row else "")

    def _find(self, kind: str, path: PurePosixPath, what: str, todo: str) -> None:
        self.findings.append(Finding(kind, str(path), what, todo))


def _regular(path: PurePosixPath, source: Path, status: os.stat_result, row: RecordRow | None) -> Entry:
    executable, stamp = bool(status.st_mode & stat.S_IXUSR), Stamp.of(status)
    if row is None:
        return Entry(path, source=source, executable=executable, stamp=stamp)
    return Entry(path, source=source, executable=executable, digest=row.digest, size=row.size, stamp=stamp)


def _is_still(entry: Entry, status: os.stat_result, row: RecordRow | None) -> bool:
    """Whether the entry is what `_regular` would return."""
    told = ("", "") if row is None else (row.digest, row.size)
    is_executable = bool(status.st_mode & stat.S_IXUSR)
    return (entry.stamp, entry.executable, entry.digest, entry.size) == (Stamp.of(status), is_executable, *told)


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a FIFO", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")


def _unreadable(error: OSError) -> None:
    raise ArchiveError(f"the folder {error.filename} cannot be read: {error.strerror}") from error


def _belongs_to_venv(path: PurePosixPath, site_packages: PurePosixPath) -> bool:
    if len(path.parts) == 1:
        return path.name in _VENV_FILES
    if path.parent == PurePosixPath("bin"):
        return _PROGRAMS.fullmatch(path.name) is not None
    if path.parent == site_packages.parent:
        return path.name == "EXTERNALLY-MANAGED"  # the unpacked tree is the user's own (I6)
    return path.parent == site_packages and path.name in _VENV_SITE_FILES


def _by_path(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: str(entry.path).split("/")))
