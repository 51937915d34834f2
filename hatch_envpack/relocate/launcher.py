r"""Launchers: what Windows has in the place of scripts (S18).

A launcher is a small program with a zip file of ``__main__.py`` inside, and the path of the python that is to run it.
That path is absolute; here every launcher becomes one of distlib's, whose path may begin with ``<launcher_dir>\``:
https://distlib.readthedocs.io/en/latest/tutorial.html#using-the-distlib-scripts-package
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.errors import RelocationError
from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_FOLDERS = frozenset({("bin",), ("Scripts",)})
_MAGIC = b"MZ"
_PE = b"PE\0\0"
_PE_OFFSET = 0x3C
_SUBSYSTEM = 24 + 68
"""From the signature: 24 bytes of headers, and 68 of the optional header, in 32 and 64 bits alike.

https://learn.microsoft.com/en-us/windows/win32/debug/pe-format
"""
_MACHINES = {0x14C: "32", 0x8664: "64", 0xAA64: "64-arm"}
_SUBSYSTEMS = {2: ("w", "pythonw.exe"), 3: ("t", "python.exe")}
"""Programs with windows and with a console: distlib's name and Python's."""

_MAIN = "__main__.py"
_MOST = 1 << 20
"""No launcher's script is larger: it imports a function and calls it."""

_SHEBANG = re.compile(
    rb"#![ \t]*(?:\"[^\"\r\n]+\"|[^\"\r\n]*?python[\w.]*)(?P<flags>(?:[ \t]+-[\w=.,]+)*)[ \t]*(?:\r?\n)+\Z",
    re.IGNORECASE,
)
_LONGEST_SHEBANG = 1 << 15
"""As long as a path of Windows can be."""

_UV_FOOTER = re.compile(rb"UVSC\Z")
_UV_RESOURCE = "UV_PYTHON_PATH".encode("utf-16-le")
"""uv has the path behind the zip, with four letters at the end; newer ones have a resource for each.

https://github.com/astral-sh/uv/tree/main/crates/uv-trampoline
"""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, struct.error, OSError)
"""What `zipfile` raises for a damaged archive, or one of a kind that it does not know."""


class LauncherFixer:
    """Makes launchers find the python in the folder above theirs, which is where Windows has it.

    Which launcher it is does not matter: pip's and distlib's are known by their shebang, uv's by its marks. Any other
    program is left alone (S13).
    """

    name: ClassVar[str] = "launcher"
    order: ClassVar[int] = 310

    def __init__(self, context: Context) -> None:
        self._flags = [b"-I"] if context.isolated else []

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim programs for Windows in the folder of scripts."""
        return head.startswith(_MAGIC) and entry.path.parent.parts in _FOLDERS

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the launcher, or None for another program. Raises `RelocationError` for a damaged one."""
        stub = _stub(data)
        try:
            found = _read(data) if stub else None
        except _DAMAGE as error:
            what = f"{entry.path} is a launcher with a damaged script: {error}: reinstall the distribution it is of"
            raise RelocationError(printable(what)) from error
        if stub is None or found is None:
            return None
        flags = b"".join(b" " + flag for flag in dict.fromkeys([*self._flags, *found.flags]))
        shebang = b"#!<launcher_dir>\\..\\" + stub.python.encode() + flags + b"\n"
        return files("distlib").joinpath(stub.launcher).read_bytes() + shebang + _zipped(found.main)


@dataclass(frozen=True, slots=True)
class _Stub:
    launcher: str
    """The name of distlib's program for the same machine."""
    python: str


@dataclass(frozen=True, slots=True)
class _Script:
    main: bytes
    flags: tuple[bytes, ...]


def _stub(data: bytes) -> _Stub | None:
    """Return what kind of program it is, or None for one that distlib has no launcher for."""
    try:
        (start,) = struct.unpack_from("<I", data, _PE_OFFSET)
        (machine,) = struct.unpack_from("<H", data, start + len(_PE))
        (subsystem,) = struct.unpack_from("<H", data, start + _SUBSYSTEM)
    except struct.error:
        return None
    if data[start : start + len(_PE)] != _PE or machine not in _MACHINES or subsystem not in _SUBSYSTEMS:
        return None
    letter, python = _SUBSYSTEMS[subsystem]
    return _Stub(f"{letter}{_MACHINES[machine]}.exe", python)


def _read(data: bytes) -> _Script | None:
    """Return the script inside, or None where there is none; raises one of `_DAMAGE` where it cannot be read."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGE:
        return None
    with archive:
        members = archive.infolist()
        if [member.filename for member in members] != [_MAIN]:
            return None
        (member,) = members
        before = data[max(0, member.header_offset - _LONGEST_SHEBANG) : member.header_offset]
        shebang = _SHEBANG.match(before, max(0, before.rfind(b"#!")))
        if shebang is None and _UV_FOOTER.search(data) is None and _UV_RESOURCE not in data:
            return None
        if member.file_size > _MOST:
            raise zipfile.BadZipFile(f"{_MAIN} has {member.file_size} bytes")
        return _Script(archive.read(member), tuple(shebang["flags"].split()) if shebang else ())


def _zipped(main: bytes) -> bytes:
    stream = io.BytesIO()
    member = zipfile.ZipInfo(_MAIN)  # of 1980
    member.create_system = 3  # the same on every machine that builds
    member.external_attr = 0o644 << 16
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, main)
    return stream.getvalue()
