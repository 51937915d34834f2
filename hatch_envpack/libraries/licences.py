"""Where copied libraries come from, and their licences (A16), as the build machine's package manager knows them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FOLDER = PurePosixPath("share/licenses")
"""As on Fedora and Arch: a folder for each package."""

DATABASES = ("/var/lib/dpkg/status", "/var/lib/rpm", "/usr/lib/sysimage/rpm")
"""What changes when a package is installed or removed."""

_DOCUMENTS = Path("/usr/share")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the build machine's system."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CopiedLibrary:
    """A library of the build machine in the pack."""

    path: PurePosixPath
    package: Package | None
    """None where no package manager knows it, as below ``/usr/local``."""
    licences: tuple[PurePosixPath, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the manifest."""
        return {
            "path": str(self.path),
            "package": self.package.name if self.package else None,
            "version": self.package.version if self.package else None,
            "licenses": [str(path) for path in self.licences],
        }


class PackageManager(Protocol):
    """Answers for all files at once: one process, since each reads the whole database."""

    def owners(self, files: Sequence[Path]) -> dict[Path, Package]:
        """Return the package of each file that has one."""
        ...

    def licences(self, package: Package) -> Iterator[Path]:
        """Yield the files with the package's licence."""
        ...


class Dpkg:
    """Debian and its descendants: https://manpages.debian.org/dpkg-query."""

    def owners(self, files: Sequence[Path]) -> dict[Path, Package]:
        """Ask for the real name and for the one without ``/usr``: packages from before the merge have that."""
        names = {str(name): path for path in files for name in (path, _without_usr(path))}
        owners: dict[Path, str] = {}
        for line in _lines("dpkg-query", "--search", *names):
            match = re.fullmatch(r"([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9-]+)?(?:, .*)?: (/.*)", line)
            if match and match[2] in names:
                owners.setdefault(names[match[2]], match[1])
        wanted = sorted(set(owners.values()))
        rows = _lines("dpkg-query", "--show", "--showformat=${Package}\t${Version}\n", *wanted) if wanted else []
        versions = dict(row.split("\t", 1) for row in rows)
        return {path: Package(name, versions.get(name, "")) for path, name in owners.items()}

    def licences(self, package: Package) -> Iterator[Path]:
        """Debian policy, 12.5: one file, which slim images keep too."""
        path = _DOCUMENTS / "doc" / package.name / "copyright"
        if path.is_file():
            yield path.resolve()


class Rpm:
    """Fedora, RHEL, SUSE."""

    def owners(self, files: Sequence[Path]) -> dict[Path, Package]:
        """Ask for each name in its line."""
        form = "[%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{FILENAMES}\n]"
        names = {str(path): path for path in files}
        rows = [line.split("\t") for line in _lines("rpm", "-qf", f"--queryformat={form}", *names)]
        return {names[row[2]]: Package(row[0], row[1]) for row in rows if len(row) == 3 and row[2] in names}  # noqa: PLR2004

    def licences(self, package: Package) -> Iterator[Path]:
        """Yield what the package marks as its licence."""
        folder = _DOCUMENTS / "licenses" / package.name
        yield from sorted(path for path in folder.glob("*") if path.is_file())


def copied_libraries(copied: Iterable[Entry]) -> tuple[tuple[CopiedLibrary, ...], tuple[Entry, ...]]:
    """Return what is known of each copied library, and the entries of the licences."""
    sources = {entry.path: entry.source for entry in copied if entry.source is not None}
    manager = _manager()
    owners = manager.owners(sorted(set(sources.values()))) if manager and sources else {}
    licences: dict[Package, dict[PurePosixPath, Path]] = {}
    for package in owners.values():
        files = manager.licences(package) if manager else ()
        licences[package] = {FOLDER / package.name / path.name: path for path in files}
    libraries = []
    for path, source in sorted(sources.items()):
        owner = owners.get(source)
        libraries.append(CopiedLibrary(path, owner, tuple(sorted(licences[owner])) if owner else ()))
    entries = {path: Entry(path, source=source) for files in licences.values() for path, source in files.items()}
    return tuple(libraries), tuple(entries[path] for path in sorted(entries))


def _manager() -> PackageManager | None:
    if shutil.which("dpkg-query"):
        return Dpkg()
    return Rpm() if shutil.which("rpm") else None


def _without_usr(path: Path) -> Path:
    return Path("/", path.relative_to("/usr")) if path.is_relative_to("/usr") else path


def _lines(*command: str) -> list[str]:
    """Return what a command prints; that it does not know some of the names is no failure."""
    done = subprocess.run(  # noqa: S603 - names of files, never through a shell
        command, capture_output=True, text=True, errors="surrogateescape", check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return done.stdout.splitlines()
