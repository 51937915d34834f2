"""Compare an unpacked pack with what was packed: every byte of every file, and every link.

It lies in the pack, needs nothing but a Python of version 3.6 or newer, and is run as

    python3 verify_envpack.py [FOLDER]

FOLDER is by default the one that this file is in. Exit codes: 0 all is as it was packed, 1 it is not, 2 it is no pack.
"""

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "envpack.json"
SUMS = "envpack.sha256"
LINK = "# link "
_CHUNK = 1 << 20
_DIGITS = 64


class NoPackError(Exception):
    """What is there is no pack, or its list of digests is not the one that the manifest tells of."""


def escaped(name: str) -> "tuple[str, bool]":
    """Return a name as ``sha256sum`` writes it, and whether it had to be changed."""
    changed = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return changed, changed != name


def _plain(text: str) -> str:
    out, rest = "", text
    while "\\" in rest:
        before, _, after = rest.partition("\\")
        out += before + {"n": "\n", "r": "\r"}.get(after[:1], after[:1])
        rest = after[1:]
    return out + rest


def parse_sums(text: str) -> "tuple[dict[str, str], dict[str, str]]":
    """Return the digest of each file and the target of each link. Raises `NoPackError`."""
    files = {}  # type: dict[str, str]
    links = {}  # type: dict[str, str]
    for line in text.split("\n"):
        if line.startswith(LINK):
            target, name = json.loads(line[len(LINK) :])
            links[name] = target
        elif line:
            has_escapes = line.startswith("\\")
            digest, _, name = line[has_escapes:].partition("  ")
            if len(digest) != _DIGITS or not name:
                raise NoPackError(f"{SUMS} is damaged")
            files[_plain(name) if has_escapes else name] = digest
    return files, links


def read_sums(folder: str) -> "tuple[dict[str, str], dict[str, str]]":
    """Return what the list in a folder says, compared with the manifest. Raises `NoPackError`."""
    try:
        with open(os.path.join(folder, MANIFEST), "rb") as stream:
            wanted = json.loads(stream.read().decode("utf-8"))["sums"]["sha256"]
        with open(os.path.join(folder, SUMS), "rb") as stream:
            data = stream.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoPackError(f"{folder} is no unpacked pack: {error}") from error
    if hashlib.sha256(data).hexdigest() != wanted:
        raise NoPackError(f"{SUMS} is not the list that {MANIFEST} tells of")
    try:
        return parse_sums(data.decode("utf-8", "surrogateescape"))
    except (ValueError, TypeError) as error:
        raise NoPackError(f"{SUMS} is damaged") from error


def digest_of(path: str) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits. Raises `OSError`."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def compare(folder: str) -> "tuple[list[str], list[str], list[str]]":
    """Return what is missing, what is changed and what was added, each sorted. Raises `NoPackError`."""
    files, links = read_sums(folder)
    missing = []  # type: list[str]
    changed = []  # type: list[str]
    for name, wanted in files.items():
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            missing.append(name)
        elif os.path.islink(path) or not os.path.isfile(path) or not _fits(path, wanted):
            changed.append(name)
    for name, target in links.items():
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            missing.append(name)
        elif not os.path.islink(path) or os.readlink(path) != target:
            changed.append(name)
    known = set(files) | set(links) | {MANIFEST, SUMS}
    return sorted(missing), sorted(changed), sorted(set(_names(folder)) - known)


def _fits(path: str, wanted: str) -> bool:
    try:
        return digest_of(path) == wanted
    except OSError:
        return False


def _names(folder: str) -> "Iterator[str]":
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in files + links:
            yield os.path.relpath(os.path.join(place, name), folder)


def main() -> int:
    """Compare, and say what differs."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    try:
        missing, changed, added = compare(folder)
    except NoPackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for word, names in (("missing", missing), ("changed", changed), ("added", added)):
        for name in names:
            print(f"{word} {name!r}")
    if missing or changed:
        print(f"this is not what was packed: {len(missing)} missing, {len(changed)} changed", file=sys.stderr)
        return 1
    print("all is as it was packed" + (f", and {len(added)} files were added" if added else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
