"""Compare a pack with what was packed: every byte of every file, every link, and what can be run.

This file lies in the pack and needs nothing but a Python of version 3.8 or newer, such as the pack's own.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # run by the pack's own Python, it adds nothing to what it looks at

import argparse
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MANIFEST = "envpack.json"
SUMS = "envpack.sha256"
PROGRAM = "verify_envpack.py"

MAX_MANIFEST = 16 << 20
MAX_SUMS = 48 << 20
"""Bytes; what is larger is not what it should be."""
_MAX_MEMBERS = 500_000
_MAX_NAMES = 64 << 20
"""Members of an archive, and bytes of their names, that are kept in memory until all digests are known."""
_MAX_NAME = 4096
"""Bytes of a name or a link's target: no file can have a longer one."""
_MAX_EXTENSION = 4 << 20
"""Bytes of what stands before a member of a tar archive."""
MAX_DIRECTORY = 64 << 20
"""Bytes of what says what is in a zip."""
MAX_PADDING = 16 << 20
"""Bytes of zeros behind the end of one."""

_CHUNK = 1 << 20
_DIGITS = 64
_ESCAPES = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_SHOWN = 10
_ADDED = "added"
_PIPE = "-"
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"PK\x03\x04", b"PK\x05\x06")
_UNIX, _UTF8 = 3, 0x800
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, ArithmeticError, LookupError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""What the standard library raises for archives that are damaged, encrypted, or compressed in ways it does not know."""
_DESCRIPTION = f"""\
Compare a pack with what was packed: every byte, every link, and what can be run.
It is an unpacked folder, or a file: .tar.gz, .tar or .zip.

It finds damage. Who means harm can change the digests in {SUMS}, or this program, too.
"""
_EXAMPLES = f"""\
Examples:
  # the folder that this file is in
  python3 {PROGRAM}
  # another folder, with the Python of the pack
  /opt/app/bin/python /opt/app/{PROGRAM} --json /opt/app
  # a file
  python3 {PROGRAM} app.envpack.tar.gz
  zstd -dc app.envpack.tar.zst | python3 {PROGRAM} -
  # nothing may have been added, not even bytecode
  python3 {PROGRAM} --strict
