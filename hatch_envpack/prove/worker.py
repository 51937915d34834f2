"""Uses an unpacked environment from the inside; run by its own interpreter, so only the standard library is at hand.

Standard input: JSON with ``modules`` and ``entry_points`` (``[group, name, module, attribute]``). Lines of JSON are
written to the real standard output: ``{"begin": what}`` before each step, so that a crash can be blamed, one
``{"failed": …, "error": …}`` for each failure, and ``{"mapped": [...], "by": what}`` for libraries that came into the
process with a step; at last ``{"prefix": …, "path": …}``.
"""

import importlib
import json
import os
import sys
import traceback

_OUTPUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what the modules print on import is not an answer
_SEEN: set[str] = set()


def _say(**words: object) -> None:
    _OUTPUT.write(json.dumps(words) + "\n")
    _OUTPUT.flush()


def _attempt(kind: str, what: str, module: str, attribute: str = "") -> None:
    _say(begin=f"{kind} {what}")
    try:
        _resolve(module, attribute)
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
        reason = traceback.format_exception_only(type(error), error)[-1].strip().partition("\n")[0]
        # it may stand in the manifest, which knows nothing of the folder of this proof
        _say(kind=kind, failed=what, error=reason.replace(sys.prefix + os.sep, ""))
    _say_mapped(f"{kind} {what}")


def _say_mapped(by: str) -> None:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as stream:  # noqa: PTH123
        files = {line.rstrip("\n").split(None, 5)[5] for line in stream if line.count("/")}
    if new := sorted(files - _SEEN):
        _SEEN.update(new)
        _say(mapped=new, by=by)


def _resolve(module: str, attribute: str) -> None:
    found: object = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        found = getattr(found, name)


def _main() -> None:
    asked = json.load(sys.stdin)
    _say_mapped("its start")
    for module in asked["modules"]:
        _attempt("module", module, module)
    for group, name, module, attribute in asked["entry_points"]:
        _attempt(group, name, module, attribute)
    _say(prefix=sys.prefix, base_prefix=sys.base_prefix, path=sys.path)


_main()
