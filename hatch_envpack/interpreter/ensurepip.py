"""``ensurepip``: what ``python -m venv`` in the unpacked tree installs pip with.

Upstream keeps pip's wheel in the package itself. Linux distributions keep it in a folder of their own
(``--with-wheel-pkg-dir``), from where it is taken; Debian splits both off into a package that may not be installed.
Then a wheel has to be fetched, and a small ``ensurepip`` is written for it.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.interpreter.places import library_path
from hatch_envpack.segment.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter

_WITHOUT_SETUPTOOLS = (3, 12)
"""From this version on ``ensurepip`` installs pip alone: https://docs.python.org/3/whatsnew/3.12.html"""

_INIT = b'''\
"""Installs pip from the wheel beside this file. Written by hatch-envpack: the packed Python came without ensurepip."""

import os
import subprocess
import sys

_BUNDLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bundled")


def _wheels():
    return sorted(os.path.join(_BUNDLED, name) for name in os.listdir(_BUNDLED) if name.endswith(".whl"))


def version():
    """Return the version of pip that is bundled."""
    return next(os.path.basename(path).split("-")[1] for path in _wheels() if os.path.basename(path).startswith("pip-"))


def bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    """Install pip into the current environment; the parameters are those of the standard library's function."""
    _bootstrap(root, upgrade, user, altinstall, default_pip, verbosity)


def _bootstrap(root, upgrade, user, altinstall, default_pip, verbosity):
    if altinstall and default_pip:
        raise ValueError("Cannot use altinstall and default_pip together")
    sys.audit("ensurepip.bootstrap", root)
    # the settings of the user's own pip are not meant for this one
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    if not default_pip:
        environment["ENSUREPIP_OPTIONS"] = "altinstall" if altinstall else "install"
    arguments = ["install", "--no-cache-dir", "--no-index", "--find-links", _BUNDLED]
    arguments += ["--root", root] if root else []
    arguments += ["--upgrade"] if upgrade else []
    arguments += ["--user"] if user else []
    arguments += ["-" + "v" * verbosity] if verbosity else []
    code = (
        "import runpy, sys; sys.path[:0] = {!r}; sys.argv[1:] = {!r}; "
        "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
    ).format(_wheels(), [*arguments, "pip"])
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    if sys.flags.isolated:
        command.insert(1, "-I")
    return subprocess.run(command, env=environment, check=False).returncode


def _main(argv=None):
    import argparse

    parser = argparse.ArgumentParser(prog="python -m ensurepip")
    parser.add_argument("--version", action="version", version="pip " + version())
    parser.add_argument("-v", "--verbose", action="count", default=0, dest="verbosity")
    parser.add_argument("-U", "--upgrade", action="store_true")
    parser.add_argument("--user", action="store_true")
    parser.add_argument("--root")
    parser.add_argument("--altinstall", action="store_true", help="install only pip3.X")
    parser.add_argument("--default-pip", action="store_true", help="install pip as well")
    chosen = parser.parse_args(argv)
    return _bootstrap(
        chosen.root, chosen.upgrade, chosen.user, chosen.altinstall, chosen.default_pip, chosen.verbosity
    )
'''

_MAIN = b'''\
import sys

import ensurepip

if __name__ == "__main__":
    sys.exit(ensurepip._main())
'''


def needs_ensurepip_wheels(interpreter: Interpreter) -> tuple[str, ...]:
    """Return the names of the distributions whose wheels are to be given to `interpreter_entries`."""
    if not (interpreter.stdlib / "ensurepip" / "__init__.py").is_file():
        return ("pip",)
    bundled = interpreter.stdlib / "ensurepip" / "_bundled"
    if any(bundled.glob("pip-*.whl")) or len(_wheels_of(interpreter)) == len(_names(interpreter)):
        return ()
    return ("pip",)


def ensurepip_entries(interpreter: Interpreter, wheels: Sequence[Path] = ()) -> Iterator[Entry]:
    """Yield the wheels, and where they were fetched a package that knows them."""
    package = library_path(interpreter) / "ensurepip"
    for wheel in wheels or _wheels_of(interpreter):
        yield Entry(package / "_bundled" / wheel.name, source=wheel)
    if wheels:
        yield Entry(package / "__init__.py", content=_INIT)
        yield Entry(package / "__main__.py", content=_MAIN)


def _wheels_of(interpreter: Interpreter) -> list[Path]:
    """Return the newest wheel of each distribution in the folder of the Linux distribution."""
    if interpreter.wheels is None:
        return []
    found = (sorted(interpreter.wheels.glob(f"{name}-*.whl"), key=_version_of) for name in _names(interpreter))
    return [wheels[-1] for wheels in found if wheels]


def _names(interpreter: Interpreter) -> tuple[str, ...]:
    return ("pip",) if interpreter.version >= _WITHOUT_SETUPTOOLS else ("pip", "setuptools")


def _version_of(wheel: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in PurePosixPath(wheel).name.split("-")[1].split(".") if part.isdigit())
