"""Compiles modules; run by the interpreter that is packed, so only its standard library, from 3.9 on, is at hand.

One process compiles one batch. What ``marshal`` writes depends on which strings the process shares, so a batch always
runs in a fresh process, over the same files in the same order, and gives the same bytes (B3).
Standard input: a JSON list of ``[source, name, output]``. ``name`` is the path that the code object carries: one inside
the pack, so that no build path is in it (B1). On import Python replaces it by the module's real path.
A file that is no valid Python (templates, code for another version) is left without bytecode.
"""

import importlib.util
import json
import marshal
import os
import sys
import warnings

_UNCHECKED_HASH = (1).to_bytes(4, "little")
"""https://peps.python.org/pep-0552/: hash-based, and not compared with the source on import."""

_LARGEST = 64 << 20
"""Bytes: no module is larger, but a file full of holes may be, and would fill the memory."""


def _compile(source: str, name: str, output: str) -> None:
    try:
        with open(source, "rb") as stream:  # noqa: PTH123 - pathlib costs start-up time in every batch
            data = stream.read(_LARGEST + 1)
    except OSError:
        return  # it has gone since it was found: whoever packs it says so
    if len(data) > _LARGEST:
        return
    try:
        code = compile(data, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, UnicodeError, RecursionError, MemoryError, OverflowError):
        return
    os.makedirs(os.path.dirname(output), exist_ok=True)  # noqa: PTH103, PTH120
    with open(output, "wb") as stream:  # noqa: PTH123
        stream.write(importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(data))
        stream.write(marshal.dumps(code))


def _main() -> None:
    warnings.simplefilter("ignore")
    for source, name, output in json.load(sys.stdin):
        _compile(source, name, output)


_main()
