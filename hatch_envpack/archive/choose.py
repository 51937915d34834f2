"""From the name of a format to what writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.archive.tar import Tar
from hatch_envpack.archive.zip import Zip
from hatch_envpack.formats import FOLDER
from hatch_envpack.frame.gzip import Gzip
from hatch_envpack.frame.stored import Stored
from hatch_envpack.frame.zstd import Zstd

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_envpack.archive.container import Container


def _tar_zst(level: int, mtime: int) -> Container:
    return Tar(Zstd(level), mtime, indexed=True)


_CONTAINERS: dict[str, Callable[[int, int], Container]] = {
    "tar.zst": _tar_zst,
    FOLDER: _tar_zst,
    "tar.gz": lambda level, mtime: Tar(Gzip(level), mtime),
    "tar": lambda _, mtime: Tar(Stored(), mtime),
    "zip": Zip,
}


def container_of(format_name: str, level: int, mtime: int) -> Container:
    """Return the container of a format of `LEVELS`, for a level that it has; ``mtime`` in seconds since 1970.

    That of a folder is what the folder is unpacked from.
    """
    return _CONTAINERS[format_name](level, mtime)
