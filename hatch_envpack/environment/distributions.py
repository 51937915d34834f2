"""The distributions of an environment, as their ``.dist-info`` folders describe them.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import io
import posixpath
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.environment.read import read_small
from hatch_envpack.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hatch_envpack.environment.memory import Memory, Told

_KINDS = {".dist-info": "METADATA", ".egg-info": "PKG-INFO", ".egg": "EGG-INFO/PKG-INFO"}
"""How a folder is called that tells of a distribution, and the file in it that has the name.

The last two are from before there were wheels; distutils made ``.egg-info`` that file itself.
"""


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


def read_distributions(
    root: Path, site_packages: PurePosixPath, memory: Memory | None = None
) -> tuple[Distribution, ...]:
    """Return the distributions below ``root / site_packages``, by normalised name. Raises `InstallError`.

    A folder without a name in it is none of them: `split` tells of those.
    """
    known = {} if memory is None else memory.distributions
    found = (_read(info, root, site_packages, known) for info in infos(root, site_packages))
    return tuple(sorted((each for each in found if each), key=lambda each: (each.key, each.info)))


def infos(root: Path, site_packages: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the folders, and files, that tell of a distribution, relative to ``root``."""
    try:
        names = sorted(path.name for path in (root / site_packages).iterdir())
    except OSError as error:
        raise InstallError(f"the folder {root / site_packages} cannot be read: {error.strerror}") from None
    yield from (site_packages / name for name in names if PurePosixPath(name).suffix in _KINDS)


def _read(
    info: PurePosixPath, root: Path, site_packages: PurePosixPath, known: dict[Told, Distribution]
) -> Distribution | None:
    metadata = info / _KINDS[info.suffix]
    # unlike pathlib's, this raises nothing for a folder that cannot be read
    if info.suffix == ".egg-info" and posixpath.isfile(root / info):
        metadata = info
    data = read_small(root / metadata)
    if data is None:
        return None
    points = read_small(root / metadata.with_name("entry_points.txt")) if metadata != info else None
    record = read_small(root / info / "RECORD") if info.suffix == ".dist-info" else None
    told = (info, data, points or b"", record)
    if told not in known:
        known[told] = _parse(told, metadata, root, site_packages)
    return known[told]


def _parse(told: Told, metadata: PurePosixPath, root: Path, site_packages: PurePosixPath) -> Distribution:
    info, data, points_text, record = told
    headers = HeaderParser().parsestr(data.decode("utf-8", "replace"))
    name, version = str(headers["Name"] or "").strip(), str(headers["Version"] or "").strip()
    if not name or not version:
        raise InstallError(f"{metadata} has no name or no version: reinstall that distribution")
    points = tuple(parse_entry_points(points_text, metadata.with_name("entry_points.txt")))
    if record is None:
        return Distribution(name, version, info, (), points, has_record=False)
    roots = (str(root), posixpath.realpath(root))
    return Distribution(name, version, info, tuple(parse_record(record, info, site_packages, roots)), points)


def parse_record(
    data: bytes, info: PurePosixPath, site_packages: PurePosixPath, roots: Sequence[str] = ()
) -> Iterator[RecordRow]:
    """Yield the rows of a ``RECORD`` in the folder ``info``. Raises `InstallError`.

    Paths may be absolute, as Poetry's are for the project itself, when they are below one of ``roots``, the names of
    the environment's folder.
    """
    text = io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")
    try:
        yield from (_row(row, info, site_packages, roots) for row in csv.reader(text) if row and row[0])
    except csv.Error as error:
        raise InstallError(f"{info}/RECORD cannot be read: {error}: reinstall that distribution") from None


def _row(row: list[str], info: PurePosixPath, site_packages: PurePosixPath, roots: Sequence[str]) -> RecordRow:
    path = posixpath.normpath(posixpath.join(str(site_packages), row[0]))
    root = next((root for root in roots if path.startswith(f"{root}/")), None)
    if root is not None:
        path = path[len(root) + 1 :]
    if "\0" in row[0]:
        raise InstallError(f"{info}/RECORD lists {row[0]!r}, which can be no file: reinstall that distribution")
    if path.startswith(("/", "../")) or path in ("..", "."):
        raise InstallError(f"{info}/RECORD lists {row[0]!r}, which is outside of the environment: it cannot be packed")
    digest, size = ([*row[1:], "", ""])[:2]
    return RecordRow(PurePosixPath(path), digest, size)


def parse_entry_points(data: bytes, where: PurePosixPath) -> Iterator[EntryPoint]:
    """Yield what the file says, by group and name. Raises `InstallError` naming ``where`` the data is from.

    https://packaging.python.org/en/latest/specifications/entry-points/
    """
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names are case-sensitive
    try:
        parser.read_string(data.decode())
    except (ConfigParserError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InstallError(f"{where} cannot be read: {reason}: reinstall that distribution") from None
    for group in sorted(parser.sections()):
        for name, value in sorted(parser.items(group)):
            yield EntryPoint(group, name, value.partition("[")[0].strip(), "[" in value)
