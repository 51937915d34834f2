"""The bytes of a tar archive, without any input or output.

The format is POSIX ustar, with a pax header only where ustar cannot say it (names over 255 bytes or not ASCII, files
over 8 GiB): https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
"""

from __future__ import annotations

import struct
from zlib import adler32

BLOCK = 512
END = bytes(2 * BLOCK)
"""An archive ends with two blocks of zeros."""

FILE_MODE = 0o644
PROGRAM_MODE = 0o755

_FILE, _SYMLINK, _FOLDER = b"0", b"2", b"5"
_NAME = 100
_PREFIX = 155
_USTAR_MAX_SIZE = 8**11
_USTAR = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x")
"""name, mode, uid, gid, size, mtime, checksum, type, link name, magic, version, user, group, device numbers, prefix."""
_ROOT = b"%07o" % 0
_CHECKSUM, _NO_CHECKSUM = 148, b" " * 8
"""Where the checksum stands, which is the sum of all bytes, and what is taken for it there: spaces."""


def file_header(path: str, size: int, *, executable: bool, mtime: int) -> bytes:
    """Return the header of a regular file of ``size`` bytes; ``mtime`` in seconds since 1970."""
    return _header(path, size, PROGRAM_MODE if executable else FILE_MODE, mtime, _FILE, "")


def folder_header(path: str, *, mtime: int) -> bytes:
    """Return the header of a folder."""
    return _header(f"{path}/", 0, PROGRAM_MODE, mtime, _FOLDER, "")


def link_header(path: str, target: str, *, mtime: int) -> bytes:
    """Return the header of a symbolic link."""
    return _header(path, 0, 0o777, mtime, _SYMLINK, target)


def padding(size: int) -> bytes:
    """Return the zeros that fill the last block of a file of ``size`` bytes."""
    return bytes(-size % BLOCK)


def _header(path: str, size: int, mode: int, mtime: int, kind: bytes, target: str) -> bytes:
    split = _split(path)
    if split is None or not target.isascii() or len(target) > _NAME or size >= _USTAR_MAX_SIZE:
        return _pax_header(path, size, mode, mtime, kind, target)
    prefix, name = split
    block = _USTAR.pack(
        name, b"%07o" % mode, _ROOT, _ROOT, b"%011o" % size, b"%011o" % mtime, _NO_CHECKSUM,
        kind, target.encode(), b"ustar", b"00", b"", b"", _ROOT, _ROOT, prefix,
    )  # fmt: skip
    # Adler-32 has the sum of all bytes, plus 1, in its lower half, modulo a number that 512 bytes of ASCII do not reach
    total = (adler32(block) & 0xFFFF) - 1
    return b"%b%06o\0 %b" % (block[:_CHECKSUM], total, block[_CHECKSUM + len(_NO_CHECKSUM) :])


def _split(path: str) -> tuple[bytes, bytes] | None:
    """Return ustar's prefix and name, or None when the path does not fit them."""
    if not path.isascii():
        return None
    name = path.encode()
    if len(name) <= _NAME:
        return b"", name
    cut = name.find(b"/", len(name) - _NAME - 1)
    if 0 < cut <= _PREFIX and cut < len(name) - 1:
        return name[:cut], name[cut + 1 :]
    return None


def _pax_header(path: str, size: int, mode: int, mtime: int, kind: bytes, target: str) -> bytes:
    import tarfile  # noqa: PLC0415 - rarely needed, and it takes as long as all else that unpacking imports

    info = tarfile.TarInfo(path)
    info.size, info.mode, info.mtime, info.type, info.linkname = size, mode, mtime, kind, target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
