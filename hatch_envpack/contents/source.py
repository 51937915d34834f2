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
from hatch_envpack.printable import printable
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
    """Open a pack: a path, ``-`` for standard input, or a URL.

    Raises `ArchiveError`, also for what fails inside of the ``with`` block, and names the pack in it.
    """
    name = "standard input" if pack == PIPE else pack
    try:
        with _opened(pack) as (stream, size):
            yield Source(name, stream, size)
    except OSError as error:
        raise ArchiveError(f"{name} cannot be read: {error.strerror or error}") from error
    except ArchiveError as error:
        # what comes from a web server has its name already
        text = str(error)
        raise (error if printable(name) in text else ArchiveError(f"{name}: {text}")) from error


@contextmanager
def _opened(pack: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if pack == PIPE:
        if sys.stdin is None:
            raise ArchiveError("standard input cannot be read: it is closed")
        yield sys.stdin.buffer, None
    elif pack.lower().startswith(_WEB):
        with open_url(pack) as stream:
            yield stream, stream.seek(0, os.SEEK_END) if stream.seekable() else None
    else:
        with open_regular(Path(pack)) as stream:
            yield stream, os.fstat(stream.fileno()).st_size
