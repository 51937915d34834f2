"""The closure: every library that a packed file needs is in the pack, or is the target's by policy.

How a packed file finds a copied library, without being touched:

The loader looks for what an object needs in the object's own ``DT_RUNPATH``, and when it has none, in the ``DT_RPATH``
of the object, of whatever loaded it, and of the main program (https://man7.org/linux/man-pages/man8/ld.so.8.html). So
the interpreter gets a ``DT_RPATH`` of ``$ORIGIN/../lib``, where the copies lie: a wheel's module that needs
``libstdc++.so.6`` finds it, and stays the wheel's, byte for byte (N2). ``DT_RPATH`` also comes before
``LD_LIBRARY_PATH``, so that no foreign ``libpython`` comes between.

A wheel's file with a ``DT_RUNPATH`` of its own does not inherit. It is not touched either: in the folder that it looks
into, a link leads to the copy (and to what the copy needs, since ``$ORIGIN`` is the folder of the link). The loader
knows by the inode that it is one library.

Where the interpreter is not packed, the target's hands nothing down: each file that needs a copy looks into ``lib``
itself.

A program of a wheel, such as the Node of playwright, runs without the interpreter and inherits nothing: where it or a
library of its own needs a copy, it gets a ``DT_RPATH`` itself.

The interpreter's own modules and the copies get an entry of their own besides (N3): a program that embeds ``libpython``
has not the interpreter's ``DT_RPATH`` (N12).
"""

from __future__ import annotations

import os
import posixpath
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import MAGIC, ElfError, read_elf
from hatch_envpack.entry import Entry
from hatch_envpack.errors import LibraryError, RelocationError
from hatch_envpack.libraries.data import data_entries
from hatch_envpack.libraries.host import Host
from hatch_envpack.libraries.licences import copied_libraries
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.libraries.policy import is_of_the_host, is_on_every_target, is_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hatch_envpack.elf.model import Elf
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.layout import Layout

FOLDER = PurePosixPath("lib")
"""Where copied libraries lie."""

_ORIGIN = re.compile(r"\$\{?ORIGIN\}?")


def plan_libraries(
    entries: Iterable[Entry],
    layout: Layout,
    interpreter: Interpreter,
    site_packages: PurePosixPath,
    *,
    python: bool = True,
) -> LibraryPlan:
    """Decide what is copied and where each file looks. Raises `LibraryError`, `RelocationError`.

    Without ``python`` the interpreter is not packed.
    """
    program = PurePosixPath("bin", interpreter.program)
    closure = _Closure(layout, program, site_packages, None if python else _elf_of(interpreter.executable))
    entries = sorted(entries, key=lambda entry: entry.path != program)  # the program says which machine is meant
    for entry in entries:
        closure.add(entry)
    closure.close()
    links = closure.link()
    libraries = sorted(closure.copied.values(), key=lambda entry: entry.path)
    with ThreadPoolExecutor(1) as side:
        asked = side.submit(copied_libraries, libraries)  # which waits for the package manager
        data = tuple(data_entries(libraries, closure.paths, site_packages.parent))
        search_paths = dict(closure.search_paths())
        known, licences = asked.result()
    further = [entry for entry in (*data, *licences) if entry.path not in closure.paths]
    return LibraryPlan(
        copied=tuple(sorted([*libraries, *further, *links], key=lambda entry: entry.path.parts)),
        libraries=known,
        search_paths=search_paths,
        elves=closure.elves,
        expected=frozenset(closure.expected),
        of_host=frozenset(closure.of_host),
        missing={path: tuple(sorted(sonames)) for path, sonames in closure.missing.items()},
        damaged=closure.damaged,
    )


def may_be_elf(entry: Entry) -> bool:
    """Whether the entry is looked into at all: a library, or a program."""
    return entry.source is not None and (entry.executable or ".so" in entry.path.name)


def _elf_of(program: Path) -> Elf | None:
    with program.open("rb") as stream:
        return read_elf(stream)


