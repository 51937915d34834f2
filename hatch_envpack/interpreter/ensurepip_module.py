"""Installs pip from the wheel that lies in the folder ``_bundled``.

This module takes the place of CPython's own in a pack whose interpreter came without it, as Debian's does when
``python3-venv`` is not installed. It has the options that ``venv`` uses: https://docs.python.org/3/library/ensurepip.html
"""

import argparse
import os
import subprocess
import sys

_BUNDLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bundled")  # noqa: PTH100, PTH118, PTH120


def _wheel() -> str:
    (name,) = (name for name in os.listdir(_BUNDLED) if name.startswith("pip-"))  # noqa: PTH208
    return os.path.join(_BUNDLED, name)  # noqa: PTH118


def version() -> str:
    """Return the version of pip that is installed."""
    return os.path.basename(_wheel()).split("-")[1]  # noqa: PTH119


def bootstrap(
    *,
    root: "str | None" = None,
    upgrade: bool = False,
    user: bool = False,
    altinstall: bool = False,  # noqa: ARG001 - pip writes the same scripts today
    default_pip: bool = False,  # noqa: ARG001
    verbosity: int = 0,
) -> int:
    """Install pip into this environment; return pip's exit code."""
    arguments = ["install", "--no-cache-dir", "--no-index", "--find-links", _BUNDLED]
    arguments += ["--root", root] if root else []
    arguments += ["--upgrade"] if upgrade else []
    arguments += ["--user"] if user else []
    arguments += ["-" + "v" * verbosity] if verbosity else []
    code = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', run_name='__main__')"
    return subprocess.call([sys.executable, "-I", "-c", code, _wheel(), *arguments, "pip"])  # noqa: S603


def _main(argv: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ensurepip")
    parser.add_argument("--version", action="version", version=f"pip {version()}")
    parser.add_argument("-v", "--verbose", action="count", default=0, dest="verbosity")
    parser.add_argument("-U", "--upgrade", action="store_true")
    parser.add_argument("--user", action="store_true")
    parser.add_argument("--root")
    parser.add_argument("--altinstall", action="store_true")
    parser.add_argument("--default-pip", action="store_true")
    return bootstrap(**vars(parser.parse_args(argv)))