"""


class NoPackError(Exception):
    """What is there is no pack, or what it says of itself is damaged."""


class Packed(NamedTuple):
    """What was packed; names are bytes, as file systems have them."""

    sha256: str
    """Of the list of digests, in hexadecimal digits."""
    files: dict[bytes, bytes]
    """The SHA-256 of each."""
    links: dict[bytes, bytes]
    """The target of each."""
    executables: frozenset[bytes]


class Item(NamedTuple):
    """What lies under a name; neither digest nor target for what is neither file nor link."""

    digest: bytes = b""
    target: bytes | None = None
    executable: bool = False
    unreadable: bool = False


@dataclass(frozen=True)
class Verified:
    """What came of a comparison; paths are sorted."""

    sha256: str
    """Of the list of digests, ``envpack.sha256``: another one for everything else that could have been packed."""
    files: int
    """How many files and links were packed."""
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    """Files with other bytes, links with other targets, and what is the one instead of the other."""
    modes: tuple[str, ...]
    """Files that can be run and could not be when they were packed, or the other way round."""
    unreadable: tuple[str, ...]
    """Files and folders that this user may not read, or that the disk does not give."""
    added: tuple[str, ...]
    """What was not packed, such as what a program has written since."""

    @property
    def ok(self) -> bool:
        """Whether all that was packed is there as it was; what was added does not count."""
        return not (self.missing or self.changed or self.modes or self.unreadable)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {"ok": self.ok, **fields}


def parse(manifest: bytes, sums: bytes) -> Packed:
    """Return what the two say. Raises `NoPackError`."""
    count, links, executables = _described(manifest)
    files = dict(_lines(sums))
    if len(files) != count or len(files) != sums.count(b"\n"):
        raise NoPackError(f"its {SUMS} has not the {count:,} different files that its {MANIFEST} tells of")
    return Packed(hashlib.sha256(sums).hexdigest(), files, links, executables)


def compare(packed: Packed, found: Mapping[bytes, Item]) -> Verified:
    """Return what differs."""
    missing: list[bytes] = []
    changed: list[bytes] = []
    modes: list[bytes] = []
    unreadable = [name for name, item in found.items() if item.unreadable]
    for name, digest in packed.files.items():
        item = found.get(name)
        if item is None:
            missing.append(name)
        elif item.unreadable:
            pass
        elif item.digest != digest:
            changed.append(name)
        elif item.executable != (name in packed.executables):
            modes.append(name)
    for name, target in packed.links.items():
        item = found.get(name)
        if item is None:
            missing.append(name)
        elif item.target != target:
            changed.append(name)
    added = found.keys() - packed.files.keys() - packed.links.keys() - {SUMS.encode(), *unreadable}
    names = [tuple(map(_text, sorted(each))) for each in (missing, changed, modes, unreadable, added)]
    return Verified(packed.sha256, len(packed.files) + len(packed.links), *names)


def verify_folder(folder: str, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Compare an unpacked pack, of which no link is followed. Raises `NoPackError`.

    ``progress`` is called with bytes done and all bytes.
    """
    root = os.fsencode(folder)
    packed = parse(_small(root, MANIFEST, MAX_MANIFEST), _small(root, SUMS, MAX_SUMS))
    found: dict[bytes, Item] = {}
    sizes: dict[bytes, int] = {}
    for name, status in _walk(root):
        if status is None:
            found[name] = Item(unreadable=True)
        elif stat.S_ISREG(status.st_mode) and name in packed.files:
            sizes[name] = status.st_size
        else:
            found[name] = Item(target=_target(root, name)) if name in packed.links else Item()
    done, total = 0, sum(sizes.values())
    for name, size in sizes.items():
        found[name] = _file(os.path.join(root, name))
        done += size
        if progress is not None:
            progress(done, total)
    return compare(packed, found)


class Collected:
    """What lies in an archive, as it is read: names as they lie in the pack, be it in a folder of it."""

    def __init__(self) -> None:
        self.items: dict[bytes, Item] = {}
        self.folders: set[bytes] = set()
        self._root: bytes | None = None
        self._hard: dict[bytes, bytes] = {}
        self._lists: dict[bytes, bytes] = {}
        self._names = 0

    def folder(self, name: bytes) -> None:
        """Take a folder. Raises `NoPackError` for more names than any pack has, as all the others do."""
        self._count(name)
        if name and not self._is_above(name):
            self.folders.add(self._own(name))

    def file(self, name: bytes, pieces: Iterable[bytes | memoryview], *, executable: bool) -> None:
        """Take a file; where the first one is the manifest, its folder is the pack's."""
        if self._root is None:
            self._root = name[: -len(MANIFEST)] if name.endswith(f"/{MANIFEST}".encode()) else b""
            before = self.folders
            self.folders = {self._own(folder) for folder in before if not self._is_above(folder)}
        name = self._put(name, Item())  # the name before the content, which may have no end
        digest = hashlib.sha256()
        limit = {MANIFEST: MAX_MANIFEST, SUMS: MAX_SUMS}.get(_text(name))
        kept = bytearray()
        for piece in pieces:
            digest.update(piece)
            if limit is not None:
                kept += piece
                if len(kept) > limit:
                    raise NoPackError(f"its {_text(name)} is too large")
        self.items[name] = Item(digest.digest(), executable=executable)
        if limit is not None:
            self._lists[name] = bytes(kept)

    def link(self, name: bytes, target: bytes) -> None:
        """Take a symbolic link."""
        self._put(name, Item(target=target))
        self._count(target)

    def hard_link(self, name: bytes, target: bytes) -> None:
        """Take another name for what lies under the name ``target``."""
        name = self._put(name, Item())
        self._count(target)
        self._hard[name] = self._own(target)

    @property
    def manifest(self) -> bytes:
        """The manifest's content; empty where there is none yet."""
        return self._lists.get(MANIFEST.encode(), b"")

    def result(self) -> Verified:
        """Compare. Raises `NoPackError`."""
        for name, target in self._hard.items():
            if target not in self.items or target in self._hard:
                raise NoPackError(f"{_text(name)!r} is a hard link to what is not in it, {_text(target)!r}")
            self.items[name] = self.items[target]
        for each in (MANIFEST, SUMS):
            if each.encode() not in self._lists:
                raise NoPackError(f"this is no pack: it has no {each}")
        return compare(parse(self._lists[MANIFEST.encode()], self._lists[SUMS.encode()]), self.items)

    def _put(self, name: bytes, item: Item) -> bytes:
        """Keep what lies under a name of the archive; return its name in the pack."""
        self._count(name)
        if not name:
            raise NoPackError("it has a file or a link that would be the folder itself")
        name = self._own(name)
        if name in self.items:
            raise NoPackError(f"it has {_text(name)!r} twice")
        self.items[name] = item
        return name

    def _is_above(self, folder: bytes) -> bool:
        return self._root is not None and self._root.startswith(folder + b"/")

    def _own(self, name: bytes) -> bytes:
        root = self._root or b""
        if not name.startswith(root):
            raise NoPackError(f"{_text(name)!r} is not in the folder that the pack is in, {_text(root)!r}")
        return name[len(root) :]

    def _count(self, name: bytes) -> None:
        self._names += len(name)
        if len(name) > _MAX_NAME:
            raise NoPackError("it has a longer name than any file can have")
        if self._names > _MAX_NAMES or len(self.items) + len(self.folders) >= _MAX_MEMBERS:
            raise NoPackError("it has more names than any pack has")


