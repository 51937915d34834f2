"""Symbolic links of a tree that is not there yet: where each leads, found from the names alone."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.names import parent, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_FOLLOWED = 40
"""Linux follows no more in one look-up (path_resolution(7)): a longer way leads nowhere."""
_MAX_STEPS = 2_000_000
"""Of all links together; packs have some thousand links of a few steps each."""


def check_links(links: Mapping[bytes, bytes], outside: tuple[bytes, bytes] | None = None) -> None:
    """Raise `ArchiveError` for a link that leads out of the tree, and for one that lies below another.

    ``links`` are the targets of all links of the tree, by name. Nothing else in it changes where a path leads, so that
    this is exact where a comparison of the text is not: ``a -> ..`` inside of a folder, and then ``b -> a/..``.

    ``outside`` is name and target of the one link that may lead out. Others may lead to it, and no further.
    """
    steps = count(1)
    end = outside[0] if outside is not None and links.get(outside[0]) == outside[1] else None
    for name, target in links.items():
        folder = name
        while folder := parent(folder):
            if folder in links:
                raise ArchiveError(f"the member {shown(name)} would be unpacked through a link: refused")
        if name != end and _leads_out(name, links, steps, end):
            raise ArchiveError(f"the link {shown(name)} leads out of the folder, to {shown(target)}: refused")


def _leads_out(name: bytes, links: Mapping[bytes, bytes], steps: Iterator[int], end: bytes | None) -> bool:
    place = name.split(b"/")[:-1]
    target = links[name]
    if target.startswith(b"/") or b"\0" in target or not target:
        return True
    waiting = target.split(b"/")[::-1]
    followed = 1
    while waiting:
        if next(steps) > _MAX_STEPS:
            raise ArchiveError("the links lead around too much: refused")
        part = waiting.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not place:
                return True
            place.pop()
            continue
        place.append(part)
        further = links.get(b"/".join(place))
        if further is None:
            continue
        followed += 1
        if followed > _MAX_FOLLOWED:
            return False
        if further.startswith(b"/"):
            return bool(waiting) or b"/".join(place) != end
        place.pop()
        waiting += further.split(b"/")[::-1]
    return False
