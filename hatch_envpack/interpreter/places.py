"""Where the folders of an installation come to lie in the pack."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.interpreter.model import is_shared
from hatch_envpack.layout import Root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.interpreter.model import Interpreter


def library_path(interpreter: Interpreter) -> PurePosixPath:
    """Return where the standard library lies."""
    return PurePosixPath("lib", interpreter.library_folder)


def site_packages_path(interpreter: Interpreter) -> PurePosixPath:
    """Return where distributions lie: the same for every interpreter, also for Debian's."""
    return library_path(interpreter) / "site-packages"


def include_path(interpreter: Interpreter) -> PurePosixPath:
    """Return where the headers lie."""
    return PurePosixPath("include", interpreter.include.name)


def interpreter_roots(interpreter: Interpreter) -> tuple[Root, ...]:
    """Return the roots of the layout.

    A private prefix is one root. Of a shared one only Python's own folders are packed: what else lies below ``/usr``
    keeps its name, and only ``/usr`` alone means the prefix.
    """
    roots: dict[str, Root] = {}
    for root in (*_own(interpreter), *_prefixes(interpreter), *_build_machine(interpreter)):
        roots.setdefault(root.source, root)
    return tuple(roots.values())


def _own(interpreter: Interpreter) -> Iterator[Root]:
    private = interpreter.is_private
    library, include = library_path(interpreter), include_path(interpreter)
    yield Root(str(interpreter.stdlib), library, private=private)
    yield Root(str(interpreter.platstdlib), library, private=private)
    yield Root(str(interpreter.include), include, private=private)
    yield Root(str(interpreter.platinclude), include, private=private)
    if interpreter.multiarch and not private:
        folder = interpreter.include.parent / interpreter.multiarch / include.name
        yield Root(str(folder), PurePosixPath("include", interpreter.multiarch, include.name), private=False)
        # named in Debian's build variables, never made
        yield Root(str(interpreter.libdir / library.name), library, exact=True, private=False)
    if interpreter.wheels is not None:
        yield Root(str(interpreter.wheels), library / "ensurepip" / "_bundled", private=False)


def _prefixes(interpreter: Interpreter) -> Iterator[Root]:
    if interpreter.is_private:
        yield Root(str(interpreter.prefix), PurePosixPath())
    else:
        yield from _shared(str(interpreter.prefix), interpreter)
    built = interpreter.built_prefix.rstrip("/")
    if not built or built == str(interpreter.prefix):
        return
    if is_shared(built):
        yield from _shared(built, interpreter)
    else:
        # the tree was moved since, so that nobody has files there: python-build-standalone's is /install
        yield Root(built, PurePosixPath(), private=False)


def _shared(prefix: str, interpreter: Interpreter) -> Iterator[Root]:
    lib = PurePosixPath("lib")
    folders = {
        prefix: PurePosixPath(),
        f"{prefix}/bin": PurePosixPath("bin"),
        f"{prefix}/bin/{interpreter.program}": PurePosixPath("bin", interpreter.program),
        f"{prefix}/lib": lib,
        f"{prefix}/lib/pkgconfig": lib / "pkgconfig",
        str(interpreter.libdir): lib,
        str(interpreter.libdir / "pkgconfig"): lib / "pkgconfig",
        f"{prefix}/include": PurePosixPath("include"),
        f"{prefix}/share": PurePosixPath("share"),
    }
    if interpreter.libpython is not None:
        for name in {interpreter.libpython.name, interpreter.libpython.name.partition(".so")[0] + ".so"}:
            folders[str(interpreter.libdir / name)] = lib / name
    for folder, target in folders.items():
        yield Root(folder, target, exact=True, private=False)
    library, include = library_path(interpreter), include_path(interpreter)
    yield Root(f"{prefix}/lib/{library.name}", library, private=False)
    yield Root(f"{prefix}/include/{include.name}", include, private=False)


def _build_machine(interpreter: Interpreter) -> Iterator[Root]:
    """Yield the folders that Python was compiled in: what of them is installed lies in the ``config`` folder."""
    for folder in interpreter.built_in:
        path = PurePosixPath(folder)
        if path.is_absolute() and not is_shared(folder) and not interpreter.prefix.is_relative_to(path):
            yield Root(folder, library_path(interpreter) / interpreter.config_folder, private=False)
