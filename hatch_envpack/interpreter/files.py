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

from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.generated import generated_entries
from hatch_envpack.relocate.layout import Root
from hatch_envpack.segment.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.interpreter.model import Interpreter

_LEFT_OUT_FOLDERS = {
    # bytecode is compiled anew, for the place where it will lie
    "__pycache__",
    # other distributions' files
    "site-packages", "dist-packages",
    # the tests of the standard library: half of its size
    "test", "idlelib/idle_test", "tkinter/test", "lib2to3/tests", "distutils/tests", "unittest/test", "sqlite3/test",
    "ctypes/test",
}  # fmt: skip

_LEFT_OUT_FILES = re.compile(
    r"EXTERNALLY-MANAGED"  # the unpacked tree is the user's own (I6)
    r"|.*\.(pyc|pyo|a|o)"  # static libraries are for building another Python
    r"|libpython.*\.so"  # in config-*: a link to the library in lib
    r"|(_test|_ctypes_test|_xxtest|xxlimited|xxsubtype|_xxinterpchannels_test).*\.so"
    r"|sitecustomize\.py|usercustomize\.py"  # the build machine's, not Python's
)

_SCRIPTS = ("pydoc", "idle", "2to3", "python{}-config")

_DATA_FOLDERS = re.compile(r"(tcl|tk|itcl|thread|tdbc|sqlite)[\d.]+")
"""In a private prefix's ``lib``: what Tcl and Tk look for beside it (D2)."""


def site_packages_path(interpreter: Interpreter) -> PurePosixPath:
    """Return where distributions lie in the pack: the same for every interpreter, also for Debian's."""
    return PurePosixPath("lib", interpreter.library_folder, "site-packages")


def interpreter_roots(interpreter: Interpreter) -> tuple[Root, ...]:
    """Return where the folders of the installation come to lie."""
    library = PurePosixPath("lib", interpreter.library_folder)
    private = interpreter.is_private
    roots = {
        str(interpreter.stdlib): Root(str(interpreter.stdlib), library, private=private),
        str(interpreter.include): Root(str(interpreter.include), _include(interpreter), private=private),
    }
    if interpreter.multiarch and not private:
        folder = interpreter.include.parent / interpreter.multiarch / interpreter.include.name
        target = PurePosixPath("include", interpreter.multiarch, interpreter.include.name)
        roots[str(folder)] = Root(str(folder), target, private=False)
    if interpreter.wheels is not None:
        target = library / "ensurepip" / "_bundled"
        roots[str(interpreter.wheels)] = Root(str(interpreter.wheels), target, private=False)
    if private:
        roots[str(interpreter.prefix)] = Root(str(interpreter.prefix), PurePosixPath())
    else:
        for folder, name in (
            (interpreter.prefix, ""),
            (interpreter.executable.parent, "bin"),
            (interpreter.prefix / "lib", "lib"),
            (interpreter.libdir, "lib"),
            (interpreter.libdir / "pkgconfig", "lib/pkgconfig"),
            (interpreter.prefix / "include", "include"),
            (interpreter.prefix / "share", "share"),
        ):
            roots.setdefault(str(folder), Root(str(folder), PurePosixPath(name), exact=True))
    return tuple(roots.values())


def interpreter_entries(interpreter: Interpreter) -> list[Entry]:
    """Return the interpreter's entries by path. Raises `InterpreterError` for a link that leaves the tree (I1)."""
    entries = {entry.path: entry for entry in _found(interpreter)}
    entries |= {entry.path: entry for entry in generated_entries(interpreter, site_packages_path(interpreter))}
    return sorted(_without_dangling(entries), key=lambda entry: entry.path.parts)


def _include(interpreter: Interpreter) -> PurePosixPath:
    return PurePosixPath("include", interpreter.include.name)


