"""Names that other systems cannot hold beside each other, or at all (A4, A5)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

from hatch_envpack.segment.folders import folders_above

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)", re.IGNORECASE
)
"""An extension does not help: ``nul.py`` is the device too."""


def case_collisions(paths: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of files and folders that a file system without upper and lower case takes for one.

    That of macOS also takes an accented letter and its two parts for one.
    """
    names = _with_folders(paths)
    folded = {path: _folded(path) for path in names}
    if len(set(folded.values())) == len(names):
        return ()
    groups: dict[str, list[str]] = defaultdict(list)
    for path, form in folded.items():
        groups[form].append(path)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1))


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def windows_names(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the files and folders whose own name Windows cannot hold.

    https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions
    """
    files = set(paths)
    odd = {name for name in {name for path in files for name in path.split("/")} if not _fits_windows(name)}
    return tuple(sorted(path for path in _with_folders(files) if _name(path) in odd)) if odd else ()


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _fits_windows(name: str) -> bool:
    return _FORBIDDEN.search(name) is None and _DEVICE.match(name) is None


def _with_folders(paths: Iterable[str]) -> set[str]:
    files = set(paths)
    return files | set(folders_above(files))
