"""The one link that may lead out of a pack: to the target's Python, where the manifest says that none is packed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_envpack.sums.sums import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINK = b"bin/python"
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _FILE | os.O_DIRECTORY


def link_to_python(links: Mapping[bytes, bytes], root: int) -> tuple[bytes, bytes] | None:
    """Return its name and target; None where no link may lead out.

    ``links`` are the targets of all links by name, none of which is made yet; ``root`` is the descriptor of the folder
    with all else.
    """
    absolute = [name for name, target in links.items() if target.startswith(b"/")]
    if len(absolute) != 1 or not b"/".join([b"", *absolute]).endswith(b"/" + _LINK):
        return None
    # what most packs do not need
    from hatch_envpack.interpreter.elsewhere import python_target  # noqa: PLC0415
    from hatch_envpack.sums.verify_envpack import MAX_MANIFEST  # noqa: PLC0415

    (name,) = absolute
    folder = name[: -len(_LINK)]
    try:
        if not _is_alone(folder, root):
            return None
        with os.fdopen(os.open(folder + MANIFEST.encode(), _FILE, dir_fd=root), "rb") as stream:
            manifest = stream.read(MAX_MANIFEST)
    except OSError:
        return None
    target = python_target(manifest)
    return None if target is None else (name, target)


def _is_alone(folder: bytes, root: int) -> bool:
    """Whether nothing lies beside a folder, or beside those above it: then the manifest in it is the pack's."""
    above = b"."
    for part in folder.split(b"/")[:-1]:
        descriptor = os.open(above, _FOLDER, dir_fd=root)
        try:
            if os.listdir(descriptor) != [os.fsdecode(part)]:  # noqa: PTH208 - a descriptor
                return False
        finally:
            os.close(descriptor)
        above += b"/" + part
    return True
