"""The file that says that a folder is a cache, and ours: nothing is removed from a folder without it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_envpack.cache.files import TEMPORARY, write_aside
from hatch_envpack.errors import CacheError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "CACHEDIR.TAG"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n"
"""With which the file must begin, so that backups leave the folder out: https://bford.info/cachedir/."""
_OURS = b"# This folder is the cache of hatch-envpack: `hatch-envpack cache clean` empties it.\n"
_EXPECTED = frozenset({"lost+found"})
"""What an empty folder may hold: this one is in every fresh ext4."""


def is_tagged(root: Path) -> bool:
    """Whether the folder was made, or taken over when it was empty, by `claim`."""
    try:
        with (root / _NAME).open("rb") as stream:
            return stream.read(len(_SIGNATURE + _OURS)) == _SIGNATURE + _OURS
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError as error:
        raise CacheError(f"the cache folder {root} cannot be read: {error.strerror}") from error


def claim(root: Path) -> None:
    """Make the cache's folder, with the tag, before anything is put into it.

    A folder that has other things in it is not ours to use: what keeps the cache small would be let loose on them.
    Raises `CacheError` for such a folder, and for one that cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        if is_tagged(root):
            return
        foreign = {name for name in os.listdir(root) if not name.startswith(TEMPORARY)} - _EXPECTED  # noqa: PTH208 - names
        if foreign and not is_tagged(root):  # another build may have made it in between
            raise CacheError(
                f"the cache folder {root} holds things that are not of the cache, such as {min(foreign)}: set "
                "HATCH_ENVPACK_CACHE_DIR to an empty folder, or to one that does not exist yet"
            )
        write_aside(root / _NAME, [_SIGNATURE, _OURS])
    except OSError as error:
        raise CacheError(f"the cache folder {root} cannot be made: {error.strerror}") from error
