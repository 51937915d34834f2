"""Text files that other build systems read: ``Makefile``, ``*.pc``, ``python3.X-config``, JSON (C2 to C5)."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any, ClassVar

from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


def _below(variable: str, target: PurePosixPath) -> str:
    return variable if str(target) == "." else f"{variable}/{target}"


class MakefileFixer:
    """``config-*/Makefile``: make itself finds the prefix (C3).

    In a path with a space it does not, as make does nothing there: it splits ``MAKEFILE_LIST`` at spaces.
    """

    name: ClassVar[str] = "makefile"
    order: ClassVar[int] = 210

    _HEAD: ClassVar[str] = "envpack_prefix := $(abspath $(dir $(abspath $(lastword $(MAKEFILE_LIST))))/../../..)\n"

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim the makefile of the standard library's ``config`` folder."""
        del head
        return entry.path.name == "Makefile" and entry.path.parent.name.startswith("config")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Put a variable in the place of each folder of the installation."""
        del entry
        text = data.decode("utf-8", "surrogateescape")
        text = self._layout.substitute(text, lambda target: _below("$(envpack_prefix)", target))
        return (self._HEAD + text).encode("utf-8", "surrogateescape")


class PkgConfigFixer:
    """``lib/pkgconfig/*.pc``: relative to the folder that they lie in (C4).

    https://people.freedesktop.org/~dbn/pkg-config-guide.html
    """

    name: ClassVar[str] = "pkg-config"
    order: ClassVar[int] = 220

    def __init__(self, context: Context) -> None:
        self._layout = context.layout
        self._multiarch = context.interpreter.multiarch

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``*.pc`` in a folder ``pkgconfig``."""
        del head
        return entry.path.name.endswith(".pc") and entry.path.parent.name == "pkgconfig"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace folders of the installation; Debian's library folder is plain ``lib`` in the pack."""
        up = posixpath.relpath(".", entry.path.parent)
        text = data.decode("utf-8", "surrogateescape")
        text = self._layout.substitute(text, lambda target: _below(f"${{pcfiledir}}/{up}", target))
        if self._multiarch:
            text = re.sub(rf"^(libdir=.*/lib)/{re.escape(self._multiarch)}$", r"\1", text, flags=re.MULTILINE)
        return text.encode("utf-8", "surrogateescape")


class ConfigScriptFixer:
    """``bin/python3.X-config``, a shell script, and ``config-*/python-config.py`` (C5).

    Other programs' scripts of that kind (``bin/*-config``) name the prefix in the same way, and are mended too (C6).
    """

    name: ClassVar[str] = "config-script"
    order: ClassVar[int] = 230

    # CPython's own locator does not follow a link to the script, and breaks at a space
    _LOCATOR: ClassVar[str] = """prefix_real=$(
    self=$0
    case $self in */*) ;; *) self=$(command -v -- "$self") ;; esac
    while [ -h "$self" ]; do
        link=$(readlink "$self")
        case $link in /*) self=$link ;; *) self=${self%/*}/$link ;; esac
    done
    CDPATH= cd -P -- "${self%/*}/.." && pwd -P
)
"""
    _OWN_LOCATOR: ClassVar[re.Pattern[str]] = re.compile(r"^prefix_real=.*\n", re.MULTILINE)
    _SED: ClassVar[re.Pattern[str]] = re.compile(r'\$\(echo "([^"]*)" \| sed "s#\$\w+#\$\w+#"\)')
    """Takes the built prefix out of a value; nothing is left to do, and it breaks at ``#`` in the new one."""

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim both forms by name."""
        name = entry.path.name
        if name.endswith("-config"):
            return head.startswith(b"#!/bin/sh") and entry.path.parent.name == "bin"
        return name == "python-config.py" and entry.path.parent.name != "bin"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Compute the prefix first, and use it in the place of every folder of the installation."""
        text = data.decode("utf-8", "surrogateescape")
        if entry.path.name == "python-config.py":
            # called as `python python-config.py`: its first line is read by nobody
            text = re.sub(r"\A#!.*", "#!/usr/bin/env python3", text)
        else:
            before = text
            text = self._layout.substitute(text, lambda target: _below("${prefix_real}", target))
            if text == before and not entry.path.name.startswith("python"):
                return None  # another program's, and right as it is
            text, found = self._OWN_LOCATOR.subn(lambda _: self._LOCATOR, text, count=1)
            if not found:
                shebang, _, rest = text.partition("\n")
                text = f"{shebang}\n{self._LOCATOR}{rest}"
            text = self._SED.sub(r'"\1"', text)
        return text.encode("utf-8", "surrogateescape")


class SysconfigJsonFixer:
    """``_sysconfig_vars*.json`` of Python 3.14 (C2); Debian's name is longer.

    JSON cannot compute, so that paths are relative to the file's own folder. Python itself does not read it.
    """

    name: ClassVar[str] = "sysconfig-json"
    order: ClassVar[int] = 240

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim it by name."""
        del head
        name = entry.path.name
        return name.startswith("_sysconfig_vars") and name.endswith(".json")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace folders in every string."""
        values = {
            key: self._layout.substitute(value, lambda target: posixpath.relpath(target, entry.path.parent))
            if isinstance(value, str)
            else value
            for key, value in _json(entry, data).items()
        }
        return (json.dumps(values, indent=2) + "\n").encode()


class BuildDetailsFixer:
    """``build-details*.json`` of Python 3.14 (C2).

    ``base_prefix`` may be relative to the file's own folder, and everything else relative to ``base_prefix``:
    https://packaging.python.org/en/latest/specifications/build-details/v1.0/
    """

    name: ClassVar[str] = "build-details"
    order: ClassVar[int] = 245

    _PATHS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", "base_interpreter"),
        ("libpython", "dynamic"),
        ("libpython", "dynamic_stableabi"),
        ("c_api", "headers"),
        ("c_api", "pkgconfig_path"),
    )

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim it by name."""
        del head
        name = entry.path.name
        return name.startswith("build-details") and name.endswith(".json")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Make every path relative; the static library is not packed, and is then not to be named."""
        details = _json(entry, data)
        details["base_prefix"] = posixpath.relpath(".", entry.path.parent)
        details.get("libpython", {}).pop("static", None)
        for group, key in self._PATHS:
            values = details.get(group, {}) if group else details
            located = self._layout.locate(str(values.get(key, "")))
            if located is not None:
                values[key] = f"./{located}"
        if not details.get("libpython", True):
            del details["libpython"]
        return (json.dumps(details, indent=2) + "\n").encode()


def _json(entry: Entry, data: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        raise RelocationError(f"{entry.path} cannot be read: {error}: the installation is damaged") from error
