"""Files of a ``.dist-info`` folder that tell of the build instead of the distribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit, urlunsplit

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

    https://packaging.python.org/en/latest/specifications/direct-url-data-structure/. Files with a ``file:`` URL are
    not packed at all.
    """

    name: ClassVar[str] = "direct-url"
    order: ClassVar[int] = 410

    def __init__(self, context: Context) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``*.dist-info/direct_url.json``."""
        del head
        return entry.path.name == "direct_url.json" and entry.path.parent.suffix == ".dist-info"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the record without user name and password."""
        del entry
        record = json.loads(data)
        record["url"] = without_credentials(record["url"])
        return json.dumps(record, sort_keys=True).encode()


def without_credentials(url: str) -> str:
    """Return the URL without user information, but for the user ``git``, which is not a secret."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or user == "git":
        return url
    return urlunsplit(parts._replace(netloc=host))
