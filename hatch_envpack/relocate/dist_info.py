"""Files of a ``.dist-info`` folder that tell of the build instead of the distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.environment import direct_url

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


class InstallerFixer:
    """``INSTALLER`` names this program, whichever one it used (C10)."""

    name: ClassVar[str] = "installer"
    order: ClassVar[int] = 400

    def __init__(self, context: Context) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``*.dist-info/INSTALLER``."""
        del head
        return entry.path.name == "INSTALLER" and entry.path.parent.suffix == ".dist-info"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the one line that the specification asks for."""
        del entry, data
        return b"hatch-envpack\n"


class DirectUrlFixer:
    """``direct_url.json`` keeps where a distribution came from, without credentials (C8).

    Files with a ``file:`` URL are not packed at all.
    """

    name: ClassVar[str] = "direct-url"
    order: ClassVar[int] = 410

    def __init__(self, context: Context) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``*.dist-info/direct_url.json``."""
        del head
        return entry.path.name == direct_url.NAME and entry.path.parent.suffix == ".dist-info"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the record without user name and password. Raises `InstallError` for one that is damaged."""
        return direct_url.parse_direct_url(data, entry.path).without_credentials()
