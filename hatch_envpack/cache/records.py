"""Small documents in the cache, each under a key that says everything that it depends on."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hatch_envpack.cache.files import place, touch, write_aside

if TYPE_CHECKING:
    from pathlib import Path


def key_of(*parts: object) -> str:
    """Return the key for these parts, which JSON must be able to hold; another order is another key."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_record(root: Path, kind: str, key: str) -> dict[str, Any] | None:
    """Return a document; None where there is none that is whole. A damaged one is thrown away."""
    path = place(root, kind, key)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    checksum, _, body = data.partition(b"\n")
    if checksum.decode("ascii", "replace") != _checksum(key, body):
        with suppress(OSError):
            path.unlink()
        return None
    touch(path)
    document: dict[str, Any] = json.loads(body)
    return document


def write_record(root: Path, kind: str, key: str, document: dict[str, Any]) -> None:
    """Keep a document. Raises `OSError` when the cache cannot take it."""
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    write_aside(place(root, kind, key), [_checksum(key, body).encode("ascii"), b"\n", body])


def _checksum(key: str, body: bytes) -> str:
    """Return a digest over the key too, so that a document under a wrong name is found out."""
    return hashlib.sha256(key.encode("ascii") + body).hexdigest()
