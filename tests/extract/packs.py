"""Making packs for the tests of unpacking: trees, tar streams of them, and frames that are cut anywhere."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

import zstandard

from hatch_envpack.archive import layout
from hatch_envpack.archive.index import FrameRecord, Group, encode_trailer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MTIME = 1_600_000_000


class Slice(NamedTuple):
    """The bytes of one member."""

    header: bytes
    content: bytes = b""

    @property
    def whole(self) -> bytes:
        """Header, content, and what fills the last block."""
        return self.header + self.content + layout.padding(len(self.content))


def file(name: str, content: bytes = b"x", *, executable: bool = False) -> Slice:
    """Return a file."""
    return Slice(layout.file_header(name, len(content), executable=executable, mtime=MTIME), content)


def folder(name: str) -> Slice:
    """Return a folder."""
    return Slice(layout.folder_header(name, mtime=MTIME))


def link(name: str, target: str) -> Slice:
    """Return a symbolic link."""
    return Slice(layout.link_header(name, target, mtime=MTIME))


END = Slice(layout.END)


def stream(members: Iterable[Slice]) -> bytes:
    """Return a tar archive."""
    return b"".join(member.whole for member in (*members, END))


def compress(content: bytes, *, checksum: bool = True) -> bytes:
    """Return one frame."""
    return zstandard.ZstdCompressor(level=1, write_checksum=checksum).compress(content)


def plain(path: Path, *members: Slice) -> Path:
    """Write a pack without an index, in one frame."""
    path.write_bytes(compress(stream(members)))
    return path


def records(members: Sequence[Slice], cuts: Iterable[int]) -> list[tuple[bytes, int | None]]:
    """Return contents of frames and their ``inner``, the stream cut where ``cuts`` says, but never inside a header."""
    positions = set()
    inner: dict[int, int | None] = {}
    start = 0
    for member in (*members, END):
        data, end = start + len(member.header), start + len(member.whole)
        inner[start] = None
        positions.add(start) if member is END or start == 0 else None
        for cut in cuts:
            if start <= cut < end:
                place = start if cut < data else cut
                positions.add(place)
                inner[place] = None if place == start else max(0, data + len(member.content) - cut)
        start = end
    whole = stream(members)
    ordered = [*sorted(positions), len(whole)]
    frames = []
    for first, last in itertools.pairwise(ordered):
        left = inner[first]
        frames.append((whole[first:last], None if left is None else min(left, last - first)))
    return frames


def indexed(path: Path, members: Sequence[Slice], cuts: Iterable[int] = (), *, checksum: bool = True) -> Path:
    """Write a pack with an index."""
    frames = []
    body = b""
    for content, inner in records(members, cuts):
        frame = compress(content, checksum=checksum)
        frames.append(FrameRecord(len(frame), len(content), hashlib.sha256(frame).hexdigest(), inner))
        body += frame
    groups = [Group("all", tuple(frames[:-1])), Group("end", tuple(frames[-1:]))]
    path.write_bytes(body + encode_trailer(groups))
    return path


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what lies below a folder: kind, mode, time, and content or target."""
    found: dict[str, tuple[object, ...]] = {}
    for parent, folders, files in os.walk(os.fsencode(folder)):
        for each in (*folders, *files):
            path = os.path.join(parent, each)  # noqa: PTH118 - names are bytes
            status = os.lstat(path)
            name = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            if stat.S_ISLNK(status.st_mode):
                found[name] = ("link", os.fsdecode(os.readlink(path)), int(status.st_mtime))  # noqa: PTH115
            elif stat.S_ISDIR(status.st_mode):
                found[name] = ("folder", oct(status.st_mode & 0o7777))
            else:
                with open(path, "rb") as content:  # noqa: PTH123
                    found[name] = (
                        "file", oct(status.st_mode & 0o7777), int(status.st_mtime),
                        hashlib.sha256(content.read()).hexdigest(),
                    )  # fmt: skip
    return found
