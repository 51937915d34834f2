"""What of an installation does not come along, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_BYTECODE = "bytecode is compiled anew, for the place where it will lie"
_DISTRIBUTIONS = "distributions are segments of their own, and only the project's closure comes along (I5)"
_TESTS = "tests of the standard library are half of its size"
_STATIC = "for building another Python or linking one in statically"
_TEST_MODULE = "a module that only the tests of the standard library import"
_BUILD_MACHINE = "the build machine's own, not Python's"

_FOLDERS_ANYWHERE = {
    "__pycache__": _BYTECODE,
    "site-packages": _DISTRIBUTIONS,
    "dist-packages": _DISTRIBUTIONS,
}
"""Names; also never walked, since some hold a gigabyte."""

_FOLDERS = {
    "test": _TESTS,
    "idlelib/idle_test": _TESTS,
    "tkinter/test": _TESTS,
    "lib2to3/tests": _TESTS,
    "distutils/tests": _TESTS,
    "unittest/test": _TESTS,
    "sqlite3/test": _TESTS,
    "ctypes/test": _TESTS,
}
"""Paths below the standard library."""

_FILES = {
    r"EXTERNALLY-MANAGED": "the unpacked tree is the user's own (I6)",
    r".*\.py[co]": _BYTECODE,
    r".*\.[ao]": _STATIC,
    r"libpython.*\.so": "in config-*: a link to the library, which lies in lib",
    r"_test\w+\.(?:.*\.)?so": _TEST_MODULE,
    r"_ctypes_test\.(?:.*\.)?so": _TEST_MODULE,
    r"_xxtestfuzz\.(?:.*\.)?so": _TEST_MODULE,
    r"xx(?:limited\w*|subtype)\.(?:.*\.)?so": _TEST_MODULE,
    r"(?:site|user)customize\.py": _BUILD_MACHINE,
}
"""Regular expressions for whole names."""

_FILE = re.compile("|".join(f"(?:{pattern})" for pattern in _FILES))


def is_left_out_folder(relative: PurePosixPath) -> bool:
    """Say whether a folder does not come along; ``relative`` to the standard library, or whatever is walked."""
    return relative.name in _FOLDERS_ANYWHERE or str(relative) in _FOLDERS


def is_left_out_file(name: str) -> bool:
    """Say whether a file of this name does not come along."""
    return _FILE.fullmatch(name) is not None
