"""``_sysconfigdata_*.py``: what Python knows of its own build (C1).

Every value that holds a folder of the installation is computed from where the file lies, so that an extension module
compiles against the unpacked tree.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.relocate.fixer import Context
    from hatch_envpack.segment.entry import Entry

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
        prefix = "_QUOTED" if value.startswith("-") or any(map(str.isspace, value)) else "_PREFIX"
        # the odd parts are targets, the even ones what stands between them
        words = [_computed(prefix, part) if number % 2 else repr(part) for number, part in enumerate(parts)]
        return " + ".join(word for word in words if word != "''") or "''"


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


def _computed(prefix: str, target: str) -> str:
    return prefix if target == "." else f"{prefix} + {'/' + target!r}"
