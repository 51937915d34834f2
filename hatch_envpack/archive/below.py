"""Any container, with all members below one folder of the archive."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hatch_envpack.archive.member import Member
from hatch_envpack.errors import ConfigError
from hatch_envpack.printable import printable
from hatch_envpack.segment.folders import folders_above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.archive.container import Container, Groups
    from hatch_envpack.frame.frame import Work


@dataclass(frozen=True, slots=True)
class Below:
    """Links stay as they are: inside a pack each is relative."""

    container: Container
    folder: str

    @property
    def fingerprint(self) -> str:
        """What a frame's bytes depend on."""
        return f"{self.container.fingerprint} below {self.folder!r}"

    def works(self, members: Iterable[Member]) -> Iterator[Work]:
        """Yield the work for each frame."""
        return self.container.works(self._moved(members))

    def _moved(self, members: Iterable[Member]) -> Iterator[Member]:
        above = folders_above([f"{self.folder}/"])
        for member in members:
            if member.folder:
                # all folders stand in one group, parents first
                yield from (Member(path, folder=True) for path in above)
                above = []
            yield replace(member, path=f"{self.folder}/{member.path}")

    def tail(self, groups: Groups) -> bytes:
        """Return what closes the archive."""
        return self.container.tail(groups)


def plain_folder(text: str) -> str:
    """Return the path of a folder inside an archive without what means nothing. Raises `ConfigError` for any other."""
    plain = posixpath.normpath(text)
    if not text or plain == "." or plain.startswith(("/", "../")) or plain == ".." or "\0" in plain:
        raise ConfigError(
            f"the root folder in the archive, {printable(text)!r}, must be a relative path that stays in the archive"
        )
    return plain
