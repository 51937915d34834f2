"""Asks an interpreter about itself; run by that interpreter, with ``-c``, so only its standard library is at hand.

Prints one JSON object. Who it is comes first and alone, so that a clear error can follow for other implementations.
"""

import importlib.util
import json
import os
import site
import sys
import sysconfig


def _identity():  # type: ignore[no-untyped-def] # noqa: ANN202 - annotations are an error before Python 3
    return {
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", sys.executable),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "version_info": list(sys.version_info[:3]),
        "version": sys.version.split()[0],
        "framework": sysconfig.get_config_var("PYTHONFRAMEWORK") or "",
    }


def _build():  # type: ignore[no-untyped-def] # noqa: ANN202
    """Return what was fixed when it was compiled; where the tree was moved since, the paths are still the old ones."""
    try:
        # there is no public way to the unchanged values
        name = getattr(sysconfig, "_get_sysconfigdata_name")()  # noqa: B009
        values = __import__(name).build_time_vars
    except (AttributeError, ImportError):
        values = {}
    return {name: values.get(name) or "" for name in ("prefix", "abs_srcdir", "abs_builddir")}


def _details():  # type: ignore[no-untyped-def] # noqa: ANN202
    names = ("LIBDIR", "LDLIBRARY", "INSTSONAME", "LIBPL", "MULTIARCH", "WHEEL_PKG_DIR")
    paths = sysconfig.get_paths("posix_prefix")
    sites = [paths["purelib"], paths["platlib"]]
    sites += site.getsitepackages([sys.base_prefix])
    return {
        "abiflags": getattr(sys, "abiflags", ""),
        "cache_tag": sys.implementation.cache_tag,
        "magic": importlib.util.MAGIC_NUMBER.hex(),
        "machine": os.uname().machine,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "platlibdir": sys.platlibdir,
        "stdlib": os.path.dirname(os.__file__),  # noqa: PTH120
        "platstdlib": paths["platstdlib"],
        "include": paths["include"],
        "platinclude": paths["platinclude"],
        "sites": sites,
        "vars": {name: sysconfig.get_config_var(name) or "" for name in names},
        "build": _build(),  # type: ignore[no-untyped-call]
    }


_answer = _identity()  # type: ignore[no-untyped-call]
if _answer["implementation"] == "cpython":
    _answer.update(_details())  # type: ignore[no-untyped-call]
print(json.dumps(_answer))  # noqa: T201 - the answer
