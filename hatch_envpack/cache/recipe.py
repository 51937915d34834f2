"""Recipes: all that the bytes of a segment depend on, without reading its files.

What a file holds is told by its row in ``RECORD`` where this program had it installed and it stands as it did then;
by its own digest where that is cheap or nothing else is known; and in an environment that others made, where a row may
tell of another file, by size, time of change and inode.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Protocol

from hatch_envpack.cache.records import key_of
from hatch_envpack.environment import direct_url
from hatch_envpack.segment.record import RecordValue, record_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hatch_envpack.entry import Entry, Stamp
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.relocate.fixer import Context
    from hatch_envpack.segment.model import Segment

_CHUNK = 1 << 20


class Identity(Protocol):
    """Tells what a file of the build machine holds."""

    def __call__(self, entry: Entry) -> str:
        """Return a text that is another one when the content is. Raises `ArchiveError`."""
        ...


def by_content(entry: Entry) -> str:
    """Read the file. Raises `ArchiveError`."""
    digest = hashlib.sha256()
    with entry.open() as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return f"sha256={base64.urlsafe_b64encode(digest.digest()).rstrip(b'=').decode()}"


def by_stamp(entry: Entry) -> str:
    """Take the file's stamp for what it holds. Raises `ArchiveError`."""
    if entry.stamp is not None:
        return str(tuple(entry.stamp))
    return by_content(entry)


def by_record(trusted: Callable[[Entry], bool]) -> Identity:
    """Take the word of ``RECORD`` for files that are ``trusted``, and read the others."""

    def identity(entry: Entry) -> str:
        if entry.digest.startswith("sha256=") and trusted(entry):
            return entry.digest
        return by_content(entry)

    return identity


def unchanged_since(stamps: Mapping[str, list[int]] | None) -> Callable[[Entry], bool]:
    """Return a test whether a file stands as it is noted; without notes every file was installed just now."""
    if stamps is None:
        return lambda _: True
    return lambda entry: entry.stamp is not None and stamps.get(str(entry.path)) == list(entry.stamp)


def stamps_of(entries: list[Entry]) -> dict[str, Stamp]:
    """Return what `unchanged_since` takes the next time."""
    return {str(entry.path): entry.stamp for entry in entries if entry.stamp is not None}


def pack_key(context: Context, program: str, plugins: str) -> str:
    """Return what all segments of a pack have in common."""
    return key_of(
        program,
        plugins,
        repr(context.interpreter),
        str(context.site_packages),
        context.strip,
        context.isolated,
        context.certificates,
        # a plugin may look at all of the plan; the built-in fixers look at what each segment's own key holds
        _plan(context.libraries) if plugins else [],
    )


def place_key(segment: Segment, context: Context, leaks: Sequence[str], *, foreign: bool) -> str:
    """Return what a segment has of the places on this machine; empty for what is the same in all of them.

    What comes from an index was not built in the folders of this build, and names them only in its scripts, which count
    as they are after relocation. So one project's numpy is another one's. ``foreign`` is an environment that others
    made, about which nobody knows that.
    """
    if segment.name in ("interpreter", "libraries"):
        return ""
    rows = segment.distribution.rows if segment.distribution is not None else ()
    if not foreign and rows and not any(row.path.name == direct_url.NAME for row in rows):
        return ""
    return key_of(sorted(repr(root) for root in context.layout.roots), list(leaks))


def segment_key(segment: Segment, identity: Identity, chain: Chain, context: Context, common: str) -> str:
    """Return the key of what the segment's files become. Raises `ArchiveError` for a file that cannot be read."""
    plan = context.libraries
    entries = [
        _script(entry, chain) if _is_script(entry, segment) else _entry(entry, identity) for entry in segment.entries
    ]
    paths = [(entry.copy_of or entry).path for entry in segment.entries]
    edits = [[str(path), repr(plan.search_paths[path])] for path in paths if path in plan.search_paths]
    damaged = [str(path) for path in paths if path in plan.damaged]
    return key_of(common, segment.name, _record(segment), entries, edits, damaged)


def _is_script(entry: Entry, segment: Segment) -> bool:
    """Whether an installer wrote the file for the environment that it lies in."""
    return segment.distribution is not None and entry.source is not None and str(entry.path).startswith("bin/")


def _script(entry: Entry, chain: Chain) -> list[object]:
    """Take a script as it will be: its first line names the environment, and so its digest in ``RECORD`` does."""
    data = entry.read()
    fixed = chain.fixed(entry)
    fits = record_value(data) == RecordValue(entry.digest, entry.size)
    return [str(entry.path), entry.executable, record_value(data if fixed is None else fixed).digest, fits]


def _entry(entry: Entry, identity: Identity) -> list[object]:
    if entry.copy_of is not None:
        return [str(entry.path), "copy", *_entry(entry.copy_of, by_content)]
    if entry.link is not None:
        return [str(entry.path), "link", entry.link]
    if entry.source is None:
        return [str(entry.path), entry.executable, hashlib.sha256(entry.content or b"").hexdigest()]
    return [str(entry.path), entry.executable, identity(entry), entry.digest, entry.size]


def _record(segment: Segment) -> list[str]:
    if segment.distribution is None:
        return []
    rows = (
        str(row.path) if str(row.path).startswith("bin/") else f"{row.path} {row.digest} {row.size}"
        for row in segment.distribution.rows
    )
    return [str(segment.distribution.info), *rows]


def _plan(plan: LibraryPlan) -> list[list[str]]:
    return [
        sorted(map(repr, items))
        for items in (plan.copied, plan.search_paths.items(), plan.elves.items(), plan.expected, plan.missing.items())
    ]
