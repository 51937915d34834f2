"""Members of a pack that no installation has: they make one prefix out of what was spread over a system."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.interpreter.places import library_path, site_packages_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.interpreter.model import Interpreter

_PYVENV_CFG = b"include-system-site-packages = false\n"
"""Switches ``~/.local`` off (I9), before any code of it could run.

Without the key ``home`` it makes no virtual environment: ``sys.prefix`` and ``sys.base_prefix`` stay where the
interpreter lies. Tried on 3.9 to 3.14. `_SITE_MODULE` mends the two cases in which it does not do all:

* the program is called through a link from outside (I7), beside which there is no ``pyvenv.cfg``;
* the program's path holds ``..``: 3.9, 3.10 and 3.14 then spell one of the two prefixes with it and the other
  without, which looks like a virtual environment. 3.14 warns of that too, as it does in every environment.

There is no other file that would do: ``site`` is frozen into the program from 3.11 on, so that it cannot be patched.
"""

_SITE_PTH = (
    b"import site, sys; (site.ENABLE_USER_SITE or sys.prefix != sys.base_prefix) and __import__('_envpack_site')\n"
)
"""Where ``pyvenv.cfg`` did all, the module is not even looked for."""

_SITE_MODULE = b'''\
"""Written by hatch-envpack: what `pyvenv.cfg` cannot do for this prefix; imported by `site`, and only when needed."""

import os
import site
import sys


def _is_environment():
    """A virtual environment that was made from this prefix and sees its packages."""
    return os.path.realpath(sys.prefix) != os.path.realpath(sys.base_prefix)


def _one_prefix():
    """Spell the prefix without `..`, and both names for it alike."""
    spellings = [sys.base_prefix, sys.prefix]
    prefix = next((each for each in spellings if ".." not in each.split(os.sep)), sys.base_prefix)
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = prefix


def _without_user_site():
    """Take the user's folder off the path again, with what its `.pth` files added."""
    site.ENABLE_USER_SITE = False
    library = os.path.dirname(os.__file__)
    try:
        first = sys.path.index(site.getusersitepackages(), sys.path.index(library))
    except ValueError:
        return
    own = [number for number, path in enumerate(sys.path) if number > first and path.startswith(library + os.sep)]
    del sys.path[first : own[0] if own else first + 1]


if not _is_environment():
    _one_prefix()
    if site.ENABLE_USER_SITE:
        _without_user_site()
'''

_TERMINFO_MODULE = b'''\
"""Written by hatch-envpack: this prefix knows terminals that the system may not; imported by `curses` and `readline`.

https://invisible-island.net/ncurses/man/terminfo.5.html: the folders of TERMINFO_DIRS are looked into in their order,
before all but the first of the library's own, which an empty one means. So what the caller says comes first, then the
system, and the prefix last.
"""

import os

_SYSTEM = ":/etc/terminfo:/lib/terminfo:/usr/share/terminfo:/usr/lib/terminfo:/usr/local/share/terminfo".split(":")
_PREFIX = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_folders = os.environ.get("TERMINFO_DIRS", "").split(":")
_known = (*_SYSTEM, os.path.join(_PREFIX, "share", "terminfo"))
_folders += [folder for folder in _known if folder not in _folders]
# for the library, which asks the C environment; `os.environ` stays as the program knows it
os.putenv("TERMINFO_DIRS", ":".join(_folders))
'''

_READLINE_MODULE = b'''\
"""Written by hatch-envpack: makes the terminals of this prefix known to `readline`, which asks when it is loaded."""

import importlib.machinery
import importlib.util
import os
import sys

import _envpack_terminfo


def _load():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib-dynload")
    spec = importlib.machinery.PathFinder.find_spec(__name__, [folder])
    if spec is None:
        raise ModuleNotFoundError("No module named " + repr(__name__), name=__name__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.modules[__name__] = _load()
'''
"""Found before ``lib-dynload``, where the real module lies. `curses` is a module in Python and has a patch instead.

Neither costs a program that uses no terminal anything, and both work in environments made from the pack, with ``-S``,
and where ``TERM`` is set late, where a ``.pth`` file does not.
"""

_BRIDGE = (
    b"import os, site, sys; x = os.path.dirname(os.__file__); "
    b"site.addsitedir(os.path.join(x, 'site-packages')); "
    b"x = [os.path.join(x, 'dist-packages'), *2 * [os.path.join(os.path.dirname(x), 'python3', 'dist-packages')]]; "
    b"sys.path.sort(key=x.count)\n"
)
"""Debian's ``site`` is frozen into the program and knows ``dist-packages`` alone (I12).

``site.addsitedir`` reads the ``.pth`` files there too. Debian's own folders then come last, which hold what an
environment borrowed: sorting keeps the order of all that the list has as often, which is not at all. A virtual
environment made from the pack never comes by here.
"""


_ACTIVATION = Path(__file__).parents[1] / "activate"
"""Ours, not an environment's: those name the folder that they were made in (C12)."""


def generated_entries(interpreter: Interpreter) -> Iterator[Entry]:
    """Yield the generated members."""
    library, site_packages = library_path(interpreter), site_packages_path(interpreter)
    yield Entry(PurePosixPath("pyvenv.cfg"), content=_PYVENV_CFG)
    yield Entry(site_packages / "_envpack_site.pth", content=_SITE_PTH)
    yield Entry(library / "_envpack_site.py", content=_SITE_MODULE)
    yield Entry(library / "_envpack_terminfo.py", content=_TERMINFO_MODULE)
    yield from common_entries(interpreter)
    if any(interpreter.platstdlib.glob("lib-dynload/readline.*.so")):
        yield Entry(library / "readline.py", content=_READLINE_MODULE)
    if looks_in_dist_packages(interpreter):
        yield Entry(site_packages.with_name("dist-packages") / "envpack.pth", content=_BRIDGE)


def common_entries(interpreter: Interpreter) -> Iterator[Entry]:
    """Yield what a pack without the interpreter has too."""
    for script in sorted(_ACTIVATION.iterdir()):
        yield Entry(PurePosixPath("bin", script.name), content=script.read_bytes())
    if interpreter.platlibdir != "lib":
        # compiled into the program: it looks for its standard library there, and for an environment's packages
        yield Entry(PurePosixPath(interpreter.platlibdir), link="lib")


def looks_in_dist_packages(interpreter: Interpreter) -> bool:
    """Whether this is an interpreter as Debian and its descendants patch it."""
    return any(folder.name == "dist-packages" for folder in interpreter.site_folders)
