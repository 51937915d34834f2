"""Symbolic links of a tree that is not there yet: where each leads, found from the names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.names import parent, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_FOLLOWED = 40
"""Linux follows no more in one look-up (path_resolution(7)): a longer way leads nowhere."""


def check_links(links: Mapping[bytes, bytes]) -> None:
    """Raise `ArchiveError` for a link that leads out of the tree, and for one that lies below another.

    ``links`` are the targets of all links of the tree, by name. Nothing else in it changes where a path leads, so that
    this is exact where a comparison of the text is not: ``a -> ..`` inside of a folder, and then ``b -> a/..``.
    """
    for name, target in links.items():
        folder = name
        while folder := parent(folder):
            if folder in links:
                raise ArchiveError(f"the member {shown(name)} would be unpacked through a link: refused")
        if _leads_out(name, links):
            raise ArchiveError(f"the link {shown(name)} leads out of the folder, to {shown(target)}: refused")


def _leads_out(name: bytes, links: Mapping[bytes, bytes]) -> bool:
    place = name.split(b"/")[:-1]
    target = links[name]
    if target.startswith(b"/") or b"\0" in target or not target:
        return True
    waiting = target.split(b"/")[::-1]
    followed = 1
    while waiting:
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
            return True
        place.pop()
        waiting += further.split(b"/")[::-1]
    return False
