"""The layout: where the absolute paths of the build machine come to lie inside the pack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePosixPath

_BEGIN = r"(?:(?<!\w{path})|(?<=-[LI]{path}))"
"""A path does not begin inside a name, but for the flags of compilers: ``-L/a/lib``.

It is looked at when the path was found: what a pattern begins with, it is searched for.
"""

_COMPONENT_END = r"(?![\w.+@%~-])"
"""A path ends where no further character of a file name follows: ``/a/lib`` is not found in ``/a/library``."""


@dataclass(frozen=True, slots=True)
class Root:
    """One folder of the build machine whose content is packed."""

    source: str
    """An absolute path, without a slash at the end."""
    target: PurePosixPath
    """The folder inside the pack (``.`` is the pack's root)."""
    exact: bool = False
    """Only the path itself is meant, not what lies below it.

    A system interpreter has ``prefix=/usr``, and the pack is a prefix too, but ``/usr/bin/install`` is not packed.
    """
    private: bool = True
    """Whether the path means something on the build machine alone; ``/usr/lib/python3.11`` is many machines'."""


@dataclass(frozen=True)
class Layout:
    """All roots; where several contain a path, the longest one decides."""

    roots: tuple[Root, ...]

    def locate(self, path: str) -> PurePosixPath | None:
        """Return the place of an absolute build path inside the pack, or None when it is not packed."""
        for root in self._longest_first:
            if path == root.source:
                return root.target
            if not root.exact and path.startswith(root.source + "/"):
                return root.target / path[len(root.source) + 1 :]
        return None

    def substitute(self, text: str, render: Callable[[PurePosixPath], str]) -> str:
        """Replace each occurrence of a root in ``text`` by ``render(target)``; what follows the root stays.

        An exact root counts only where the path ends there.
        """
        return self._pattern.sub(lambda match: render(self._targets[match.group(0)]), text)

    @property
    def build_paths(self) -> tuple[str, ...]:
        """The paths that must not be left anywhere in the pack."""
        return tuple(root.source for root in self._longest_first if root.private and not root.exact)

    @cached_property
    def _longest_first(self) -> tuple[Root, ...]:
        return tuple(sorted(self.roots, key=lambda root: (-len(root.source), root.source)))

    @cached_property
    def _targets(self) -> dict[str, PurePosixPath]:
        return {root.source: root.target for root in self.roots}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(
            "|".join(
                path + _BEGIN.format(path=path) + (rf"(?!/[\w.]){_COMPONENT_END}" if root.exact else _COMPONENT_END)
                for root in self._longest_first
                for path in [re.escape(root.source)]
            )
            or r"(?!)"
        )
