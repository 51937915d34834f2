"""A context for tests of fixers: a Python 3.12 in a prefix of its own, or spread over ``/usr`` as Debian's is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hatch_envpack.entry import Entry
from hatch_envpack.interpreter.model import Interpreter
from hatch_envpack.interpreter.places import interpreter_roots, site_packages_path
from hatch_envpack.layout import Layout
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.relocate.fixer import Context

PRIVATE = "/home/me/python"


def context(prefix: str = PRIVATE, *, version: tuple[int, int, int] = (3, 12, 1)) -> Context:
    """Return a context; the interpreter's files do not exist."""
    short = f"{version[0]}.{version[1]}"
    root = Path(prefix)
    shared = prefix == "/usr"
    stdlib, include = root / f"lib/python{short}", root / f"include/python{short}"
    libdir = root / "lib/x86_64-linux-gnu" if shared else root / "lib"
    interpreter = Interpreter(
        executable=root / f"bin/python{short}",
        prefix=root,
        version=version,
        version_text=".".join(map(str, version)),
        abiflags="",
        cache_tag=f"cpython-{version[0]}{version[1]}",
        magic=b"\xcb\r\r\n",
        machine="x86_64",
        stdlib=stdlib,
        platstdlib=stdlib,
        include=include,
        platinclude=include,
        libdir=libdir,
        site_folders=(root / "lib/python3/dist-packages" if shared else stdlib / "site-packages",),
        libpython=libdir / f"libpython{short}.so.1.0",
        multiarch="x86_64-linux-gnu",
        config_folder=f"config-{short}-x86_64-linux-gnu",
        built_prefix=prefix,
        built_in=(f"/tmp/build/Python-{short}",),
    )
    return Context(interpreter, Layout(interpreter_roots(interpreter)), LibraryPlan(), site_packages_path(interpreter))


def entry(path: str, content: str = "") -> Entry:
    """Return an entry with this content."""
    return Entry(PurePosixPath(path), content=content.encode())
