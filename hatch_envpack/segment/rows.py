"""Where the files of ``RECORD`` really lie."""

from __future__ import annotations

import os
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
    known: dict[PurePosixPath, PurePosixPath] = {}
    for row in rows:
        folder = row.path.parent
        if folder not in known:
            known[folder] = _plain(folder, root, real_root)
        yield row if known[folder] == folder else replace(row, path=known[folder] / row.path.name)


def _plain(folder: PurePosixPath, root: Path, real_root: Path) -> PurePosixPath:
    real = Path(os.path.realpath(root / folder))
    return PurePosixPath(real.relative_to(real_root).as_posix()) if real.is_relative_to(real_root) else folder
