"""Unpacking a pack: into a temporary folder beside the one that is asked for, which then gets its name."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.disk import syncing
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.engine import unpack_into
from hatch_envpack.workspace import partial_folder

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM = "make room for it"
_BESIDE = "the pack is unpacked beside it at first, so that the folder above must be one to write to"
_TODO = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EACCES: _BESIDE,
    errno.EPERM: _BESIDE,
    errno.EROFS: _BESIDE,
    errno.EBUSY: "a file system is mounted there: name a folder inside of it",
    errno.EXDEV: "a file system is mounted there: name a folder inside of it",
}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out of a pack."""

    folder: Path
    """Where it lies: absolute, and no symbolic link."""
    files: int
    links: int
    bytes: int
    """Of all files."""


def unpack(
    pack: Path, folder: Path, *, jobs: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Unpacked:
    """Unpack a ``.tar.zst``, ``.tar.gz``, ``.tar`` or ``.zip`` into ``folder``, which must be missing or empty.

    Either all of it comes to lie under the folder's name, written to the disk, or nothing. ``jobs`` are the processes
    that share the work, by default one for each processor. ``progress`` is called with what is done and what there
    is to do, both in bytes, of the pack or of its content.

    Modes are 0644 and 0755, less the umask, which root's ``tar -x`` does not heed either. Raises `ArchiveError`.
    """
    target = Path(os.path.realpath(folder))
    _check_free(folder, target)
    with ExitStack() as stack:
        try:
            partial = stack.enter_context(partial_folder(target))
        except OSError as error:
            raise _not_made(folder, error) from error
        try:
            with syncing(partial.path):
                counts = unpack_into(
                    pack, partial.path, place=folder, jobs=jobs, progress=progress, held=[partial.lock]
                )
            partial.keep()
        except OSError as error:
            raise _not_made(folder, error) from error
    return Unpacked(target, counts.files, counts.links, counts.size)


def _check_free(folder: Path, target: Path) -> None:
    try:
        with os.scandir(target) as entries:
            if next(entries, None) is not None:
                raise _exists(folder)
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        # or a folder above is a file
        if target.exists():
            raise _exists(folder) from error
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be read: {error.strerror}") from error


def _not_made(folder: Path, error: OSError) -> ArchiveError:
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and folder.exists():
        return _exists(folder)
    todo = _TODO.get(error.errno or 0)
    return ArchiveError(f"{folder} cannot be made: {error.strerror}" + (f": {todo}" if todo else ""))


def _exists(folder: Path) -> ArchiveError:
    return ArchiveError(f"{folder} exists: remove it or name another folder")
