"""Comparing every byte of a pack with the digests in it: of an archive as it is read, or of an unpacked folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.contents.members import limited, open_archive
from hatch_envpack.contents.source import open_source
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.links import check_links
from hatch_envpack.extract.names import checked, parent, shown
from hatch_envpack.extract.tar import FILE, FOLDER, SYMLINK
from hatch_envpack.sums.verify_envpack import (
    MANIFEST,
    MAX_MANIFEST,
    MAX_SUMS,
    SUMS,
    Item,
    NoPackError,
    Verified,
    compare,
    parse,
    verify_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hatch_envpack.contents.members import Archive, Members
    from hatch_envpack.extract.tar import Member

_LISTS = {MANIFEST.encode(): MAX_MANIFEST, SUMS.encode(): MAX_SUMS}
_MOST = 500_000
_MAX_NAMES = 64 << 20
"""Members, and bytes of their names, that are kept in memory until all digests are known."""


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
        comparison = _Comparison(archive, source.size, progress)
        with archive.members() as members:
            comparison.take(members)
        return comparison.result()


class _Comparison:
    def __init__(self, archive: Archive, size: int | None, progress: Callable[[int, int], None] | None) -> None:
        self._archive = archive
        self._size = size
        self._progress = progress
        self._found: dict[bytes, Item] = {}
        self._folders: set[bytes] = set()
        self._hard: dict[bytes, bytes] = {}
        self._lists: dict[bytes, bytes] = {}
        self._names = 0

    def take(self, members: Members) -> None:
        for member, data in members:
            self._count(member)
            if member.kind == FOLDER:
                self._folders.add(member.name)
            elif member.kind == FILE:
                self._put(member.name, self._file(member, data))
            elif member.kind == SYMLINK:
                self._put(member.name, Item(target=member.target))
            else:
                self._put(member.name, Item())
                self._hard[member.name] = checked(member.target)

    def result(self) -> Verified:
        for name, target in self._hard.items():
            if target not in self._found:
                message = f"{shown(name)} is a hard link to {shown(target)}, which is not in the pack: refused"
                raise ArchiveError(message)
            self._found[name] = self._found[target]
        self._check_tree()
        for name in _LISTS:
            if name not in self._lists:
                raise ArchiveError(f"this is no pack: it has no {name.decode()}")
        try:
            packed = parse(*(self._lists.pop(name) for name in _LISTS))
        except NoPackError as error:
            raise ArchiveError(f"the pack is damaged: {error}") from error
        return compare(packed, self._found)

    def _put(self, name: bytes, item: Item) -> None:
        if not name:
            raise ArchiveError("the pack has a file or a link that would be the folder itself: refused")
        if name in self._found:
            raise ArchiveError(f"the member {shown(name)} is twice in the pack: refused")
        self._found[name] = item

    def _count(self, member: Member) -> None:
        self._names += len(member.name) + len(member.target)
        if self._names > _MAX_NAMES or len(self._found) + len(self._folders) >= _MOST:
            raise ArchiveError("it has more names than any pack has: refused")

    def _file(self, member: Member, data: Iterable[bytes | memoryview]) -> Item:
        digest = hashlib.sha256()
        pieces = self._hashed(data, digest.update)
        if member.name in _LISTS:
            self._lists[member.name] = limited(pieces, _LISTS[member.name], member.name.decode())
        else:
            for _ in pieces:
                pass
        return Item(digest.digest(), executable=member.executable)

    def _hashed(
        self, pieces: Iterable[bytes | memoryview], update: Callable[[bytes | memoryview], None]
    ) -> Iterator[bytes | memoryview]:
        for piece in pieces:
            update(piece)
            yield piece
        if self._progress is not None and self._size is not None:
            self._progress(self._archive.position, self._size)

    def _check_tree(self) -> None:
        """Refuse what could not be unpacked, as it is refused there."""
        above = set()
        for name in (*self._found, *self._folders):
            folder = parent(name)
            while folder and folder not in above:
                above.add(folder)
                folder = parent(folder)
        if both := self._found.keys() & (above | self._folders):
            raise ArchiveError(f"the member {shown(min(both))} is both file and folder: refused")
        check_links({name: item.target for name, item in self._found.items() if item.target is not None})
