"""A pack that is a folder: what the file would unpack to, ready to run."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import ExitStack
from functools import partial as bound
from typing import TYPE_CHECKING

from hatch_envpack.archive.container import FOLDERS
from hatch_envpack.archive.writer import write_archive
from hatch_envpack.cache.folders import keep_folder
from hatch_envpack.cache.records import key_of
from hatch_envpack.clone import Cloning, can_clone
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.engine import unpack_into
from hatch_envpack.manifest.model import PATH
from hatch_envpack.umask import umask
from hatch_envpack.workspace import partial_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_envpack.archive.container import Groups
    from hatch_envpack.frame.frame import FrameRecord
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.workspace import PartialFolder

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def place_folder(groups: Groups, destination: Path, now: Session) -> int:
    """Unpack a pack of these frames in the place of an earlier one, or of nothing; return the bytes of all files.

    All of it comes to lie under the folder's name, written to the disk, or what was there stays. Raises `ArchiveError`,
    also where something lies there that is no pack.
    """
    check_replaceable(destination)
    with ExitStack() as stack:
        try:
            partial = stack.enter_context(partial_folder(destination))
        except OSError as error:
            raise not_made(destination, error) from error
        size = _cloned(groups, partial, now)
        if size is None:
            size = _unpacked(groups, partial, now)
        # it took a while
        check_replaceable(destination)
        try:
            partial.keep(replace=True)
        except OSError as error:
            raise not_made(destination, error) from error
    return size


def _unpacked(groups: Groups, partial: PartialFolder, now: Session) -> int:
    write_archive(groups, now.container, now.cache.frames, now.partial.stream)
    place, progress = partial.destination, now.report.progress
    return unpack_into(now.partial.path, partial.path, place=place, progress=progress, held=[partial.lock]).size


def _cloned(groups: Groups, partial: PartialFolder, now: Session) -> int | None:
    """Clone what the cache keeps unpacked; None where that cannot be done, and then ``partial`` is empty.

    Clones, never hard links: whoever edits a file of the pack must not edit the cache.
    """
    if not can_clone(now.cache.root, partial.path):
        return None
    cloning = Cloning(partial.path)
    sizes = [sum(frame.raw for frame in frames) for _, frames in groups]
    try:
        with ExitStack() as held:
            folders = None
            for number, group in enumerate(groups, 1):
                # modes depend on who unpacks
                key = key_of(umask(), os.geteuid() == 0, [frame.digest for frame in group[1]])
                kept = held.enter_context(keep_folder(now.cache.root, key, bound(_fill, group, now)))
                if kept is None:
                    break
                folders = kept if group[0] == FOLDERS else folders
                cloning.add(kept)
                now.report.progress(sum(sizes[:number]), sum(sizes))
            else:
                if folders is not None:
                    cloning.finish(folders)
                    return cloning.size
    except (OSError, ArchiveError):
        # no room in the cache, perhaps: what can be mended is told by the other way
        pass
    shutil.rmtree(partial.path)
    partial.path.mkdir()
    return None


def _fill(group: tuple[str, Sequence[FrameRecord]], now: Session, folder: Path) -> None:
    write_archive([group], now.container, now.cache.frames, now.partial.stream)
    unpack_into(now.partial.path, folder)


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


def not_made(destination: Path, error: OSError) -> ArchiveError:
    """Return the error that tells why a pack does not come to lie where it should."""
    todo = ": make room in the output folder" if error.errno in _NO_SPACE else ""
    return ArchiveError(f"{destination} cannot be made: {error.strerror}{todo}")
