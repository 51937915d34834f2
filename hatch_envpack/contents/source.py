"""Where a pack is read from: a file, a folder, standard input, or a web server."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.contents.http import open_url
from hatch_envpack.errors import ArchiveError
from hatch_envpack.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPE = "-"
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Source:
    """A pack that is open."""

    name: str
    stream: BinaryIO
    size: int | None
    """Bytes of its file; None for what can only be read from its beginning on."""


@contextmanager
def open_source(pack: str) -> Iterator[Source]:
    """Open a pack: a path, ``-`` for standard input, or a URL. Raises `ArchiveError`."""
    if pack == PIPE:
        yield Source("standard input", sys.stdin.buffer, None)
        return
    if pack.lower().startswith(_WEB):
        with open_url(pack) as stream:
            yield Source(pack, stream, stream.seek(0, os.SEEK_END) if stream.seekable() else None)
        return
    try:
        stream = open_regular(Path(pack))
    except OSError as error:
        raise ArchiveError(f"{pack} cannot be read: {error.strerror}") from error
    with stream:
        yield Source(pack, stream, os.fstat(stream.fileno()).st_size)
