"""Comparing every byte of a pack with the digests in it: of an archive as it is read, or of an unpacked folder."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.contents.members import open_archive
from hatch_envpack.contents.source import open_source
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.links import check_links
from hatch_envpack.extract.names import checked, shown
from hatch_envpack.extract.tar import FILE, FOLDER, SYMLINK
from hatch_envpack.interpreter.elsewhere import LINK, python_target
from hatch_envpack.sums.verify_envpack import Collected, NoPackError, Verified, verify_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hatch_envpack.contents.members import Archive


def verify_pack(pack: str, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Compare a pack of any format: a path of a file or folder, ``-`` for standard input, or a URL.

    ``progress`` is called with bytes done and all bytes, where these are known. Nothing is written. Raises
    `ArchiveError` for what is no pack, and for damage that keeps it from being read.
    """
    if Path(pack).is_dir():
        try:
            return verify_folder(pack, progress)
        except NoPackError as error:
            raise ArchiveError(f"{pack}: {error}") from error
    with open_source(pack) as source:
        archive = open_archive(source)
        try:
            collected = _collected(archive, source.size, progress)
            _check_tree(collected)
            return collected.result()
        except NoPackError as error:
            raise ArchiveError(str(error)) from error


def _collected(archive: Archive, size: int | None, progress: Callable[[int, int], None] | None) -> Collected:
    collected = Collected()

    def followed(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        for piece in pieces:
            yield piece
            if progress is not None and size is not None:
                progress(archive.position, size)

    with archive.members() as members:
        for member, data in members:
            if member.kind == FOLDER:
                collected.folder(member.name)
            elif member.kind == FILE:
                collected.file(member.name, followed(data), executable=member.executable)
            elif member.kind == SYMLINK:
                collected.link(member.name, member.target)
            else:
                collected.hard_link(member.name, checked(member.target))
    return collected


def _check_tree(collected: Collected) -> None:
    """Refuse what could not be unpacked, as it is refused there."""
    both = collected.items.keys() & collected.folders
    # with the lowest of all bytes for a slash, what lies in a folder is sorted right behind it
    names = sorted((*collected.items, *collected.folders), key=lambda name: name.replace(b"/", b"\0"))
    above = {name for name, following in pairwise(names) if following.startswith(name + b"/")}
    if both := both | (above & collected.items.keys()):
        raise ArchiveError(f"the member {shown(min(both))} is both file and folder: refused")
    links = {name: item.target for name, item in collected.items.items() if item.target is not None}
    python = python_target(collected.manifest)
    check_links(links, None if python is None else (os.fsencode(LINK), python))
