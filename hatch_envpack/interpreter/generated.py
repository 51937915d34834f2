"""Members of a pack that no installation has: they make one prefix out of what was spread over a system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.segment.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from hatch_envpack.interpreter.model import Interpreter

_PYVENV_CFG = b"include-system-site-packages = false\n"
"""Switches ``~/.local`` off (I9), as in a virtual environment.

Without the key ``home`` it makes no virtual environment: ``sys.prefix`` and ``sys.base_prefix`` stay where the
interpreter lies, on all versions from 3.9 on.
"""

_BRIDGE = b"import os, site; site.addsitedir(os.path.join(os.path.dirname(os.__file__), 'site-packages'))\n"
"""Debian's ``site`` is frozen into the program and knows ``dist-packages`` alone (I12).

``site.addsitedir`` reads the ``.pth`` files there too. A virtual environment made from the pack never comes by here.
"""


def generated_entries(interpreter: Interpreter, site_packages: PurePosixPath) -> Iterator[Entry]:
    """Yield the generated members."""
    yield Entry(type(site_packages)("pyvenv.cfg"), content=_PYVENV_CFG)
    if looks_in_dist_packages(interpreter):
        yield Entry(site_packages.with_name("dist-packages") / "envpack.pth", content=_BRIDGE)


def looks_in_dist_packages(interpreter: Interpreter) -> bool:
    """Whether this is an interpreter as Debian and its descendants patch it."""
    return any(folder.name == "dist-packages" for folder in interpreter.site_folders)
