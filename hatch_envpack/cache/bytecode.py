"""Compiled bytecode of a segment: kept apart from its frames, since it does not depend on the format or the level."""

from __future__ import annotations

import hashlib
import json
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


def read_bytecode(root: Path, key: str) -> tuple[Entry, ...] | None:
    """Return the entries that were kept; None where there are none that are whole. Damaged ones are thrown away."""
    path = place(root, KIND, key)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, body = data[:_DIGEST_SIZE], data[_DIGEST_SIZE:]
    if hashlib.sha256(key.encode("ascii") + body).digest() != digest:
        with suppress(OSError):
            path.unlink()
        return None
    touch(path)
    return tuple(_entries(zstandard.ZstdDecompressor().decompress(body)))


def _entries(content: bytes) -> Iterator[Entry]:
    head, _, rest = content.partition(b"\n")
    at = 0
    for name, size in json.loads(head):
        yield Entry(PurePosixPath(name), content=rest[at : at + size])
        at += size


def write_bytecode(root: Path, key: str, entries: Sequence[Entry]) -> None:
    """Keep the entries. Raises `OSError` when the cache cannot take them."""
    contents = [entry.read() for entry in entries]
    names = [[str(entry.path), len(content)] for entry, content in zip(entries, contents, strict=True)]
    raw = b"".join([json.dumps(names).encode("ascii"), b"\n", *contents])
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(raw)
    write_aside(place(root, KIND, key), [hashlib.sha256(key.encode("ascii") + body).digest(), body])
