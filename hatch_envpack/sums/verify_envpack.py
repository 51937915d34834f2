"""Compare an unpacked pack with what was packed: every byte of every file, and every link.

It lies in the pack, needs nothing but a Python of version 3.6 or newer, and is run as

    python3 verify_envpack.py [FOLDER]

FOLDER is by default the one that this file is in. Exit codes: 0 all is as it was packed, 1 it is not, 2 there is no pack.
"""

import hashlib
import json
import os
import sys

MANIFEST = "envpack.json"
SUMS = "envpack.sha256"
LINK = "# link "
_CHUNK = 1 << 20
_DIGITS = 64


class NoPackError(Exception):
    """What is there is no pack, or its list of digests is not the one that the manifest tells of."""


def escaped(name):
    """Return a name as ``sha256sum`` writes it, and whether it had to be changed."""
    changed = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return changed, changed != name


def _plain(text):
    out, rest = "", text
    while "\\" in rest:
        before, _, after = rest.partition("\\")
        out += before + {"n": "\n", "r": "\r"}.get(after[:1], after[:1])
        rest = after[1:]
    return out + rest


def parse_sums(text):
    """Return the digest of each file and the target of each link. Raises `NoPackError`."""
    files, links = {}, {}
    for line in text.split("\n"):
        if line.startswith(LINK):
            target, name = json.loads(line[len(LINK) :])
            links[name] = target
        elif line:
            has_escapes = line.startswith("\\")
            digest, _, name = line[has_escapes:].partition("  ")
            if len(digest) != _DIGITS or not name:
                raise NoPackError("%s is damaged" % SUMS)
            files[_plain(name) if has_escapes else name] = digest
    return files, links


def read_sums(folder):
    """Return what the list in a folder says, compared with the manifest. Raises `NoPackError`."""
    try:
        with open(os.path.join(folder, MANIFEST), "rb") as stream:
            wanted = json.loads(stream.read().decode("utf-8"))["sums"]["sha256"]
        with open(os.path.join(folder, SUMS), "rb") as stream:
            data = stream.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoPackError("%s is no unpacked pack: %s" % (folder, error))
    if hashlib.sha256(data).hexdigest() != wanted:
        raise NoPackError("%s is not the list that %s tells of" % (SUMS, MANIFEST))
    try:
        return parse_sums(data.decode("utf-8", "surrogateescape"))
    except (ValueError, TypeError):
        raise NoPackError("%s is damaged" % SUMS)


def digest_of(path):
    """Return the SHA-256 of a file, in hexadecimal digits. Raises `OSError`."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def compare(folder):
    """Return what is missing, what is changed and what was added, each sorted. Raises `NoPackError`."""
    files, links = read_sums(folder)
    missing, changed = [], []
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


def _fits(path, wanted):
    try:
        return digest_of(path) == wanted
    except OSError:
        return False


def _names(folder):
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in files + links:
            yield os.path.relpath(os.path.join(place, name), folder)


def main():
    """Compare, and say what differs."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    try:
        missing, changed, added = compare(folder)
    except NoPackError as error:
        print("error: %s" % error, file=sys.stderr)
        return 2
    for word, names in (("missing", missing), ("changed", changed), ("added", added)):
        for name in names:
            print("%s %r" % (word, name))
    if missing or changed:
        print("this is not what was packed: %d missing, %d changed" % (len(missing), len(changed)), file=sys.stderr)
        return 1
    print("all is as it was packed" + (", and %d files were added" % len(added) if added else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
