"""From entries to members: relocated, scanned for leaks, compared with ``RECORD``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_envpack.archive.member import Member
from hatch_envpack.archive.reading import Reading
from hatch_envpack.finding import Finding
from hatch_envpack.relocate.chain import apply
from hatch_envpack.segment.folders import folders_above
from hatch_envpack.segment.record import Digest, RecordValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.relocate.leaks import LeakScanner

CHUNK = 1 << 20
"""Files are read in pieces of this size, so that a large one never lies in memory whole."""


class Slicer:
    """Turns the entries of one segment into members."""

    def __init__(self, chain: Chain, scanner: LeakScanner) -> None:
        self._chain = chain
        self._scanner = scanner
        self._odd: dict[PurePosixPath, str] = {}
        self.changed: dict[PurePosixPath, RecordValue] = {}
        """What is not as ``RECORD`` has it, complete when all members were taken."""
        self.sums: dict[str, str] = {}
        """SHA-256 of each file as it is packed, in hexadecimal digits; complete as `changed` is."""

    def findings(self) -> list[Finding]:
        """Return one finding for each file that is not what ``RECORD`` says (C9)."""
        return [
            Finding(
                "record-mismatch",
                str(path),
                what,
                "reinstall the distribution it is of, unless the change was meant",
            )
            for path, what in sorted(self._odd.items())
        ]

    def members(self, entries: Iterable[Entry]) -> Iterator[Member]:
        """Yield the members; their content is read as it is taken.

        Raises `ArchiveError` for a file that cannot be read or changes meanwhile, `RelocationError` from a fixer.
        """
        for entry in entries:
            if entry.copy_of is not None:
                # what there is to be said of the file itself is said where that is packed
                for member in Slicer(self._chain, self._scanner).members([entry.copy_of]):
                    yield replace(member, path=str(entry.path), chunks=self._noted(entry.path, member))
            elif entry.link is not None:
                yield Member(str(entry.path), link=entry.link)
            elif entry.source is None:
                yield self._made(entry)
            else:
                with Reading(entry, entry.source) as file:
                    yield self._file(entry, file)

    def _noted(self, path: PurePosixPath, member: Member) -> Iterator[bytes]:
        """Yield the content, and note what ``RECORD`` is to say of it: its row may be the link's, or there is none."""
        digest = Digest("")
        for chunk in member.chunks:
            digest.update(chunk)
            yield chunk
        self.sums[str(path)] = digest.sha256
        self.changed[path] = digest.value(member.size)

    def _made(self, entry: Entry) -> Member:
        fixed = self._chain.fixed(entry)
        data = entry.read() if fixed is None else fixed
        digest = Digest("")
        digest.update(data)
        if fixed is not None:
            self.changed[entry.path] = digest.value(len(data))
        return self._whole(entry, data, digest)

    def _file(self, entry: Entry, file: Reading) -> Member:
        size = file.before.size
        first = file.read(min(size, CHUNK))
        fixers = self._chain.claimants(entry, first)
        if size > CHUNK and not fixers:
            return Member(str(entry.path), size, self._streamed(entry, first, file), executable=entry.executable)
        data = first + file.read(size - CHUNK) if size > CHUNK else first
        file.check(len(data))
        digest = Digest(entry.digest)
        digest.update(data)
        fits = self._compare(entry, digest, len(data))
        fixed = apply(fixers, entry, data)
        if fixed is not None:
            data, digest = fixed, Digest("")
            digest.update(fixed)
            self.changed[entry.path] = digest.value(len(fixed))
        elif not fits:
            self.changed[entry.path] = RecordValue(digest.text, str(len(data)))
        return self._whole(entry, data, digest)

    def _streamed(self, entry: Entry, first: bytes, file: Reading) -> Iterator[bytes]:
        """Yield a file that no fixer wants to see, without ever having it in memory whole."""
        digest = Digest(entry.digest)
        self._scanner.begin()
        size = 0
        chunk = first
        while chunk:
            size += len(chunk)
            self._scanner.feed(entry.path, chunk)
            digest.update(chunk)
            yield chunk
            # no more than there should be: a file that grows would have no end
            chunk = file.read(min(CHUNK, file.before.size - size))
        file.check(size)
        self.sums[str(entry.path)] = digest.sha256
        if not self._compare(entry, digest, size):
            self.changed[entry.path] = RecordValue(digest.text, str(size))

    def _compare(self, entry: Entry, digest: Digest, size: int) -> bool:
        """Note what does not fit the file's row in ``RECORD``; return whether all does."""
        if not digest.is_known:
            self._odd[entry.path] = f"has a digest in RECORD that nobody can check, {entry.digest!r}"
        elif not digest.fits or entry.size not in ("", str(size)):
            self._odd[entry.path] = "is not the file that RECORD describes: it was changed since it was installed"
        return entry.path not in self._odd

    def _whole(self, entry: Entry, data: bytes, digest: Digest) -> Member:
        self._scanner.begin()
        self._scanner.feed(entry.path, data)
        self.sums[str(entry.path)] = digest.sha256
        return member_of(str(entry.path), data, executable=entry.executable)


def member_of(path: str, data: bytes, *, executable: bool = False) -> Member:
    """Return a file of which all is in memory."""
    chunks = (data,) if len(data) <= CHUNK else (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
    return Member(path, len(data), chunks, executable=executable)


def folder_members(paths: Iterable[str]) -> Iterator[Member]:
    """Yield a member for every folder above the given files, parents first.

    They stand together at the beginning, so that no segment's bytes depend on the segments before it.
    """
    for folder in folders_above(paths):
        yield Member(folder, folder=True)
