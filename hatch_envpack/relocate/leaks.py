"""The leak scan: no path of the build machine may be left in any byte of the pack."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.finding import Finding
from hatch_envpack.search import holds

if TYPE_CHECKING:
    from collections.abc import Iterable

_MINIMUM_DEPTH = 2
"""``/app`` or ``/usr`` is an ordinary word of many programs; ``/home/me`` is not."""

_MARGIN = 64
"""How many bytes of a chunk are seen again with the next one, beyond the length of the longest path."""


class LeakScanner:
    """Searches a stream of chunks for build paths; one for each pack."""

    def __init__(self, paths: Iterable[str]) -> None:
        usable = {path for path in paths if len(PurePosixPath(path).parts) > _MINIMUM_DEPTH}
        # a path below another one is found with that one
        self._needles = [
            path.encode("utf-8", "surrogateescape")
            for path in sorted(usable)
            if not any(path.startswith(other + "/") for other in usable)
        ]
        self._patterns = [re.compile(re.escape(needle) + rb"(?![\w.-])") for needle in self._needles]
        self._overlap = max(map(len, self._needles), default=0) + _MARGIN
        self._found: set[tuple[str, bytes]] = set()
        self._tail = b""

    def begin(self) -> None:
        """Begin a new file."""
        self._tail = b""

    def feed(self, path: PurePosixPath, chunk: bytes) -> None:
        """Look at the next chunk of the file ``path``."""
        window = self._tail + chunk if self._tail else chunk
        for needle, pattern in zip(self._needles, self._patterns, strict=True):
            # the plain search runs at memory speed; the pattern only decides whether a hit is a path of its own
            if holds(window, needle) and pattern.search(window):
                self._found.add((str(path), needle))
        self._tail = chunk[-self._overlap :]

    def findings(self) -> list[Finding]:
        """Return one finding for each file and path, sorted."""
        return sorted(
            Finding(
                "build-path",
                path,
                f"holds the build path {needle.decode('utf-8', 'replace')}",
                "the program may look for it at the target: leave the file out with `exclude`, or, if only debuggers "
                "read it, let `strip` drop it",
            )
            for path, needle in self._found
        )
