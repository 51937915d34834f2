"""Reading what is in a pack: its manifest, which is the first member, and its index, which is at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.archive.container import MANIFEST
from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.contents.contents import parse_contents
from hatch_envpack.contents.members import limited, open_archive
from hatch_envpack.contents.source import open_source
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.names import shown
from hatch_envpack.manifest.model import PATH
from hatch_envpack.sums.verify_envpack import MAX_MANIFEST

if TYPE_CHECKING:
    from hatch_envpack.contents.contents import Contents
    from hatch_envpack.contents.source import Source


def read_contents(pack: str) -> Contents:
    """Return what is in a pack of any format: a path of a file or folder, ``-`` for standard input, or a URL.

    Of a file on a web server that gives ranges, only the first and the last part are read. Raises `ArchiveError`.
    """
    is_folder = Path(pack).is_dir()
    with open_source(str(Path(pack, PATH)) if is_folder else pack) as source:
        if is_folder:
            pieces = iter(lambda: source.stream.read(BLOCK), b"")
            return parse_contents(limited(pieces, MAX_MANIFEST, PATH), {}, None)
        return _read(source)


def _read(source: Source) -> Contents:
    archive = open_archive(source)
    compressed = {group.name: sum(frame.compressed for frame in group.frames) for group in archive.groups}
    # with an index it is known where the manifest ends, and nothing behind it is read
    with archive.members(size=compressed.get(MANIFEST), ahead=False) as members:
        for number, (member, data) in enumerate(members):
            # with --root-directory it lies in a folder
            if member.name == PATH.encode() or (not number and member.name.endswith(f"/{PATH}".encode())):
                return parse_contents(limited(data, MAX_MANIFEST, PATH), compressed, source.size)
            if not archive.is_zip:
                raise ArchiveError(f"this is no pack: its first member is {shown(member.name)}, not {PATH}")
    raise ArchiveError(f"this is no pack: it {'' if archive.is_zip else 'is empty, and '}has no {PATH}")
