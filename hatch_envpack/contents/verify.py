"""Comparing every byte of a pack with the digests in it: of an archive as it is read, or of an unpacked folder."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.contents.source import open_source
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.sources import is_zip, tar_stream
from hatch_envpack.extract.tar import FILE, SYMLINK, members
from hatch_envpack.extract.zip import zip_members
from hatch_envpack.manifest.model import PATH
from hatch_envpack.sums import verify_envpack
from hatch_envpack.sums.verify_envpack import NoPackError, parse_sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.contents.source import Source
    from hatch_envpack.extract.tar import Member

_MAX_LIST = 256 << 20
"""What is larger is no manifest and no list of digests."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a comparison; paths are sorted."""

    files: int
    """How many files and links were packed."""
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    """What is there and was not packed, such as what a program has written; no reason to refuse a folder."""

    @property
    def is_whole(self) -> bool:
        """Whether all that was packed is there as it was."""
        return not (self.missing or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {
            "ok": self.is_whole,
            "files": self.files,
            "missing": list(self.missing),
            "changed": list(self.changed),
            "added": list(self.added),
        }


def verify_folder(folder: str) -> Verified:
    """Compare an unpacked pack. Raises `ArchiveError` for what is none."""
    try:
        files, links = verify_envpack.read_sums(folder)
        missing, changed, added = verify_envpack.compare(folder)
    except NoPackError as error:
        raise ArchiveError(str(error)) from error
    return Verified(len(files) + len(links), tuple(missing), tuple(changed), tuple(added))


def verify_archive(pack: str) -> Verified:
    """Compare a pack of any format: a path, ``-`` for standard input, or a URL. Nothing is written.

    Raises `ArchiveError` for what is no pack, and for damage that keeps it from being read.
    """
    with open_source(pack) as source:
        try:
            return _compared(source)
        except NoPackError as error:
            raise ArchiveError(f"{source.name}: the pack is damaged: {error}") from error
        except ArchiveError as error:
            text = str(error)
            raise (error if source.name in text else ArchiveError(f"{source.name}: {text}")) from error
        except OSError as error:
            raise ArchiveError(f"{source.name} cannot be read: {error.strerror or error}") from error


def _compared(source: Source) -> Verified:
    found: dict[str, str] = {}
    lists: dict[str, bytes] = {}
    with _members(source) as items:
        for member, data in items:
            name = member.name.decode("utf-8", "surrogateescape")
            if member.kind == SYMLINK:
                found[name] = verify_envpack.LINK + member.target.decode("utf-8", "surrogateescape")
            elif member.kind == FILE and name in (PATH, verify_envpack.SUMS):
                lists[name] = _limited(data)
            elif member.kind == FILE:
                digest = hashlib.sha256()
                for piece in data:
                    digest.update(piece)
                found[name] = digest.hexdigest()
    wanted = _wanted(lists)
    return Verified(
        len(wanted),
        tuple(sorted(wanted.keys() - found.keys())),
        tuple(sorted(name for name, value in found.items() if wanted.get(name, value) != value)),
        tuple(sorted(found.keys() - wanted.keys())),
    )


def _wanted(lists: dict[str, bytes]) -> dict[str, str]:
    for name in (PATH, verify_envpack.SUMS):
        if name not in lists:
            raise ArchiveError(f"this is no pack: it has no {name}")
    try:
        told = json.loads(lists[PATH])["sums"]["sha256"]
        if hashlib.sha256(lists[verify_envpack.SUMS]).hexdigest() != told:
            raise NoPackError(f"{verify_envpack.SUMS} is not the list that {PATH} tells of")
        files, links = parse_sums(lists[verify_envpack.SUMS].decode("utf-8", "surrogateescape"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoPackError(f"{PATH} or {verify_envpack.SUMS} cannot be read") from error
    return {**files, **{name: verify_envpack.LINK + target for name, target in links.items()}}


@contextmanager
def _members(source: Source) -> Iterator[Iterator[tuple[Member, Iterable[bytes | memoryview]]]]:
    stream = source.stream
    if source.size is None:
        head = b""
        while len(head) < BLOCK and (piece := stream.read(BLOCK - len(head))):
            head += piece
    else:
        stream.seek(0)
        head = stream.read(BLOCK)
        stream.seek(0)
    if is_zip(head):
        if source.size is None:
            raise ArchiveError("a zip says at its end what is in it, so that it must be a file: save it first")
        yield zip_members(stream)
        return
    from hatch_envpack.contents.read import Replayed  # noqa: PLC0415

    with tar_stream(Replayed(head if source.size is None else b"", stream, None), head) as pieces:  # type: ignore[arg-type]
        blocks = Blocks(pieces)
        yield ((member, blocks.data()) for member in members(blocks))
        if not blocks.ended:
            raise ArchiveError("the pack is damaged: it ends too early")


def _limited(pieces: Iterable[bytes | memoryview]) -> bytes:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > _MAX_LIST:
            raise ArchiveError("the pack is damaged: its manifest or its list of digests is too large")
    return bytes(data)
