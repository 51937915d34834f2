"""A checker of code signatures that shares nothing with the signer.

It checks what the kernel does when it maps a page (``cs_validate_page``), and when it reads the signature
(``cs_validate_csblob``): https://github.com/apple-oss-distributions/xnu/blob/main/bsd/kern/ubc_subr.c
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """What the signature of one slice says, after everything in it was found to be right."""

    identifier: str
    flags: int
    functions: tuple[str, ...]
    certified: bool
    team: bool

    @property
    def adhoc(self) -> bool:
        """Whether it says that no certificate stands behind it."""
        return bool(self.flags & 2)


def slices(data: bytes) -> dict[str, bytes]:
    """Return the slices of a file, by CPU."""
    magic, count = struct.unpack(">II", data[:8])
    if magic not in (0xCAFEBABE, 0xCAFEBABF):
        return {_cpu(data): data}
    found = {}
    for number in range(count):
        if magic == 0xCAFEBABE:
            cpu, _, offset, size, alignment = struct.unpack_from(">5I", data, 8 + 20 * number)
        else:
            cpu, _, offset, size, alignment, _ = struct.unpack_from(">IIQQII", data, 8 + 32 * number)
        assert offset % (1 << alignment) == 0, "a slice is not aligned"
        piece = data[offset : offset + size]
        assert len(piece) == size
        assert struct.unpack("<I", piece[4:8])[0] == cpu
        found[_cpu(piece)] = piece
    return found


def _cpu(piece: bytes) -> str:
    return {0x0100000C: "arm64", 0x01000007: "x86_64"}[struct.unpack("<I", piece[4:8])[0]]


def check(piece: bytes) -> Signature | None:
    """Return what the signature of a 64-bit slice says; None when it has none. AssertionError when it is wrong."""
    place = size = linkedit = 0
    at = 32
    for _ in range(struct.unpack("<I", piece[16:20])[0]):
        kind, length = struct.unpack("<II", piece[at : at + 8])
        if kind == 0x1D:
            place, size = struct.unpack("<II", piece[at + 8 : at + 16])
        if kind == 0x19 and piece[at + 8 : at + 24].rstrip(b"\0") == b"__LINKEDIT":
            memory, offset, in_file = struct.unpack("<QQQ", piece[at + 32 : at + 56])
            assert memory >= in_file
            linkedit = offset + in_file
        at += length
    assert at == 32 + struct.unpack("<I", piece[20:24])[0], "sizeofcmds is wrong"
    assert linkedit == len(piece), "__LINKEDIT is not the end of the slice"
    if not place:
        return None
    assert place + size == len(piece), "the signature is not the end of the slice"
    assert place % 16 == 0
    return _superblob(piece, piece[place : place + size], place)


def _superblob(piece: bytes, blob: bytes, place: int) -> Signature:
    magic, length, count = struct.unpack(">III", blob[:12])
    assert magic == 0xFADE0CC0
    assert length <= len(blob)
    blobs = {}
    for number in range(count):
        slot, offset = struct.unpack(">II", blob[12 + 8 * number : 20 + 8 * number])
        inner = struct.unpack(">I", blob[offset + 4 : offset + 8])[0]
        assert offset + inner <= length, "a blob lies outside of the signature"
        assert slot not in blobs
        blobs[slot] = blob[offset : offset + inner]
    directories = [blobs[slot] for slot in sorted(blobs) if slot == 0 or 0x1000 <= slot < 0x1005]
    assert directories
    found = [_directory(directory, piece, place, blobs) for directory in directories]
    assert len({(name, flags) for name, flags, _, _ in found}) == 1, "the code directories contradict each other"
    return Signature(
        found[0][0],
        found[0][1],
        tuple(function for _, _, function, _ in found),
        len(blobs.get(0x10000, b"")) > 8,
        any(team for *_, team in found),
    )


def _directory(blob: bytes, piece: bytes, place: int, blobs: dict[int, bytes]) -> tuple[str, int, str, bool]:
    magic, length, version, flags, hashes, name, special, pages, limit, size, kind, _, shift, _ = struct.unpack(
        ">9I4BI", blob[:44]
    )
    assert (magic, length, limit) == (0xFADE0C02, len(blob), place)
    function = {1: "sha1", 2: "sha256"}[kind]
    assert size == hashlib.new(function).digest_size
    page = 1 << shift
    assert pages == (limit + page - 1) // page
    for number in range(pages):
        digest = hashlib.new(function, piece[number * page : min((number + 1) * page, limit)]).digest()
        assert blob[hashes + number * size :][:size] == digest, f"page {number} of {pages} has changed"
    for slot in range(1, special + 1):
        stored = blob[hashes - slot * size :][:size]
        if slot in blobs:
            assert stored == hashlib.new(function, blobs[slot]).digest(), f"the blob in slot {slot} has changed"
    if version >= 0x20400:
        base, end, _ = struct.unpack(">QQQ", blob[64:88])
        assert base == 0
        assert 0 < end < limit
    team = version >= 0x20200 and struct.unpack(">I", blob[48:52])[0] != 0
    return blob[name : blob.index(b"\0", name)].decode(), flags, function, team
