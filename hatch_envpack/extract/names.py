"""Names of members: bytes, as file systems have them, that stay inside of the folder (A13)."""

from __future__ import annotations

import os

from hatch_envpack.errors import ArchiveError


def checked(name: bytes) -> bytes:
    """Return the name without ``.`` parts and double slashes. Raises `ArchiveError` for one that leads out."""
    # nearly all names have none of these
    if b"/." not in name and b"//" not in name and name[:1] not in (b"/", b".", b"") and name[-1:] != b"/":
        if b"\0" not in name:
            return name
        raise ArchiveError(f"the member {shown(name)} has a name that no file can have: refused")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if name.startswith(b"/") or b".." in parts or b"\0" in name:
        raise ArchiveError(f"the member {shown(name)} would be unpacked outside of the folder: refused")
    return b"/".join(parts)


def parent(name: bytes) -> bytes:
    """Return the folder of a name; empty at the top."""
    return name.rpartition(b"/")[0]


def shown(name: bytes) -> str:
    """Return a name for messages."""
    return repr(os.fsdecode(name))