def verify_archive(stream: io.FileIO) -> Verified:
    """Compare what the standard library reads: a ``.tar.gz``, ``.tar`` or ``.zip``. Raises `NoPackError`, `OSError`."""
    buffered = _Buffered(stream, _CHUNK)
    head = buffered.peek(len(_ZSTD))
    collected = Collected()
    if head.startswith(_ZSTD):
        raise NoPackError(f"this program does not read zstd: zstd -dc PACK | python3 {PROGRAM} -")
    try:
        if head.startswith(_ZIP):
            if not buffered.seekable():
                raise NoPackError("a zip says at its end what is in it, so that it must be a file: save it first")
            _take_zip(buffered, collected)
        else:
            _take_tar(_Limited(gzip.GzipFile(fileobj=buffered) if head.startswith(_GZIP) else buffered), collected)
    except _DAMAGED as error:
        raise NoPackError(f"it is damaged, or is no .tar.gz, .tar or .zip: {error}") from error
    return collected.result()


def told(verified: Verified, *, strict: bool, everything: bool) -> Iterator[str]:
    """Yield lines for people: what differs, a few of each kind or ``everything``."""
    for word, names in _kinds(verified).items():
        if word == _ADDED and not (strict or everything):
            continue
        shown = names if everything else names[:_SHOWN]
        yield from (f"{word}: {name}" for name in shown)
        if len(shown) < len(names):
            yield f"and {len(names) - len(shown):,} more: --all shows them"


def praise(verified: Verified) -> str:
    """Return what is said where nothing is wrong."""
    added = f"; added since: {len(verified.added):,}" if verified.added else ""
    return f"all {verified.files:,} files and links are as they were packed{added}\nsha256 {verified.sha256}"


def complaint(verified: Verified, *, strict: bool, sha256: str | None) -> str:
    """Return in one line what is wrong, or nothing; ``sha256`` is what that of the list must be."""
    if sha256 is not None and sha256.strip().lower() != verified.sha256:
        return f"it is another pack: the SHA-256 of its {SUMS} is {verified.sha256}"
    if not verified.ok:
        counts = ", ".join(f"{len(names):,} {word}" for word, names in _kinds(verified).items() if names)
        return f"it is not as it was packed, {counts}: fetch or unpack it again"
    if strict and verified.added:
        return f"{len(verified.added):,} added since it was packed: remove what is not wanted, or leave out --strict"
    return ""


