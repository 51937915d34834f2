"""Which files of an installation are Python's own, and where they lie in the pack.

A private prefix and a system's ``/usr`` are treated alike: files are taken by what they are, never a whole prefix, so
that neither the packages of a pyenv installation nor the rest of ``/usr`` come along (I5, I12).
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.ensurepip import ensurepip_wheels
from hatch_envpack.interpreter.generated import generated_entries
from hatch_envpack.interpreter.left_out import is_left_out_file, is_left_out_folder
from hatch_envpack.interpreter.places import include_path, interpreter_roots, library_path, site_packages_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.layout import Root

__all__ = ["interpreter_entries", "interpreter_roots", "site_packages_path"]

_SCRIPTS = re.compile(r"(?:pydoc|idle|2to3-?)[\d.]*t?|python[\d.]*t?-config")
"""Names in ``bin`` that are Python's own; ``pip`` belongs to a distribution."""

_VERSION = re.compile(r"\d+\.\d+")

_DATA_FOLDERS = re.compile(r"(tcl|tk|itcl|thread|tdbc|sqlite)[\d.]+")
"""In a private prefix's ``lib``: what Tcl and Tk look for beside it (D2)."""

_LANDMARK = b"By this folder the interpreter knows its own place; its modules are all built in.\n"
"""python-build-standalone has nothing in ``lib-dynload`` but test modules, and without the folder CPython takes
``sys.exec_prefix`` for the one that it was configured with.
"""

_LICENCES = ("share/doc/python{}/copyright", "share/doc/libpython{}-minimal/copyright", "share/licenses/python/LICENSE")
"""Where distributions keep the text that upstream keeps in the standard library; relative to the prefix."""


def interpreter_entries(interpreter: Interpreter) -> list[Entry]:
    """Return the interpreter's entries by path; the same installation gives the same list.

    Raises `InterpreterError` for a link that leads to nothing that can be packed (I1).
    """
    entries = {entry.path: entry for entry in _found(interpreter)}
    for entry in (*ensurepip_wheels(interpreter), *generated_entries(interpreter)):
        entries[entry.path] = entry
    modules = library_path(interpreter) / "lib-dynload"
    if not any(path.is_relative_to(modules) for path in entries):
        entries[modules / "README.txt"] = Entry(modules / "README.txt", content=_LANDMARK)
    return sorted(_without_dangling(entries), key=lambda entry: entry.path.parts)


def _found(interpreter: Interpreter) -> Iterator[Entry]:
    roots = interpreter_roots(interpreter)
    library = library_path(interpreter)
    yield from _programs(interpreter)
    yield from _walk(interpreter.stdlib, library, roots)
    if interpreter.platstdlib != interpreter.stdlib:
        yield from _walk(interpreter.platstdlib, library, roots)
    for folder in dict.fromkeys((interpreter.include, interpreter.platinclude)):
        yield from _walk(folder, include_path(interpreter), roots)
    yield from _multiarch_headers(interpreter, roots)
    yield from _libpython(interpreter)
    yield from _pkgconfig(interpreter)
    yield from _licence(interpreter)
    if interpreter.is_private:
        for folder in sorted((interpreter.prefix / "lib").iterdir()):
            if _DATA_FOLDERS.fullmatch(folder.name):
                yield from _walk(folder, PurePosixPath("lib", folder.name), roots)


def _programs(interpreter: Interpreter) -> Iterator[Entry]:
    program = interpreter.program
    names = {"python3", "python", f"python{interpreter.short_version}"} - {program}
    yield Entry(PurePosixPath("bin", program), source=interpreter.executable, executable=True)
    for name in sorted(names):
        yield Entry(PurePosixPath("bin", name), link=program)
    scripts = [path for path in sorted(interpreter.executable.parent.iterdir()) if _is_script(path, interpreter)]
    reals: dict[Path, str] = {}
    for path in scripts:
        # Debian's name for the real file holds the triplet: the first of ours takes its place
        versioned = reals.setdefault(path.resolve(), _versioned(path.resolve(), scripts, interpreter))
        target = PurePosixPath("bin", path.name)
        if path.name == versioned:
            yield Entry(target, source=path.resolve(), executable=True)
        else:
            yield Entry(target, link=versioned)


