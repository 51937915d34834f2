"""Entries as JSON can hold them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from hatch_envpack.entry import Entry


def fields_of(entry: Entry) -> list[Any]:
    """Return what `entry_of` takes; stamp, digest and size are not among it."""
    content = None if entry.content is None else entry.content.hex()
    return [str(entry.path), entry.source and str(entry.source), content, entry.link, entry.executable]


def entry_of(path: str, source: str | None, content: str | None, link: str | None, executable: bool) -> Entry:  # noqa: FBT001
    """Return the entry of what `fields_of` returned."""
    return Entry(
        PurePosixPath(path),
        source=None if source is None else Path(source),
        content=None if content is None else bytes.fromhex(content),
        link=link,
        executable=executable,
    )