@dataclass
class _Closure:
    layout: Layout
    program: PurePosixPath
    site_packages: PurePosixPath
    elsewhere: Elf | None = None
    """The program that is like the target's, where none is packed."""
    host: Host = field(default_factory=Host)
    paths: set[PurePosixPath] = field(default_factory=set)
    sources: dict[PurePosixPath, Path] = field(default_factory=dict)
    elves: dict[PurePosixPath, Elf] = field(default_factory=dict)
    copied: dict[str, Entry] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)
    of_host: set[str] = field(default_factory=set)
    needs_copied: set[PurePosixPath] = field(default_factory=set)
    hands_down: set[PurePosixPath] = field(default_factory=set)
    """Programs of wheels that need the way to the copies, for themselves or for what they load."""
    missing: dict[PurePosixPath, set[str]] = field(default_factory=dict)
    damaged: dict[PurePosixPath, str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        self.paths.add(entry.path)
        if entry.source is None or not may_be_elf(entry):
            return
        try:
            with entry.open() as stream:
                if stream.read(len(MAGIC)) != MAGIC:
                    return
                elf = read_elf(stream)
        except ElfError as error:
            if not self._is_of_a_wheel(entry.path):
                raise RelocationError(f"{entry.path} is damaged: {error}") from error
            self.damaged[entry.path] = str(error)
            return
        if elf is not None and self._is_for_this_machine(elf):
            self.elves[entry.path] = elf
            self.sources[entry.path] = entry.source

    def _is_for_this_machine(self, elf: Elf) -> bool:
        """Whether the packed program could load it; debuggers and builders bring files for many machines."""
        program = self.elsewhere or self.elves.get(self.program)
        return program is None or (elf.machine, elf.bits) == (program.machine, program.bits)

    def close(self) -> None:
        waiting = list(self.elves)
        while waiting:
            path = waiting.pop()
            for soname in self.elves[path].needed:
                if "/" in soname:
                    # the loader takes it for a path, as python-build-standalone has it, and looks nowhere else
                    if self._located(soname, path) not in self.paths:
                        self._note_missing(soname, path)
                    continue
                added = self._resolve(soname, path)
                if added is not None:
                    waiting.append(added)
        self.hands_down = {path for path in self.elves if self._must_hand_down(path)}

    def _resolve(self, soname: str, path: PurePosixPath) -> PurePosixPath | None:
        """Find one needed library; return the path of a library that is copied now for the first time."""
        elf = self.elves[path]
        if self._beside(soname, path) is not None:
            return None
        # a second libpython in the process of the target's interpreter would be another Python
        is_pythons = self.elsewhere is not None and soname.startswith("libpython")
        if is_pythons or is_on_every_target(soname) or is_of_the_host(soname):
            self.expected.add(soname)
            self._follow_on_host(soname, elf, self.sources[path])
            return None
        if soname in self.copied or FOLDER / soname in self.paths:
            self.needs_copied.add(path)
            return None
        if self._is_loaded_before(soname, path):
            return None
        source = self.host.find(soname, elf, self.sources[path])
        if source is None:
            self._note_missing(soname, path)
            return None
        self.needs_copied.add(path)
        target = FOLDER / soname
        entry = Entry(target, source=source, executable=os.access(source, os.X_OK))
        self.copied[soname] = entry
        self.add(entry)
        if target not in self.elves:
            raise LibraryError(f"{path} needs the library {soname}, but {source} is no shared library")
        return target

    def _beside(self, soname: str, path: PurePosixPath) -> PurePosixPath | None:
        """Return the packed file that a file finds by its own search path."""
        places = (folder / PurePosixPath(soname) for folder in self._folders(path, self.elves[path]))
        return next((place for place in places if place in self.paths), None)

    def _must_hand_down(self, path: PurePosixPath) -> bool:
        if self.elves[path].interpreter is None or ".so" in path.name or not self._is_of_a_wheel(path):
            return False
        if is_template(str(path.relative_to(self.site_packages))):
            return False
        loaded, waiting = {path}, [path]
        while waiting:
            inner = waiting.pop()
            if inner in self.needs_copied and self.elves[inner].runpath is None:
                return True
            found = (self._beside(soname, inner) for soname in self.elves[inner].needed)
            new = {each for each in found if each in self.elves} - loaded
            loaded |= new
            waiting += new
        return False

    def _note_missing(self, soname: str, path: PurePosixPath) -> None:
        if path == self.program or path.name.startswith("libpython"):
            raise LibraryError(
                f"{path} needs the library {soname}, which is not on this machine: reinstall the interpreter, or "
                "install the system package that has the library"
            )
        self.missing.setdefault(path, set()).add(soname)

    def link(self) -> list[Entry]:
        """Return links to copies for the files of wheels that look only into folders of their own."""
        links: dict[PurePosixPath, Entry] = {}
        for path in sorted(self.needs_copied):
            elf = self.elves[path]
            if elf.runpath is None or not self._is_of_a_wheel(path):
                continue
            folder = next(iter(self._folders(path, elf)), None)
            if folder is None:
                continue  # it looks nowhere: its own path has to change
            self.needs_copied.discard(path)
            for soname in self._copies_needed_by(path):
                target = folder / soname
                if target not in self.paths:
                    links[target] = Entry(target, link=posixpath.relpath(FOLDER / soname, folder))
        return list(links.values())

    def _copies_needed_by(self, path: PurePosixPath) -> set[str]:
        """Return the sonames of all copies that a file needs, and that these need."""
        found: set[str] = set()
        waiting = [path]
        while waiting:
            for soname in self.elves[waiting.pop()].needed:
                if soname in self.copied and soname not in found:
                    found.add(soname)
                    waiting.append(FOLDER / soname)
        return found

    def _follow_on_host(self, soname: str, elf: Elf, source: Path) -> None:
        """Note what a library of the host's needs in its turn: that is the host's too."""
        found = self.host.find(soname, elf, source)
        if found is None or found.name in self.of_host:
            return
        self.of_host |= {soname, found.name}
        with found.open("rb") as stream:
            inner = read_elf(stream)
        for needed in inner.needed if inner else ():
            self._follow_on_host(needed, elf, found)

    def _is_loaded_before(self, soname: str, path: PurePosixPath) -> bool:
        """Whether a wheel brings the library in another of its folders and loads it by hand, as NVIDIA's do (N13)."""
        if not path.is_relative_to(self.site_packages):
            return False
        return any(other.name == soname and other.is_relative_to(self.site_packages) for other in self.elves)

    def _folders(self, path: PurePosixPath, elf: Elf) -> Iterator[PurePosixPath]:
        for entry in (*(elf.rpath or ()), *(elf.runpath or ())):
            located = self._located(entry, path)
            if located is not None:
                yield located

    def _located(self, entry: str, path: PurePosixPath) -> PurePosixPath | None:
        """Return the folder of the pack that an element of a search path names."""
        if _ORIGIN.match(entry):
            folder = PurePosixPath(posixpath.normpath(_ORIGIN.sub(lambda _: str(path.parent), entry)))
            return folder if folder.parts[:1] != ("..",) else None
        return self.layout.locate(posixpath.normpath(entry)) if entry.startswith("/") else None

    def search_paths(self) -> Iterator[tuple[PurePosixPath, SearchPath]]:
        """Yield the files that must change, with the path they are to have."""
        for path, elf in sorted(self.elves.items()):
            wanted = self._search_path(path, elf)
            found = SearchPath(elf.rpath or elf.runpath or (), inherited=elf.rpath is not None and elf.runpath is None)
            if wanted.entries != found.entries or (wanted.entries and wanted.inherited != found.inherited):
                yield path, wanted

    def _search_path(self, path: PurePosixPath, elf: Elf) -> SearchPath:
        lib = _origin(path, FOLDER)
        if path == self.program:
            return SearchPath((lib,), inherited=True)
        # where both tags stand, the loader heeds DT_RUNPATH alone
        old = elf.runpath if elf.runpath is not None else elf.rpath
        kept = list(dict.fromkeys(filter(None, (self._kept(entry, path) for entry in old or ()))))
        inherits = elf.runpath is None
        if path in self.hands_down:
            return SearchPath(tuple(dict.fromkeys([*kept, lib])), inherited=True)
        finds = inherits and self.elsewhere is None and self._is_of_a_wheel(path)
        if path in self.needs_copied and lib not in kept and not finds:
            kept.append(lib)
        # what has no path at all goes on to inherit those of what loads it
        return SearchPath(tuple(kept), inherited=inherits and (elf.rpath is not None or self.elsewhere is not None))

    def _is_of_a_wheel(self, path: PurePosixPath) -> bool:
        return path.is_relative_to(self.site_packages)

    def _kept(self, entry: str, path: PurePosixPath) -> str | None:
        """Return an element as it is to stand in the pack; None when it leads nowhere (N1, N4)."""
        if _ORIGIN.match(entry):
            return entry
        located = self._located(entry, path)
        return _origin(path, located) if located is not None else None


def _origin(path: PurePosixPath, folder: PurePosixPath) -> str:
    relative = posixpath.relpath(folder, path.parent)
    return "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"
