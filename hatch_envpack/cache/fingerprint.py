"""What the program itself adds to every key: a changed fixer never meets what the old one made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

_LIBRARIES = ("distlib", "lief", "packaging", "pathspec")
"""Libraries whose output, or whose verdict, ends up in a pack; codecs speak for themselves."""


@cache
def program_fingerprint() -> str:
    """Return a digest of this program's own code and of the libraries that shape what it writes."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\0".encode())
        digest.update(path.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {_version(library)}\0".encode())
    return digest.hexdigest()


def plugin_fingerprint(module: str, distribution: str) -> str:
    """Return a digest of a plugin: the version of its distribution, and the code of its module or package."""
    digest = hashlib.sha256(f"{module} {distribution} {_version(distribution)}\0".encode())
    spec = find_spec(module.partition(".")[0])
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    files = [path for folder in folders for path in Path(folder).rglob("*.py")]
    if spec is not None and not folders and spec.origin is not None:
        files = [Path(spec.origin)]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
