"""A file on a web server, read in pieces: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests."""

from __future__ import annotations

import io
import re
import urllib.error
import urllib.request
from collections import OrderedDict
from http.client import HTTPException
from typing import TYPE_CHECKING, BinaryIO, cast

from hatch_envpack import __version__
from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from http.client import HTTPResponse

_PIECE = 1 << 16
"""Bytes that are asked for at once: the index of a pack of a gigabyte has less."""
_IN_A_ROW = 4
"""Pieces, after which more and more are asked for at once: all of the file is wanted, it seems."""
_MOST = 64
_KEPT = 2 * _MOST
_TIMEOUT = 30
"""Seconds without an answer."""
_PARTIAL = 206
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


def open_url(url: str) -> BinaryIO:
    """Open a URL: as a seekable file where the server gives ranges, else as a stream. Raises `ArchiveError`."""
    response = _ask(url, 0, _PIECE)
    if response.status != _PARTIAL:
        return io.BufferedReader(_Whole(url, response))
    # the whole of a buffered read is asked for at once, and nothing that is not needed
    return io.BufferedReader(_Ranges(url, response), 1)


class _Whole(io.RawIOBase):
    def __init__(self, url: str, response: HTTPResponse) -> None:
        self._url = url
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            return self._response.readinto(buffer)
        except (OSError, HTTPException) as error:
            raise ArchiveError(f"{self._url} cannot be read: {error}") from error

    def close(self) -> None:
        self._response.close()
        super().close()


class _Ranges(io.RawIOBase):
    def __init__(self, url: str, first: HTTPResponse) -> None:
        self._url = url
        self._place = 0
        self._size, data = _content(url, first, _PIECE)
        self._tag = _tag(first)
        self._pieces = OrderedDict({0: data})
        self._next, self._row = 1, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(start + offset, 0)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._place >= self._size or not buffer:
            return 0
        number, start = divmod(self._place, _PIECE)
        data = self._piece(number)[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _piece(self, number: int) -> bytes:
        if number not in self._pieces:
            self._fetch(number)
        data = self._pieces[number]
        if len(data) != min(_PIECE, self._size - number * _PIECE):
            raise ArchiveError(f"{self._url}: the server gave fewer bytes than it said: try again")
        return data

    def _fetch(self, number: int) -> None:
        self._row = self._row + 1 if number == self._next else 0
        count = min(1 << max(self._row - _IN_A_ROW, 0), _MOST)
        self._next = number + count
        response = _ask(self._url, number * _PIECE, count * _PIECE)
        size, data = _content(self._url, response, count * _PIECE)
        if (size, _tag(response)) != (self._size, self._tag):
            raise ArchiveError(f"{self._url} changed while it was read: try again")
        for place in range(count):
            self._pieces[number + place] = data[place * _PIECE : (place + 1) * _PIECE]
        while len(self._pieces) > _KEPT:
            self._pieces.popitem(last=False)


def _ask(url: str, start: int, length: int) -> HTTPResponse:
    headers = {"Range": f"bytes={start}-{start + length - 1}", "User-Agent": f"hatch-envpack/{__version__}"}
    try:
        # the scheme was looked at by whoever calls this
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        return cast("HTTPResponse", urllib.request.urlopen(request, timeout=_TIMEOUT))  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            raise ArchiveError(f"{url} cannot be read: the server says {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise ArchiveError(f"{url} cannot be read: {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise ArchiveError(f"{url} cannot be read: {error}") from error


def _content(url: str, response: HTTPResponse, length: int) -> tuple[int, bytes]:
    """Return the size of the whole file, and the part of it that was asked for."""
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status != _PARTIAL or match is None:
        raise ArchiveError(f"{url}: the server does not say which part it gives")
    try:
        with response:
            return int(match[3]), response.read(length)
    except (OSError, HTTPException) as error:
        raise ArchiveError(f"{url} cannot be read: {error}") from error


def _tag(response: HTTPResponse) -> str:
    return response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
