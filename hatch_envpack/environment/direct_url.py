"""``direct_url.json``: where a distribution came from.

https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from hatch_envpack.errors import InstallError

NAME = "direct_url.json"


@dataclass(frozen=True, slots=True)
class DirectUrl:
    """The record, and what of it matters here."""

    record: dict[str, Any]
    url: str
    editable: bool

    @property
    def is_local(self) -> bool:
        """Whether it names a file of the build machine, which means nothing elsewhere (C8)."""
        return urlsplit(self.url).scheme == "file"

    @property
    def folder(self) -> Path | None:
        """The local folder that it names."""
        path = unquote(urlsplit(self.url).path, errors="surrogateescape") if self.is_local else ""
        return Path(path) if path.startswith("/") and "\0" not in path else None

    def without_credentials(self) -> bytes:
        """Return the file without user name and password."""
        return json.dumps({**self.record, "url": without_credentials(self.url)}, sort_keys=True).encode()


def parse_direct_url(data: bytes, where: object) -> DirectUrl:
    """Return the record. Raises `InstallError` naming ``where`` the data is from."""
    try:
        record = json.loads(data)
        url, folder = record["url"], record.get("dir_info", {})
        without_credentials(url)
        return DirectUrl(record, url, folder.get("editable") is True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InstallError(f"{where} cannot be read: reinstall the distribution it is of") from None


def without_credentials(url: str) -> str:
    """Return the URL without user information, but for the user ``git``, which is not a secret."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or user == "git":
        return url
    return urlunsplit(parts._replace(netloc=host))