def _is_script(path: Path, interpreter: Interpreter) -> bool:
    """Whether this is one of the interpreter's scripts, and of this version where several share a folder."""
    if _SCRIPTS.fullmatch(path.name) is None or not path.is_file():
        return False
    version = _VERSION.search(path.resolve().name)
    return version[0] == interpreter.short_version if version else interpreter.is_private


def _versioned(real: Path, scripts: list[Path], interpreter: Interpreter) -> str:
    names = [path.name for path in scripts if path.resolve() == real]
    return next((name for name in names if interpreter.short_version in name), names[0])


def _walk(folder: Path, target: PurePosixPath, roots: tuple[Root, ...]) -> Iterator[Entry]:
    for parent, folders, files in os.walk(folder):
        relative = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        folders[:] = sorted(name for name in folders if not is_left_out_folder(relative / name))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            if not is_left_out_file(name):
                yield _entry(Path(parent, name), target / relative / name, roots)


def _entry(source: Path, target: PurePosixPath, roots: tuple[Root, ...]) -> Entry:
    if not source.is_symlink():
        return Entry(target, source=source, executable=os.access(source, os.X_OK))
    pointed = Path(os.path.normpath(source.parent / source.readlink()))
    for root in sorted(roots, key=lambda root: -len(root.source)):
        if not root.exact and pointed.is_relative_to(root.source) and pointed.exists():
            inside = root.target / pointed.relative_to(root.source).as_posix()
            return Entry(target, link=posixpath.relpath(inside, target.parent))
    if pointed.is_file():
        # an installation that is itself spread over the system: the pack has the file in its place
        return Entry(target, source=pointed.resolve(), executable=os.access(pointed, os.X_OK))
    raise InterpreterError(
        f"{source} is a link to {pointed}, which cannot be packed: remove the link, or reinstall the interpreter"
    )


def _multiarch_headers(interpreter: Interpreter, roots: tuple[Root, ...]) -> Iterator[Entry]:
    """Yield Debian's folder with the real ``pyconfig.h``, which the other one includes (I12)."""
    name = include_path(interpreter).name
    folder = interpreter.include.parent / interpreter.multiarch / name
    if interpreter.multiarch and folder.is_dir():
        yield from _walk(folder, PurePosixPath("include", interpreter.multiarch, name), roots)


def _libpython(interpreter: Interpreter) -> Iterator[Entry]:
    """Yield the library with its chain of links, which programs that embed Python follow (N12)."""
    if interpreter.libpython is None:
        return
    real = interpreter.libpython.resolve()
    name = interpreter.libpython.name
    yield Entry(PurePosixPath("lib", name), source=real, executable=os.access(real, os.X_OK))
    for path in sorted(interpreter.libpython.parent.glob("libpython3*.so*")):
        if path.name != name and path.resolve() == real:
            yield Entry(PurePosixPath("lib", path.name), link=name)
    stable = interpreter.libpython.with_name("libpython3.so")
    if interpreter.is_private and stable.is_file() and not stable.is_symlink():
        yield Entry(PurePosixPath("lib", stable.name), source=stable, executable=os.access(stable, os.X_OK))


def _pkgconfig(interpreter: Interpreter) -> Iterator[Entry]:
    for folder in dict.fromkeys((interpreter.prefix / "lib" / "pkgconfig", interpreter.libdir / "pkgconfig")):
        for path in sorted(folder.glob(f"python-{interpreter.short_version}*.pc")):
            yield Entry(PurePosixPath("lib", "pkgconfig", path.name), source=path.resolve())


def _licence(interpreter: Interpreter) -> Iterator[Entry]:
    if (interpreter.stdlib / "LICENSE.txt").is_file():
        return  # walked already
    for pattern in _LICENCES:
        path = interpreter.prefix / pattern.format(interpreter.short_version)
        if path.is_file():
            yield Entry(library_path(interpreter) / "LICENSE.txt", source=path.resolve())
            return


def _without_dangling(entries: dict[PurePosixPath, Entry]) -> Iterator[Entry]:
    """Leave out links to what was left out."""
    known = {folder for path in entries for folder in (path, *path.parents)}
    for entry in entries.values():
        if entry.link is None or PurePosixPath(posixpath.normpath(entry.path.parent / entry.link)) in known:
            yield entry
