r"""Scripts that find their own interpreter (S1 to S17).

A script is rewritten into a form that is both a shell script and Python. To the shell the first word is ``:``, then
come commands that find the script's folder and hand over to the python that lies there; to Python all of that is one
string. Only POSIX is used: no ``realpath`` (S3), nothing that a name with a space, a quote or a newline could break
(S11). Called by an absolute path, which is what ``PATH`` and service managers do, it starts no process but the
interpreter itself.

What stays the script's own: its leading comments, with a coding cookie (S6); the flags of its shebang (S7); its
docstring, which the string is joined to by ``\``, so that ``from __future__`` may follow (S5), and ``__doc__`` with it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_SHELL = """\
''':'
envpack_script=$0
case $0 in
*/*) ;;
*) [ -f "$0" ] || envpack_script=$(command -v "$0") ;;
esac
envpack_file=$envpack_script
case $envpack_file in
/*/../*) envpack_moved=1 ;;
/*) envpack_moved= ;;
*) envpack_file=./$envpack_file envpack_moved=1 ;;
esac
while [ -h "$envpack_file" ]; do
envpack_link=$(readlink "$envpack_file") envpack_moved=1
case $envpack_link in
/*) envpack_file=$envpack_link ;;
*) envpack_file=${envpack_file%/*}/$envpack_link ;;
esac
done
envpack_bin=${envpack_file%/*}
if [ -n "$envpack_moved" ]; then
envpack_bin=$(CDPATH= cd -P -- "$envpack_bin" && pwd -P && echo x)
envpack_bin=${envpack_bin%?x}
fi
unset PYTHONHOME
exec "$envpack_bin/PROGRAM"FLAGS "$envpack_script" "$@"
' '''"""
"""The names of the variables are nobody's: one that the caller exported would change the program's environment.

The ``x`` keeps a newline at the end of the folder's name, which ``$( )`` would cut off. ``PYTHONHOME`` is meant for
another Python (I10)."""

_PYTHON = r"python(?:w|\d+(?:\.\d+)?t?)?"
_SHEBANG = re.compile(
    rb"#![ \t]*(?P<env>\S*/env[ \t]+(?:-S[ \t]*)?)?(?:\S*/)?"
    + _PYTHON.encode()
    + rb"(?P<flags>(?:[ \t]+-[\w=.,]+)*)[ \t]*\r?\n"
)
_POLYGLOT = re.compile(
    rb"#![ \t]*/bin/sh[ \t]*\r?\n'''exec' [^\n]*?python[^\n]*?"
    rb"(?P<flags>(?:[ \t]+-[\w=.,]+)*)[ \t]+\"\$0\"[ \t]+\"\$@\"[ \t]*\r?\n' '''\r?\n"
)
"""What pip, distlib and uv write where a path is too long for the kernel or holds a space (S8)."""

_STRING = re.compile(rb"[rRuU]?[\"']")
_CLEANS_DOCSTRINGS = (3, 13)


class ScriptFixer:
    """Rewrites scripts in ``bin`` whose program is a Python.

    Which Python the shebang names does not matter: the pack has one, and a bare machine has no other, so that
    ``#!/usr/bin/env python3`` is rewritten too. Scripts for other programs are left alone (S9), and so are programs,
    which do not begin with ``#!`` (S13).
    """

    name: ClassVar[str] = "script"
    order: ClassVar[int] = 300

    def __init__(self, context: Context) -> None:
        self._program = context.interpreter.program
        self._flags = [b"-I"] if context.isolated else []
        self._cleans_docstrings = context.interpreter.version >= _CLEANS_DOCSTRINGS

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim files in ``bin`` that begin with ``#!``."""
        return head.startswith(b"#!") and entry.path.parent.parts == ("bin",)

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Return the self-locating script, or None for another program's."""
        del entry
        found = _POLYGLOT.match(data) or _SHEBANG.match(data)
        if found is None:
            return None
        flags = b"".join(b" " + flag for flag in dict.fromkeys([*self._flags, *found["flags"].split()]))
        return self_locating(data[found.end() :], self._program, flags, cleans_docstrings=self._cleans_docstrings)


def self_locating(body: bytes, program: str, flags: bytes = b"", *, cleans_docstrings: bool = False) -> bytes:
    """Return a script that runs ``body`` with the ``program`` in its own folder.

    ``flags`` stand before the script's name, each with a space in front. ``cleans_docstrings`` says that the program
    takes common indentation off docstrings, as CPython does from 3.13 on.
    """
    shell = _SHELL.replace("PROGRAM", program).encode().replace(b"FLAGS", flags)
    lines = body.splitlines(keepends=True)
    leading = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), len(lines))
    opening = _opening(body, lines, leading)
    doc = opening.doc if opening.doc is None or not cleans_docstrings else cleaned(opening.doc)
    reset = b"__doc__ = None\n" if doc is None else b"__doc__ = __doc__ and " + ascii(doc).encode() + b"\n"
    before, after = b"".join(lines[leading : opening.end]), b"".join(lines[opening.end :])
    if before and not before.endswith(b"\n"):
        before += b"\n"
    joint = b" \\\n" if opening.joins else b"\n"
    return b"".join((b"#!/bin/sh\n", *lines[:leading], shell, joint, before, reset, after))


@dataclass(frozen=True, slots=True)
class _Opening:
    """What stands at the beginning of a script."""

    joins: bool
    """Whether the docstring begins with a quote, so that another string can be put before it."""
    doc: str | None
    end: int
    """The number of lines up to the end of the docstring and of the imports from ``__future__``."""


def _opening(body: bytes, lines: list[bytes], leading: int) -> _Opening:
    try:
        statements = ast.parse(body).body
    except (SyntaxError, ValueError):
        # for another Python than this one, or no Python at all: it is handed over as it is
        return _Opening(joins=False, doc=None, end=leading)
    doc = None
    if statements and isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        value = statements[0].value.value
        doc = value if isinstance(value, str) else None
    end = leading
    for number, statement in enumerate(statements):
        is_doc = number == 0 and doc is not None
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        # a statement that begins on a line that is already taken ends it, wherever that is
        if not (is_doc or is_future or statement.lineno <= end):
            break
        end = max(end, statement.end_lineno or end)
    joins = doc is not None and _STRING.match(lines[leading]) is not None
    return _Opening(joins, doc, end)


def cleaned(doc: str) -> str:
    """Return a docstring as CPython 3.13 and newer compile it.

    https://docs.python.org/3/whatsnew/3.13.html#other-language-changes
    """
    first, *rest = doc.expandtabs(8).split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest if line.strip(" ")), default=0)
    return "\n".join([first.lstrip(" "), *(line[margin:] for line in rest)])
