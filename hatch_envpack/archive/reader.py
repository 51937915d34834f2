"""Reading an archive back."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import zstandard

from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20


def extract(pack: Path, folder: Path) -> None:
    """Unpack into ``folder``, which must be empty.

    Raises `ArchiveError` for a file that is no pack, and for a member that is none of file, folder and link, or that
    would come to lie outside of the folder.
    """
    try:
        with pack.open("rb") as stream:
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
            with reader, tarfile.open(fileobj=reader, mode="r|", bufsize=_CHUNK) as archive:
                for member, target in _members(archive, folder):
                    _extract(archive, member, target)
    except (zstandard.ZstdError, tarfile.TarError) as error:
        raise ArchiveError(f"{pack} is damaged or is not a pack: {error}") from error


def _members(archive: tarfile.TarFile, folder: Path) -> Iterator[tuple[tarfile.TarInfo, Path]]:
    links: set[PurePosixPath] = set()
    for member in archive:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not links.isdisjoint(path.parents):
            raise ArchiveError(f"the member {member.name!r} would be unpacked outside of the folder: refused")
        if member.issym():
            links.add(path)
        yield member, folder / path


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.isdir():
        target.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        target.symlink_to(member.linkname)
        return
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        raise ArchiveError(f"the member {member.name!r} is neither file, folder nor symbolic link: refused")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o777)
    with os.fdopen(descriptor, "wb") as stream, source:
        while chunk := source.read(_CHUNK):
            stream.write(chunk)
    os.utime(target, (member.mtime, member.mtime))
