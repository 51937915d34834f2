"""Compiled bytecode of a segment: kept apart from its frames, since it does not depend on the format or the level."""

from __future__ import annotations

import hashlib
import itertools
import json
import struct
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import zstandard

from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KIND = "bytecode"

_LEVEL = 1
_DIGEST_SIZE = 32
_LENGTH = struct.Struct("<Q")


def has_bytecode(root: Path, key: str) -> bool:
    """Return whether the bytecode of ``key`` is kept and whole; what is damaged is thrown away."""
    return _body(root, key) is not None


def read_bytecode(root: Path, key: str) -> tuple[Entry, ...] | None:
    """Return the entries that were kept; None where there are none that are whole."""
    body = _body(root, key)
    return None if body is None else tuple(_entries(body))


def _body(root: Path, key: str) -> bytes | None:
    path = place(root, KIND, key)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if hashlib.sha256(key.encode("ascii") + body).digest() != digest:
        with suppress(OSError):
            path.unlink()
        return None
    touch(path)
    return body


def _entries(body: bytes) -> Iterator[Entry]:
    with zstandard.ZstdDecompressor().stream_reader(body) as reader:
        (size,) = _LENGTH.unpack(reader.read(_LENGTH.size))
        for name, length in json.loads(reader.read(size)):
            yield Entry(PurePosixPath(name), content=reader.read(length))


def write_bytecode(root: Path, key: str, entries: Sequence[Entry]) -> None:
    """Keep the entries. Raises `OSError` when the cache cannot take them."""
    write_aside(place(root, KIND, key), _parts(key, entries))


def _parts(key: str, entries: Sequence[Entry]) -> Iterator[bytes]:
    """Yield the file piece by piece: the bytecode of a large distribution never lies in memory whole."""
    names = json.dumps([[str(entry.path), entry.expected_size] for entry in entries]).encode("ascii")
    compressor = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    digest = hashlib.sha256(key.encode("ascii"))
    for content in itertools.chain([_LENGTH.pack(len(names)), names], (entry.read() for entry in entries)):
        part = compressor.compress(content)
        digest.update(part)
        yield part
    part = compressor.flush()
    digest.update(part)
    yield part
    yield digest.digest()