def _found(interpreter: Interpreter) -> Iterator[Entry]:
    program = interpreter.program
    yield Entry(PurePosixPath("bin", program), source=interpreter.executable, executable=True)
    for name in {"python3", "python", f"python{interpreter.short_version}"} - {program}:
        yield Entry(PurePosixPath("bin", name), link=program)
    yield from _scripts(interpreter)
    for root in interpreter_roots(interpreter):
        folder = Path(root.source)
        if not root.exact and folder != interpreter.prefix and folder.is_dir():
            yield from _walk(folder, root.target, interpreter)
    if interpreter.platstdlib != interpreter.stdlib and interpreter.platstdlib.is_dir():
        yield from _walk(interpreter.platstdlib, PurePosixPath("lib", interpreter.library_folder), interpreter)
    yield from _libpython(interpreter)
    yield from _pkgconfig(interpreter)
    if interpreter.is_private:
        for folder in sorted((interpreter.prefix / "lib").iterdir()):
            if _DATA_FOLDERS.fullmatch(folder.name) and folder.is_dir():
                yield from _walk(folder, PurePosixPath("lib", folder.name), interpreter)


def _walk(folder: Path, target: PurePosixPath, interpreter: Interpreter) -> Iterator[Entry]:
    for parent, folders, files in os.walk(folder):
        relative = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        folders[:] = sorted(
            name for name in folders if name not in _LEFT_OUT_FOLDERS and str(relative / name) not in _LEFT_OUT_FOLDERS
        )
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            if not _LEFT_OUT_FILES.fullmatch(name):
                yield _entry(Path(parent, name), target / relative / name, interpreter)


def _entry(source: Path, target: PurePosixPath, interpreter: Interpreter) -> Entry:
    if not source.is_symlink():
        return Entry(target, source=source, executable=os.access(source, os.X_OK))
    pointed = Path(os.path.normpath(source.parent / source.readlink()))
    for root in sorted(interpreter_roots(interpreter), key=lambda root: -len(root.source)):
        if not root.exact and pointed.is_relative_to(root.source):
            inside = root.target / pointed.relative_to(root.source).as_posix()
            return Entry(target, link=posixpath.relpath(inside, target.parent))
    if pointed.is_file():
        # an installation that is itself spread over the system: the pack has the file in its place
        return Entry(target, source=pointed.resolve(), executable=os.access(pointed, os.X_OK))
    raise InterpreterError(f"{source} is a link to {pointed}, which is no file: the installation cannot be packed")


def _scripts(interpreter: Interpreter) -> Iterator[Entry]:
    folder = interpreter.executable.parent
    version = interpreter.short_version
    suffixes = {version, f"{version}{interpreter.abiflags}", *(("3", "") if interpreter.is_private else ())}
    for script in _SCRIPTS:
        for suffix in sorted(suffixes):
            name = script.format(suffix) if "{}" in script else f"{script}{suffix}"
            dashed = f"{script}-{suffix}"
            for candidate in (name, dashed):
                path = folder / candidate
                if path.is_file():
                    yield Entry(PurePosixPath("bin", candidate), source=path.resolve(), executable=True)


def _libpython(interpreter: Interpreter) -> Iterator[Entry]:
    """Yield the library with its chain of links, which programs that embed Python follow (N12)."""
    if interpreter.libpython is None:
        return
    real = interpreter.libpython.resolve()
    yield Entry(PurePosixPath("lib", real.name), source=real, executable=os.access(real, os.X_OK))
    for path in sorted(interpreter.libpython.parent.glob("libpython3*.so*")):
        if path.is_symlink() and path.resolve() == real:
            yield Entry(PurePosixPath("lib", path.name), link=real.name)
    stable = interpreter.libpython.with_name("libpython3.so")
    if stable.is_file() and not stable.is_symlink():
        yield Entry(PurePosixPath("lib", stable.name), source=stable, executable=os.access(stable, os.X_OK))


def _pkgconfig(interpreter: Interpreter) -> Iterator[Entry]:
    for folder in dict.fromkeys((interpreter.prefix / "lib" / "pkgconfig", interpreter.libdir / "pkgconfig")):
        for path in sorted(folder.glob(f"python-{interpreter.short_version}*.pc")):
            yield Entry(PurePosixPath("lib", "pkgconfig", path.name), source=path.resolve())


def _without_dangling(entries: dict[PurePosixPath, Entry]) -> Iterator[Entry]:
    """Leave out links to what was left out."""
    known = {folder for path in entries for folder in (path, *path.parents)}
    for entry in entries.values():
        if entry.link is None or PurePosixPath(posixpath.normpath(entry.path.parent / entry.link)) in known:
            yield entry
