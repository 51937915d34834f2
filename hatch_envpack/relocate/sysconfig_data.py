"""``_sysconfigdata_*.py``: what Python knows of its own build (C1).

Every value that holds a folder of the installation is computed from where the file lies, so that an extension module
compiles against the unpacked tree. Where a value is a command line, which is what the compiler's variables are, the
folder is quoted as a shell does it: ``distutils`` splits the value, and the tree may lie in a path with a space (S11).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_NAME = re.compile(r"_sysconfigdata_\w*(?:-\w+)*\.py")
_MARK = "\0"
_HEAD = """\
# system configuration generated and used by the sysconfig module
from os.path import abspath, dirname

_PREFIX = dirname(dirname(dirname(abspath(__file__))))
# in a list of flags, which is split at spaces
_QUOTED = "'" + _PREFIX.replace("'", "'\\"'\\"'") + "'" if set(_PREFIX) & set(" '\\"\\\\$") else _PREFIX
build_time_vars = {
"""


class SysconfigDataFixer:
    """Rewrites the dictionary ``build_time_vars``."""

    name: ClassVar[str] = "sysconfig-data"
    order: ClassVar[int] = 200

    def __init__(self, context: Context) -> None:
        self._layout = context.layout

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim ``lib/python3.X/_sysconfigdata_*.py``."""
        del head
        return _NAME.fullmatch(entry.path.name) is not None

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the dictionary with computed values; all other values stay as they are."""
        lines = [f" {key!r}: {self._expression(value)},\n" for key, value in _variables(entry, data).items()]
        return (_HEAD + "".join(lines) + "}\n").encode()

    def _expression(self, value: object) -> str:
        if not isinstance(value, str):
            return repr(value)
        parts = self._layout.substitute(value, _marked).split(_MARK)
        quotes = not _is_path(parts)
        words: list[str] = []
        within = False
        for index, part in enumerate(parts):
            # the odd parts are targets, the even ones what stands between them
            if index % 2:
                words.append(_computed(part, quoted=quotes and not within))
            elif part:
                words.append(repr(part))
                within ^= part.count("'") % 2 == 1
        return " + ".join(words) or "''"


def _variables(entry: Entry, data: bytes) -> dict[str, object]:
    try:
        for statement in ast.parse(data).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
                return dict(ast.literal_eval(statement.value))
    except (SyntaxError, ValueError) as error:
        raise RelocationError(f"{entry.path} cannot be read: {error}") from error
    raise RelocationError(f"{entry.path} holds no build_time_vars: the installation is damaged")


def _marked(target: PurePosixPath) -> str:
    return f"{_MARK}{target}{_MARK}"


def _is_path(parts: list[str]) -> bool:
    """Whether a value is one path, and not a command line."""
    before, _, *after = parts if len(parts) > 1 else [*parts, ""]
    return not before and len(after) == 1 and not any(map(str.isspace, after[0]))


def _computed(target: str, *, quoted: bool) -> str:
    variable = "_QUOTED" if quoted else "_PREFIX"
    return variable if target == "." else f"{variable} + {'/' + target!r}"
