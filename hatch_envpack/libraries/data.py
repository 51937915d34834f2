"""Files that a copied library reads at run time, where they are known."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

_TCL_TK = re.compile(r"lib(tcl|tk)(?:9tk)?(\d\.\d)\.so.*")
_PARENTS = ("/usr/share/tcltk", "/usr/share", "/usr/lib", "/usr/lib64", "/usr/local/lib")
"""Where Debian, Fedora, others and a build of one's own keep the scripts."""

_MAIN_SCRIPT = {"tcl": "init.tcl", "tk": "tk.tcl"}

_TERMINFO = PurePosixPath("share/terminfo")
_TERMINFO_FOLDERS = ("/etc/terminfo", "/lib/terminfo", "/usr/lib/terminfo", "/usr/share/terminfo")
_TERMINALS = """
alacritty ansi dumb foot linux rxvt rxvt-256color rxvt-unicode rxvt-unicode-256color screen screen-256color tmux
tmux-256color vt100 vt102 vt220 vt52 xterm xterm-256color xterm-color xterm-kitty xterm-mono
""".split()  # noqa: SIM905 - a list of words reads best as one


def data_entries(copied: Iterable[Entry], packed: Container[PurePosixPath], library: PurePosixPath) -> Iterator[Entry]:
    """Yield what the copied libraries read, by path.

    ``packed`` are all paths of the pack, ``library`` is the standard library's.
    """
    names = {entry.path.name for entry in copied}
    for name in sorted(names):
        if match := _TCL_TK.fullmatch(name):
            yield from _tcl_scripts(match[1], match[2])
    # not where libtinfo is copied: builds that are made to be moved have it within the program
    if library / "curses" / "__init__.py" in packed:
        yield from _terminals()


def _tcl_scripts(library: str, version: str) -> Iterator[Entry]:
    """Tcl and Tk are half script (D2).

    https://www.tcl-lang.org/man/tcl8.6/TclCmd/library.htm: beside the folder that was compiled in, Tcl looks in
    ``../lib/tclX.Y`` of the program, which in a pack is the right place.
    """
    name = f"{library}{version}"
    folders = [Path(parent, name) for parent in _PARENTS]
    found = next((folder for folder in folders if (folder / _MAIN_SCRIPT[library]).is_file()), None)
    if found is not None:
        yield from _below(found, PurePosixPath("lib", name))


def _below(folder: Path, target: PurePosixPath) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "demos" not in path.relative_to(folder).parts:
            yield Entry(target / path.relative_to(folder).as_posix(), source=path.resolve())


def _terminals() -> Iterator[Entry]:
    """Yield the descriptions of common terminals, for machines that have none (D3).

    https://invisible-island.net/ncurses/man/terminfo.5.html. `_envpack_terminfo.py` leads the library here.
    """
    for name in _TERMINALS:
        relative = PurePosixPath(name[0], name)
        found = next((path for folder in _TERMINFO_FOLDERS if (path := Path(folder, relative)).is_file()), None)
        if found is not None:
            yield Entry(_TERMINFO / relative, source=found.resolve())
