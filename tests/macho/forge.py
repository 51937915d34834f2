"""Variants of real files that no wheel has, made without the code that is tested."""

from __future__ import annotations

import struct

from tests.macho.signatures import slices

SYSTEM = b"/usr/lib/libSystem.B.dylib"
"""What every file of macOS needs."""
BUILT = b"/build/env/lib/libz.1.dyl\0"
"""What takes its place here; as long as that."""


def needs_build_library(data: bytes, kind: int = 0xC) -> bytes:
    """Return a file, or a slice, that asks for ``/build/env/lib/libz.1.dyl`` in place of the system's library."""
    assert len(SYSTEM) == len(BUILT)
    changed = bytearray(data)
    at = data.find(SYSTEM)
    assert at > 0
    while at > 0:
        struct.pack_into("<I", changed, at - 24, kind)
        changed[at : at + len(BUILT)] = BUILT
        at = data.find(SYSTEM, at + 1)
    return bytes(changed)


def unsigned(piece: bytes) -> bytes:
    """Return a slice of 64 bits without its signature, which is the last load command and the last thing in it."""
    count, size = struct.unpack("<II", piece[16:24])
    last = 32 + size - 16
    kind, _, place, length = struct.unpack("<IIII", piece[last : last + 16])
    assert (kind, place + length) == (0x1D, len(piece))
    changed = bytearray(piece[:place])
    changed[last : last + 16] = bytes(16)
    struct.pack_into("<II", changed, 16, count - 1, size - 16)
    linkedit = changed.index(b"__LINKEDIT") - 8
    struct.pack_into("<Q", changed, linkedit + 48, place - struct.unpack_from("<Q", changed, linkedit + 40)[0])
    return bytes(changed)


def fat(*pieces: bytes, wide: bool = False) -> bytes:
    """Return a fat file of these slices, each on a page of its own."""
    row = struct.Struct(">IIQQII" if wide else ">IIIII")
    table, body = b"", b""
    start = 0x4000
    for piece in pieces:
        cpu, subtype = struct.unpack("<II", piece[4:12])
        table += row.pack(cpu, subtype, start + len(body), len(piece), 14, *([0] if wide else []))
        body += piece + bytes(-len(piece) % 0x4000)
    head = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(pieces)) + table
    last = -len(pieces[-1]) % 0x4000
    return head.ljust(start, b"\0") + body[: len(body) - last]


def grown_rpath(piece: bytes, *folders: str) -> bytes:
    """Return a slice of 64 bits with further folders in which it looks for libraries, in the space that it has."""
    count, size = struct.unpack("<II", piece[16:24])
    changed = bytearray(piece)
    for folder in folders:
        text = folder.encode() + b"\0"
        command = struct.pack("<III", 0x8000001C, (12 + len(text) + 7) // 8 * 8, 12) + text
        command = command.ljust((len(command) + 7) // 8 * 8, b"\0")
        assert not any(changed[32 + size : 32 + size + len(command)])
        changed[32 + size : 32 + size + len(command)] = command
        count, size = count + 1, size + len(command)
    struct.pack_into("<II", changed, 16, count, size)
    return bytes(changed)


def only(data: bytes, cpu: str) -> bytes:
    """Return one slice of a fat file as a file of its own."""
    return slices(data)[cpu]
