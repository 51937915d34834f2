"""Ad-hoc code signatures: the hashes of a slice's pages, which the kernel of a Mac with an ARM CPU checks (N10).

The structures: https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h. They are big-endian,
whatever the file is. A linker's signature is the smallest that there is, and the one made here:
https://github.com/llvm/llvm-project/blob/main/lld/MachO/SyntheticSections.cpp
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.macho.model import MH_EXECUTE
from hatch_envpack.macho.read import MachoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.macho.model import Slice

_EMBEDDED_SIGNATURE, _CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_SLOT_CODE_DIRECTORY, _SLOT_CERTIFICATE = 0, 0x10000
_SLOTS_ALTERNATE = range(0x1000, 0x1005)
_ADHOC, _LINKER_SIGNED = 0x2, 0x20000
_HEAD = struct.Struct(">9I4BI")
"""``CS_CodeDirectory`` up to ``end_earliest``."""
_REST = struct.Struct(">IIIQQQQ")
"""What follows up to ``end_withExecSeg``."""
_SUPPORTS_SCATTER, _SUPPORTS_EXEC_SEGMENT = 0x20100, 0x20400
_MAIN_BINARY = 0x1
_EMPTY = 8
"""A blob of this size is a head and nothing else."""

_HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
"""``hashType``: the function, and how many bytes of its result are kept."""
_SHA_256 = 2
_PAGE_SHIFT = 12


@dataclass(frozen=True, slots=True)
class _Directory:
    """A ``CS_CodeDirectory``: one kind of hash of every page."""

    flags: int
    hashes_at: int
    """Where the hash of the first page stands, in the file."""
    pages: int
    limit: int
    """Where the code ends that is hashed: the signature follows."""
    function: str
    size: int
    """Bytes of one hash."""
    page_shift: int
    """A page has two to the power of this many bytes; 0 means that all is one page."""
    identifier: str


def identifier_of(data: bytes, signature: tuple[int, int]) -> str | None:
    """Return the name under which a slice is signed, or None when its signature is damaged."""
    try:
        directories, _ = _directories(data, *signature)
    except MachoError:
        return None
    return directories[0].identifier


def refreshed(data: bytes, signature: tuple[int, int]) -> bytes | None:
    """Return the slice with all hashes of its ad-hoc signature recomputed.

    None when they cannot be: a certificate's signature over the hashes is void with the first of them that changes,
    and a damaged signature was none before.
    """
    try:
        directories, certified = _directories(data, *signature)
    except MachoError:
        return None
    if certified or any(not directory.flags & _ADHOC or directory.limit != signature[0] for directory in directories):
        return None
    result = bytearray(data)
    for directory in directories:
        if directory.pages != _pages(directory.limit, directory.page_shift):
            return None
        hashes = b"".join(_hashes(data[: directory.limit], directory.function, directory.size, directory.page_shift))
        result[directory.hashes_at : directory.hashes_at + len(hashes)] = hashes
    return bytes(result)


def adhoc_signature(code: bytes, piece: Slice, identifier: str) -> bytes:
    """Return a new signature for ``code``, which is a slice up to its signature. Raises `MachoError`."""
    if len(code) >= 1 << 32:
        raise MachoError("it is larger than 4 GiB")
    text = next((segment for segment in piece.segments if segment.name == b"__TEXT"), None)
    if text is None:
        raise MachoError("it has no segment __TEXT, and cannot be signed")
    name = identifier.encode("utf-8", "surrogateescape") + b"\0"
    hashes = b"".join(_hashes(code, *_HASHES[_SHA_256], _PAGE_SHIFT))
    name_at = _HEAD.size + _REST.size
    hashes_at = name_at + len(name)
    directory = _HEAD.pack(
        _CODE_DIRECTORY, hashes_at + len(hashes), _SUPPORTS_EXEC_SEGMENT, _ADHOC | _LINKER_SIGNED, hashes_at, name_at,
        0, _pages(len(code), _PAGE_SHIFT), len(code), _HASHES[_SHA_256][1], _SHA_256, 0, _PAGE_SHIFT, 0,
    )  # fmt: skip
    flags = _MAIN_BINARY if piece.kind == MH_EXECUTE else 0
    directory += _REST.pack(0, 0, 0, 0, text.offset, text.size, flags) + name + hashes
    index = struct.pack(">II", _SLOT_CODE_DIRECTORY, 20)
    return struct.pack(">III", _EMBEDDED_SIGNATURE, 20 + len(directory), 1) + index + directory


def signature_size(limit: int, identifier: str) -> int:
    """Return how many bytes a new signature has: its hashes cover a load command that says so."""
    name = len(identifier.encode("utf-8", "surrogateescape")) + 1
    return 20 + _HEAD.size + _REST.size + name + _pages(limit, _PAGE_SHIFT) * _HASHES[_SHA_256][1]


def _directories(data: bytes, start: int, size: int) -> tuple[list[_Directory], bool]:
    """Return all code directories, and whether a certificate has signed them."""
    blob = data[start : start + size]
    magic, length, count = _unpack(">III", blob, 0)
    if magic != _EMBEDDED_SIGNATURE or length > len(blob):
        raise MachoError("the code signature is damaged")
    found: dict[int, _Directory] = {}
    certified = False
    for number in range(count):
        slot, offset = _unpack(">II", blob, 12 + 8 * number)
        if slot == _SLOT_CODE_DIRECTORY or slot in _SLOTS_ALTERNATE:
            if slot in found:
                raise MachoError("the code signature has a code directory twice")
            found[slot] = _directory(blob, offset, start)
        elif slot == _SLOT_CERTIFICATE:
            _magic, length = _unpack(">II", blob, offset)
            certified = length > _EMPTY
    if _SLOT_CODE_DIRECTORY not in found:
        raise MachoError("the code signature has no code directory")
    return [found[slot] for slot in sorted(found)], certified


def _directory(blob: bytes, offset: int, start: int) -> _Directory:
    (
        magic, length, version, flags, hashes_at, name_at, _special, pages, limit, size, kind, _platform, shift, _spare,
    ) = _unpack(_HEAD.format, blob, offset)  # fmt: skip
    scatter = _unpack(">I", blob, offset + _HEAD.size)[0] if version >= _SUPPORTS_SCATTER else 0
    function, expected = _HASHES.get(kind, ("", 0))
    name_end = blob.find(b"\0", offset + name_at)
    if (
        magic != _CODE_DIRECTORY
        or offset + length > len(blob)
        or size != expected
        or hashes_at + pages * size > length
        or scatter
        or name_end < 0
        or not function
    ):
        raise MachoError("the code signature is damaged, or of an unknown kind")
    name = blob[offset + name_at : name_end].decode("utf-8", "surrogateescape")
    return _Directory(flags, start + offset + hashes_at, pages, limit, function, size, shift, name)


def _hashes(code: bytes, function: str, size: int, page_shift: int) -> Iterator[bytes]:
    page = _page(len(code), page_shift)
    view = memoryview(code)
    for place in range(0, len(code), page):
        yield hashlib.new(function, view[place : place + page], usedforsecurity=False).digest()[:size]


def _pages(limit: int, page_shift: int) -> int:
    return -(-limit // _page(limit, page_shift))


def _page(limit: int, page_shift: int) -> int:
    return 1 << page_shift if page_shift else max(limit, 1)


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error:
        raise MachoError("the code signature is truncated") from None
