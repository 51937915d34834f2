"""Files that a copied library reads at run time, where they are known: Tcl and Tk are half script (D2).

https://www.tcl-lang.org/man/tcl8.6/TclCmd/library.htm: beside the folder that was compiled in, Tcl looks in
``../lib/tclX.Y`` of the program, which in a pack is the right place.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SONAME = re.compile(r"lib(tcl|tk)(?:9tk)?(\d\.\d)\.so.*")
_PARENTS = ("/usr/share/tcltk", "/usr/share", "/usr/lib", "/usr/lib64", "/usr/local/lib")
"""Where Debian, Fedora, others and a build of one's own keep the scripts."""

_MAIN_SCRIPT = {"tcl": "init.tcl", "tk": "tk.tcl"}


def data_entries(copied: Iterable[Entry]) -> Iterator[Entry]:
    """Yield what the copied libraries read, by path."""
    for entry in copied:
        match = _SONAME.fullmatch(entry.path.name)
        if match is None:
            continue
        name = f"{match[1]}{match[2]}"
        folders = [Path(parent, name) for parent in _PARENTS]
        found = next((folder for folder in folders if (folder / _MAIN_SCRIPT[match[1]]).is_file()), None)
        if found is not None:
            yield from _below(found, PurePosixPath("lib", name))


def _below(folder: Path, target: PurePosixPath) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "demos" not in path.relative_to(folder).parts:
            yield Entry(target / path.relative_to(folder).as_posix(), source=path.resolve())
