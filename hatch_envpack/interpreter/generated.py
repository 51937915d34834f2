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
    b"import os; 'TERM' in os.environ and __import__('_envpack_terminfo')\n"
)
"""Where ``pyvenv.cfg`` did all, and where there is no terminal, the modules are not even looked for."""

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
"""Written by hatch-envpack: where the system does not know the terminal, this prefix may; imported by `site`.

https://invisible-island.net/ncurses/man/terminfo.5.html: an empty folder in TERMINFO_DIRS means the library's own.
"""

import os

_LIBRARYS_OWN = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")
_OTHERS = ("/usr/lib/terminfo", "/usr/local/share/terminfo")


def _folder(name):
    """The folder that has the terminal and that the library does not look into; None where it finds it itself."""
    def has(folder):
        return any(os.path.exists(os.path.join(folder, first, name)) for first in (name[0], "%x" % ord(name[0])))

    prefix = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    if any(map(has, (os.path.expanduser("~/.terminfo"), *_LIBRARYS_OWN))):
        return None
    return next(filter(has, (*_OTHERS, os.path.join(prefix, "share", "terminfo"))), None)


_name = os.environ["TERM"]
if _name and "/" not in _name and "TERMINFO" not in os.environ and "TERMINFO_DIRS" not in os.environ:
    _found = _folder(_name)
    if _found is not None:
        os.environ["TERMINFO_DIRS"] = ":" + _found
'''

_BRIDGE = b"import os, site; site.addsitedir(os.path.join(os.path.dirname(os.__file__), 'site-packages'))\n"
"""Debian's ``site`` is frozen into the program and knows ``dist-packages`` alone (I12).

``site.addsitedir`` reads the ``.pth`` files there too. A virtual environment made from the pack never comes by here.
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
    for script in sorted(_ACTIVATION.iterdir()):
        yield Entry(PurePosixPath("bin", script.name), content=script.read_bytes())
    if looks_in_dist_packages(interpreter):
        yield Entry(site_packages.with_name("dist-packages") / "envpack.pth", content=_BRIDGE)
    if interpreter.platlibdir != "lib":
        # compiled into the program: it looks for its standard library there
        yield Entry(PurePosixPath(interpreter.platlibdir), link="lib")


def looks_in_dist_packages(interpreter: Interpreter) -> bool:
    """Whether this is an interpreter as Debian and its descendants patch it."""
    return any(folder.name == "dist-packages" for folder in interpreter.site_folders)
