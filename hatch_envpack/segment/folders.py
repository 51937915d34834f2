"""The folders of an archive, which follow from the paths of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def folders_above(paths: Iterable[str]) -> list[str]:
    """Return every folder that one of the paths lies below, parents before what is in them."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found, key=lambda folder: folder.split("/"))
