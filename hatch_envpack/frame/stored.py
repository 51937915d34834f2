"""Frames that are left as they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """Compresses nothing: the codec of a plain ``.tar``."""

    name: str = ""
    fingerprint: str = "stored"

    def compress(self, content: bytes) -> bytes:
        """Return the content."""
        return content