def _kinds(verified: Verified) -> dict[str, tuple[str, ...]]:
    return {
        "missing": verified.missing,
        "changed": verified.changed,
        "other mode": verified.modes,
        "unreadable": verified.unreadable,
        _ADDED: verified.added,
    }


def _described(manifest: bytes) -> tuple[int, dict[bytes, bytes], frozenset[bytes]]:
    try:
        document = json.loads(manifest)
        return (
            int(document["sums"]["files"]),
            {_bytes(name): _bytes(target) for name, target in document["links"].items()},
            frozenset(map(_bytes, document["executables"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise NoPackError(f"its {MANIFEST} is not what this program writes") from error


def _lines(sums: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, line in enumerate(io.BytesIO(sums), 1):
        has_escapes = line.startswith(b"\\")
        text = line[has_escapes:-1]
        digest, space, name = text[:_DIGITS], text[_DIGITS : _DIGITS + 2], text[_DIGITS + 2 :]
        try:
            value = bytes.fromhex(digest.decode("ascii"))
        except ValueError:
            value = b""
        if len(value) * 2 != _DIGITS or space != b"  " or not name or not line.endswith(b"\n"):
            raise NoPackError(f"its {SUMS} is damaged: line {number} is no digest and a name")
        yield (_plain(name) if has_escapes else name), value


def _plain(name: bytes) -> bytes:
    out = b""
    while name:
        before, _, name = name.partition(b"\\")
        out += before + _ESCAPES.get(name[:1], name[:1])
        name = name[1:]
    return out


class _Member(tarfile.TarInfo):
    """A member without what is kept for all that follow: those headers could fill the memory one by one."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type == tarfile.XGLTYPE or member.size < 0:
            raise NoPackError(f"{member.name!r} is nothing that a pack has")
        return member


class _Limited:
    """A tar stream that ends with an error where more is read than its members have: headers are kept in memory."""

    def __init__(self, stream: io.BufferedReader[Any] | gzip.GzipFile) -> None:
        self._stream = stream
        self.left = _MAX_EXTENSION

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise NoPackError("it is damaged: there is too much before a member or behind the end")
        return data


def _take_tar(stream: _Limited, collected: Collected) -> None:
    with tarfile.open(
        fileobj=stream,
        mode="r|",
        tarinfo=_Member,
        encoding="utf-8",
        errors="surrogateescape",  # type: ignore[call-overload]
    ) as archive:
        for member in archive:
            stream.left = member.size + _MAX_EXTENSION
            archive.members = []  # it keeps them for those who ask for names
            name = _inside(_bytes(member.name))
            if member.isdir():
                collected.folder(name)
            elif member.issym():
                collected.link(name, _bytes(member.linkname))
            elif member.islnk():
                collected.hard_link(name, _inside(_bytes(member.linkname)))
            elif member.isreg() and not member.issparse():
                content = archive.extractfile(member)
                collected.file(name, _pieces(content, member.size), executable=bool(member.mode & stat.S_IXUSR))
            else:
                raise NoPackError(f"{member.name!r} is neither file, folder nor link")
        # nothing but zeros may follow the end; a checksum of the stream is compared at its own
        stream.left = MAX_PADDING
        for piece in iter(lambda: archive.fileobj.read(_CHUNK), b""):
            if piece.strip(b"\0"):
                raise NoPackError("it is damaged: something follows its end, or a member's header is wrong")


class _Buffered(io.BufferedReader):
    """A file of which nothing large is read at once: only a zip's directory is, if it says so."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise NoPackError("it has more names than any pack has")
        return super().read(size)


def _take_zip(stream: io.BufferedReader[Any], collected: Collected) -> None:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            raw = member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8 else "cp437", "surrogateescape")
            mode = member.external_attr >> 16 if member.create_system == _UNIX else 0
            if raw.endswith(b"/") or stat.S_ISDIR(mode):
                collected.folder(_inside(raw))
                continue
            with archive.open(member) as content:
                if stat.S_ISLNK(mode):
                    collected.link(_inside(raw), content.read(_MAX_NAME + 1))
                else:
                    pieces = _pieces(content, member.file_size)
                    collected.file(_inside(raw), pieces, executable=bool(mode & stat.S_IXUSR))


def _pieces(content: Any, size: int) -> Iterator[bytes]:  # noqa: ANN401 - what the standard library opens
    for piece in iter(lambda: content.read(_CHUNK), b""):
        size -= len(piece)
        yield piece
    if size:
        raise NoPackError("it is damaged: it ends too early")


def _inside(name: bytes) -> bytes:
    """Return the name without ``.`` parts and double slashes. Raises `NoPackError` for one that leads out."""
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if name.startswith(b"/") or b".." in parts:
        raise NoPackError(f"{_text(name)!r} would be unpacked outside of the folder")
    return b"/".join(parts)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _open(path: bytes) -> int:
    """Open a file; neither is a link followed nor a FIFO waited for. Raises `OSError`."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _small(root: bytes, name: str, limit: int) -> bytes:
    try:
        descriptor = _open(os.path.join(root, name.encode()))
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise NoPackError(f"this is no unpacked pack: its {name} cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise NoPackError(f"its {name} is too large")
    return data


def _walk(root: bytes) -> Iterator[tuple[bytes, os.stat_result | None]]:
    """Yield the name and status of all that is no folder; no status for what cannot be looked at."""
    waiting = [b""]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(os.path.join(root, place)) as entries:
                for each in entries:
                    name = os.path.join(place, each.name)
                    if each.is_dir(follow_symlinks=False):
                        waiting.append(name)
                    else:
                        yield name, each.stat(follow_symlinks=False)
        except OSError:
            yield place or b".", None


def _target(root: bytes, name: bytes) -> bytes | None:
    try:
        return os.readlink(os.path.join(root, name))
    except OSError:
        return None


def _file(path: bytes) -> Item:
    digest = hashlib.sha256()
    try:
        descriptor = _open(path)
        try:
            while True:
                chunk = os.read(descriptor, _CHUNK)
                if not chunk:
                    break
                digest.update(chunk)
            mode = os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)
    except OSError:
        return Item(unreadable=True)
    return Item(digest.digest(), executable=bool(mode & stat.S_IXUSR))


def _printable(text: str) -> str:
    """Return the text as one line that no terminal obeys: file names may hold anything."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _verified(pack: str) -> Verified:
    if os.path.isdir(pack):
        return verify_folder(pack)
    try:
        with open(0 if pack == _PIPE else pack, "rb", buffering=0, closefd=pack != _PIPE) as stream:
            return verify_archive(stream)
    except OSError as error:
        raise NoPackError(f"it cannot be read: {error.strerror or error}") from error


def main() -> int:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument(
        "pack", nargs="?", default=here, help="a folder or a file, or - for standard input; by default this folder"
    )
    parser.add_argument("--strict", action="store_true", help="files that were added are errors too")
    parser.add_argument("--sha256", metavar="DIGEST", help=f"what the SHA-256 of {SUMS} must be")
    parser.add_argument("--all", action="store_true", help="show all files, not only the first of each kind")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        verified = _verified(options.pack)
    except NoPackError as error:
        print(f"error: {_printable(f'{options.pack}: {error}')}", file=sys.stderr)
        return 1
    wrong = complaint(verified, strict=options.strict, sha256=options.sha256)
    if options.json:
        print(json.dumps({**verified.to_dict(), "ok": not wrong}, indent=2))
    else:
        for line in told(verified, strict=options.strict, everything=options.all):
            print(_printable(line))
        if not wrong:
            print(praise(verified))
    if wrong:
        print(f"error: {_printable(options.pack)}: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
