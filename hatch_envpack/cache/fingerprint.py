"""What the program itself adds to every key: a changed fixer never meets what the old one made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path

from hatch_envpack.markers import GROUP

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


@cache
def plugins_fingerprint() -> str:
    """Return a digest of the versions and the code of all installed plugins; empty without any."""
    points = entry_points(group=GROUP)
    found = sorted({(point.module.partition(".")[0], point.dist.name if point.dist else "") for point in points})
    return "".join(_plugin(*plugin) for plugin in found)


def _plugin(package: str, distribution: str) -> str:
    digest = hashlib.sha256(f"{package} {distribution} {_version(distribution)}\0".encode())
    spec = find_spec(package)
    if spec is None:
        return digest.hexdigest()
    files = [path for folder in spec.submodule_search_locations or () for path in Path(folder).rglob("*.py")]
    if not files and spec.origin is not None:
        files = [Path(spec.origin)]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
