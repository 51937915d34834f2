"""A pack that is a folder: what the file would unpack to, ready to run."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.manifest.model import PATH
from hatch_envpack.unpack.engine import unpack_into
from hatch_envpack.workspace import partial_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def place_folder(pack: Path, destination: Path, progress: Callable[[int, int], None]) -> int:
    """Unpack ``pack`` in the place of an earlier pack, or of nothing; return the bytes of all files.

    All of it comes to lie under the folder's name, written to the disk, or what was there stays. Raises `ArchiveError`,
    also where something lies there that is no pack.
    """
    check_replaceable(destination)
    with ExitStack() as stack:
        try:
            partial = stack.enter_context(partial_folder(destination))
        except OSError as error:
            raise _not_made(destination, error) from error
        counts = unpack_into(pack, partial.path, place=destination, progress=progress, held=[partial.lock])
        # it took a while
        check_replaceable(destination)
        try:
            partial.keep(replace=True)
        except OSError as error:
            raise _not_made(destination, error) from error
    return counts.size


def check_replaceable(destination: Path) -> None:
    """Raise `ArchiveError` unless there is nothing, an empty folder or a pack: who knows whose the rest is."""
    try:
        with os.scandir(destination) as entries:
            names = {entry.name for entry in entries}
    except FileNotFoundError:
        if not destination.is_symlink():
            return
        names = set()
    except NotADirectoryError:
        names = set()
    except OSError as error:
        raise ArchiveError(f"{destination} cannot be read: {error.strerror}") from error
    else:
        if not destination.is_symlink() and (not names or PATH in names):
            return
    raise ArchiveError(f"{destination} is in the way, and is no pack that could be replaced: move or remove it")


def _not_made(destination: Path, error: OSError) -> ArchiveError:
    todo = ": make room in the output folder" if error.errno in _NO_SPACE else ""
    return ArchiveError(f"{destination} cannot be made: {error.strerror}{todo}")
