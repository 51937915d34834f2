"""Text files that other build systems read: ``Makefile``, ``*.pc``, ``python3.X-config``, JSON (C2 to C5)."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.relocate.fixer import Context
    from hatch_envpack.segment.entry import Entry


def _below(variable: str, target: PurePosixPath) -> str:
    return variable if str(target) == "." else f"{variable}/{target}"


class MakefileFixer:
    """``config-*/Makefile``: make itself finds the prefix (C3)."""

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
        return entry.path.suffix == ".pc" and entry.path.parent.name == "pkgconfig"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace folders of the installation; Debian's library folder is plain ``lib`` in the pack."""
        up = posixpath.relpath(".", entry.path.parent)
        text = data.decode("utf-8", "surrogateescape")
        text = self._layout.substitute(text, lambda target: _below(f"${{pcfiledir}}/{up}", target))
        if self._multiarch:
            text = re.sub(rf"^(libdir=.*/lib)/{re.escape(self._multiarch)}$", r"\1", text, flags=re.MULTILINE)
        return text.encode("utf-8", "surrogateescape")


class ConfigScriptFixer:
    """``bin/python3.X-config``, a shell script, and ``config-*/python-config.py`` (C5)."""

    name: ClassVar[str] = "config-script"
    order: ClassVar[int] = 230

    # CPython's own locator does not follow a link to the script, and breaks at a space
    _LOCATOR: ClassVar[str] = """prefix_real=$(
    self=$0
    case $self in */*) ;; *) self=$(command -v "$self") ;; esac
    while [ -h "$self" ]; do
        link=$(readlink "$self")
        case $link in /*) self=$link ;; *) self=${self%/*}/$link ;; esac
    done
    CDPATH= cd "${self%/*}/.." && pwd -P
)
"""

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim both forms by name."""
        if entry.path.parent.name == "bin":
            return entry.path.name.endswith("-config") and head.startswith(b"#!/bin/sh")
        return entry.path.name == "python-config.py"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Compute the prefix first, and use it in the place of every folder of the installation."""
        text = data.decode("utf-8", "surrogateescape")
        if entry.path.name == "python-config.py":
            # called as `python python-config.py`: its first line is read by nobody
            text = re.sub(r"\A#!.*", "#!/usr/bin/env python3", text)
        else:
            text = re.sub(r"^prefix_real=.*\n", lambda _: self._LOCATOR, text, count=1, flags=re.MULTILINE)
            text = self._layout.substitute(text, lambda target: _below("${prefix_real}", target))
        return text.encode("utf-8", "surrogateescape")


class SysconfigJsonFixer:
    """``_sysconfig_vars*.json`` and ``build-details.json`` of Python 3.14 (C2).

    JSON cannot compute, so that paths are relative to the file's own folder, as PEP 739 allows:
    https://peps.python.org/pep-0739/
    """

    name: ClassVar[str] = "sysconfig-json"
    order: ClassVar[int] = 240

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim both files by name."""
        del head
        name = entry.path.name
        return name == "build-details.json" or (name.startswith("_sysconfig_vars") and name.endswith(".json"))

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace folders in every string."""
        folder = entry.path.parent

        def relative(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            if isinstance(value, dict):
                return {key: relative(item) for key, item in value.items()}
            if isinstance(value, list):
                return [relative(item) for item in value]
            if isinstance(value, str):
                return self._layout.substitute(value, lambda target: posixpath.relpath(target, folder))
            return value

        return (json.dumps(relative(json.loads(data)), indent=2) + "\n").encode()
