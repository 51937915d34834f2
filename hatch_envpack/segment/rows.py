"""Where the files of ``RECORD`` really lie."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.environment.distributions import RecordRow


def plain_rows(rows: Iterable[RecordRow], root: Path) -> Iterator[RecordRow]:
    """Yield the rows with paths that pass through no link to a folder, as far as these stay below ``root``.

    ``lib64`` is such a link on some systems: a pack has each file once, and the link beside it.
    """
    real_root = Path(os.path.realpath(root))
    behind_link: dict[str, bool] = {"": False}
    for row in rows:
        if _is_behind_link(str(row.path).rpartition("/")[0], str(root), behind_link):
            yield replace(row, path=_plain(row.path.parent, root, real_root) / row.path.name)
        else:
            yield row


def _is_behind_link(folder: str, root: str, known: dict[str, bool]) -> bool:
    if folder not in known:
        above = _is_behind_link(folder.rpartition("/")[0], root, known)
        known[folder] = above or posixpath.islink(f"{root}/{folder}")
    return known[folder]


def _plain(folder: PurePosixPath, root: Path, real_root: Path) -> PurePosixPath:
    real = Path(os.path.realpath(root / folder))
    return PurePosixPath(real.relative_to(real_root).as_posix()) if real.is_relative_to(real_root) else folder
