"""The distributions of an environment, as their ``.dist-info`` folders describe them.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import posixpath
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One line of ``entry_points.txt``."""

    group: str
    name: str
    value: str
    """``module:attribute``, without extras."""
    extras: bool
    """Whether it asks for extras, which may not be installed."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row of ``RECORD``; ``digest`` and ``size`` stay as they are written there."""

    path: PurePosixPath
    """Relative to the environment's root, not to site-packages."""
    digest: str
    size: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution."""

    name: str
    """As it calls itself."""
    version: str
    info: PurePosixPath
    """Its ``.dist-info`` folder, relative to the environment's root."""
    rows: tuple[RecordRow, ...]
    entry_points: tuple[EntryPoint, ...]
    has_record: bool = True
    """Without ``RECORD`` nobody knows which files are its own: they are packed as files of nobody."""

    @property
    def key(self) -> str:
        """The normalised name."""
        return canonicalize_name(self.name)


def read_distributions(root: Path, site_packages: PurePosixPath) -> tuple[Distribution, ...]:
    """Return the distributions below ``root / site_packages``, by normalised name. Raises `InstallError`."""
    folders = (root / site_packages).glob("*.dist-info")
    found = [_read(folder, root, site_packages) for folder in folders if (folder / "METADATA").is_file()]
    return tuple(sorted(found, key=lambda distribution: distribution.key))


def _read(folder: Path, root: Path, site_packages: PurePosixPath) -> Distribution:
    info = PurePosixPath(folder.relative_to(root).as_posix())
    try:
        headers = HeaderParser().parsestr((folder / "METADATA").read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise InstallError(f"{info}/METADATA cannot be read: {error.strerror}") from None
    name, version = headers["Name"], headers["Version"]
    if not name or not version:
        raise InstallError(f"{info}/METADATA has no name or no version: reinstall that distribution")
    record = folder / "RECORD"
    if not record.is_file():
        return Distribution(str(name), str(version), info, (), _entry_points(folder), has_record=False)
    try:
        with record.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            rows = tuple(_row(row, info, site_packages) for row in csv.reader(stream) if row)
    except csv.Error as error:
        raise InstallError(f"{info}/RECORD cannot be read: {error}: reinstall {name}") from None
    return Distribution(str(name), str(version), info, rows, _entry_points(folder))


def _row(row: list[str], info: PurePosixPath, site_packages: PurePosixPath) -> RecordRow:
    path = PurePosixPath(posixpath.normpath(posixpath.join(str(site_packages), row[0])))
    if path.is_absolute() or path.parts[0] == "..":
        raise InstallError(f"{info}/RECORD lists {row[0]!r}, which is outside of the environment: it cannot be packed")
    digest, size = ([*row[1:], "", ""])[:2]
    return RecordRow(path, digest, size)


def _entry_points(folder: Path) -> tuple[EntryPoint, ...]:
    path = folder / "entry_points.txt"
    if not path.is_file():
        return ()
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names are case-sensitive
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (ConfigParserError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InstallError(f"{folder.name}/entry_points.txt cannot be read: {reason}") from None
    return tuple(
        EntryPoint(group, name, value.partition("[")[0].strip(), "[" in value)
        for group in sorted(parser.sections())
        for name, value in sorted(parser.items(group))
    )
