"""The two interpreters that are compared: the one that is packed, at its own place, and what was unpacked elsewhere.

Tests write into the tree that they run from. So the installation is copied, and the copy is mounted at the place of the
original: it is still where it was installed, and stays as it was. Neither of the two has any distribution, since which
ones a pack has is the project's choice and not the interpreter's, and neither sees a Python that is not its own.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.interpreter.left_out import is_left_out_file, is_left_out_folder
from tests.targets.roots import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_envpack.interpreter.model import Interpreter

_NOT_OF_TESTS = re.compile(
    r"__pycache__|.*\.py[co]"  # made anew
    r"|(?:site|dist)-packages"  # distributions
    r"|EXTERNALLY-MANAGED|(?:site|user)customize\.py"  # the build machine's own
    r"|libpython.*\.so|.*\.[ao]"  # for linking
)
"""Names of what a pack leaves out and what is not given back to it."""

_DEBIAN = (
    "bin/python3*",
    "bin/gdb",  # has Python inside
    "lib/python3*",
    "lib/*/libpython3*",
    "lib/*/pkgconfig/python*",
    "include/python3*",
    "include/*/python3*",
    "share/python3",
    "share/python-wheels",
    "local/lib/python3*",
)
"""Below ``/usr``: the system's own Python."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An interpreter, and what its processes see of the machine."""

    python: Path
    hidden: tuple[Path, ...] = ()
    """Files and folders that are empty to them."""
    shown: Mapping[Path, Path] = field(default_factory=dict)
    """Folders that lie over others: where, and which."""


def installed(interpreter: Interpreter, folder: Path) -> Subject:
    """Return the installation as it was before packing; ``folder`` is made for the copy."""
    original = interpreter.prefix if interpreter.is_private else interpreter.stdlib
    _copy(original, folder)
    for path in interpreter.site_folders:
        if path.is_relative_to(original):
            shutil.rmtree(folder / path.relative_to(original), ignore_errors=True)
            (folder / path.relative_to(original)).mkdir()
    suite = debian_tests(interpreter)
    if suite is not None:
        _copy(suite, folder / interpreter.stdlib.relative_to(original))
    hidden = [path for path in interpreter.site_folders if not path.is_relative_to(original)]
    hidden += _system() if interpreter.is_private else [Path("/usr/bin/gdb")]
    return Subject(interpreter.executable, tuple(hidden), {original: folder})


def unpacked(interpreter: Interpreter, folder: Path) -> Subject:
    """Add the tests to the pack that was unpacked in ``folder``, and return it with the installation out of sight."""
    suite = debian_tests(interpreter)
    for source in (interpreter.stdlib, interpreter.platstdlib, *([suite] if suite else [])):
        for path in left_out(source):
            target = folder / "lib" / interpreter.library_folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    own = [interpreter.prefix] if interpreter.is_private else []
    return Subject(folder / "bin" / interpreter.program, (*own, *_system()))


def left_out(library: Path) -> Iterator[Path]:
    """Yield the files of a standard library that a pack leaves out and that tests need."""
    for parent, folders, files in os.walk(library):
        folders[:] = sorted(name for name in folders if _NOT_OF_TESTS.fullmatch(name) is None)
        relative = PurePosixPath(Path(parent).relative_to(library).as_posix())
        of_tests = any(map(is_left_out_folder, (relative, *relative.parents)))
        for name in sorted(files):
            if _NOT_OF_TESTS.fullmatch(name) is None and (of_tests or is_left_out_file(name)):
                yield Path(parent, name)


def debian_tests(interpreter: Interpreter) -> Path | None:
    """Return the standard library's folder of the package that has the tests of Debian's Python; None for others.

    The package is unpacked in a cache, and never installed. It is the newest one that apt has, which may belong to a
    later revision of the same version: what then fails does so in both interpreters. Raises `MissingToolError`.
    """
    if interpreter.is_private or not interpreter.multiarch:
        return None
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise MissingToolError("apt-get or dpkg-deb is not installed")
    package = f"libpython{interpreter.short_version}-testsuite"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hatch-envpack-tests")
    made = cache / package
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            _download(package, made.with_suffix(".new"))
            made.with_suffix(".new").rename(made)
    return made / "root" / interpreter.stdlib.relative_to("/")


def _download(package: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = ["apt-get", "-q", "-oAPT::Sandbox::User=root", "download", package]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"apt has no package {package}: run `apt-get update`. It says: {done.stderr}")
    (archive,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, folder / "root"], check=True)


def _system() -> list[Path]:
    return [path for pattern in _DEBIAN for path in sorted(Path("/usr").glob(pattern))]


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", target], check=True)
