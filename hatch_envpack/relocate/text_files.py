"""Text files of distributions that name folders, in forms that have a way to say "beside this file"."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context


class KernelFixer:
    """``share/jupyter/kernels/*/kernel.json``: the program becomes ``python`` (C11).

    Jupyter takes a program of that name for the Python that it runs on itself, wherever that lies:
    https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
    """

    name: ClassVar[str] = "jupyter-kernel"
    order: ClassVar[int] = 270

    _PYTHON: ClassVar[re.Pattern[str]] = re.compile(r"/(?:.*/)?python[\d.]*t?")

    def __init__(self, context: Context) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim it by its place."""
        del head
        return entry.path.name == "kernel.json" and entry.path.parts[-4:-2] == ("jupyter", "kernels")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the kernel with ``argv`` beginning with ``python``; None for a kernel that is no Python's."""
        del entry
        try:
            kernel = json.loads(data)
            program = kernel["argv"][0]
        except (ValueError, KeyError, TypeError, IndexError):
            return None  # Jupyter cannot read it either
        if not isinstance(program, str) or self._PYTHON.fullmatch(program) is None:
            return None
        kernel["argv"][0] = "python"
        return (json.dumps(kernel, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


class CmakeFixer:
    """``*.cmake`` (C6): folders of the environment become relative to the file's own.

    https://cmake.org/cmake/help/latest/variable/CMAKE_CURRENT_LIST_DIR.html
    """

    name: ClassVar[str] = "cmake"
    order: ClassVar[int] = 280

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim it by its suffix."""
        del head
        return entry.path.name.endswith(".cmake")

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace each folder that is packed."""
        text = data.decode("utf-8", "surrogateescape")
        text = self._layout.substitute(
            text, lambda target: f"${{CMAKE_CURRENT_LIST_DIR}}/{posixpath.relpath(target, entry.path.parent)}"
        )
        return text.encode("utf-8", "surrogateescape")


class QtConfFixer:
    """``qt.conf`` (C6): where the programs beside it find Qt.

    A relative ``Prefix`` counts from the program's folder, where the file lies; every other path counts from the
    prefix: https://doc.qt.io/qt-6/qt-conf.html
    """

    name: ClassVar[str] = "qt-conf"
    order: ClassVar[int] = 285

    _PATH: ClassVar[re.Pattern[str]] = re.compile(r"^(\s*(\w+)\s*=\s*)(\"?)(/[^\"\r\n]*?)(\"?\s*)$", re.MULTILINE)

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim it by name."""
        del head
        return entry.path.name == "qt.conf"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Replace each path that is packed."""
        text = data.decode("utf-8", "surrogateescape")
        named = [match[4] for match in self._PATH.finditer(text) if match[2] == "Prefix"]
        prefix = next((located for path in named if (located := self._located(path)) is not None), entry.path.parent)

        def relative(match: re.Match[str]) -> str:
            located = self._located(match[4])
            start = entry.path.parent if match[2] == "Prefix" else prefix
            path = match[4] if located is None else posixpath.relpath(located, start)
            return f"{match[1]}{match[3]}{path}{match[5]}"

        return self._PATH.sub(relative, text).encode("utf-8", "surrogateescape")

    def _located(self, path: str) -> PurePosixPath | None:
        return self._layout.locate(posixpath.normpath(path))
