"""Segments that are kept unpacked, on file systems where a copy of a file shares its blocks with it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from hatch_envpack.cache.files import TEMPORARY, place, touch, write_aside
from hatch_envpack.cache.lock import held_alone
from hatch_envpack.cache.witness import stamp_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KIND = "folders"
_NOTES = "notes.json"


@contextmanager
def keep_folder(root: Path, key: str, fill: Callable[[Path], None]) -> Iterator[Path | None]:
    """Give the folder of ``key``, held against `prune`; None when another build uses it or the cache refuses it.

    ``fill`` writes into an empty folder what belongs there. It is called where there is none that stands as it did when
    it was filled; the folder gets its place when all is in it. Raises `OSError`, and what ``fill`` raises.
    """
    entry = place(root, KIND, key)
    with held_alone(entry) as free:
        if not free:
            yield None
            return
        content, notes = entry / "content", entry / _NOTES
        if _noted(notes) != _stamps(content):
            notes.unlink(missing_ok=True)
            shutil.rmtree(content, ignore_errors=True)
            _fill(content, fill)
            write_aside(notes, [json.dumps(_stamps(content)).encode("ascii")])
        touch(entry)
        yield content


def _fill(content: Path, fill: Callable[[Path], None]) -> None:
    # helping processes of a build that was killed may write for a moment longer, and must not find a later one's folder
    aside = Path(mkdtemp(prefix=TEMPORARY, dir=content.parent.parent))
    try:
        # the temporary folder itself is for this user alone, and its mode would be copied
        filled = aside / content.name
        filled.mkdir()
        fill(filled)
        filled.rename(content)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _noted(notes: Path) -> object:
    with suppress(OSError, ValueError):
        return json.loads(notes.read_bytes())
    return None


def _stamps(content: Path) -> str:
    """Return how all files stand, bytecode too, which is part of a segment."""
    paths = [os.path.join(folder, name) for folder, inner, files in os.walk(content) for name in (*inner, *files)]  # noqa: PTH118 - thousands of them
    return stamp_digest(sorted(paths))
