"""Asks an interpreter about itself; run by that interpreter, with ``-c``, so only its standard library is at hand.

Prints one JSON object. Must run on anything that calls itself Python, so that a clear error can follow.
"""

import json
import os
import site
import sys
import sysconfig


def _answer():  # type: ignore[no-untyped-def] # noqa: ANN202 - annotations are an error before Python 3
    names = ("LIBDIR", "LDLIBRARY", "INSTSONAME", "MULTIARCH", "Py_ENABLE_SHARED", "WHEEL_PKG_DIR")
    paths = sysconfig.get_paths("posix_prefix")
    sites = [paths["purelib"], paths["platlib"]]
    sites += site.getsitepackages([sys.base_prefix])
    return {
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", sys.executable),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "base_exec_prefix": sys.base_exec_prefix,
        "version_info": list(sys.version_info[:3]),
        "version": sys.version.split()[0],
        "abiflags": getattr(sys, "abiflags", ""),
        "cache_tag": sys.implementation.cache_tag,
        "machine": os.uname().machine,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "stdlib": os.path.dirname(os.__file__),  # noqa: PTH120
        "platstdlib": paths["platstdlib"],
        "include": paths["include"],
        "platinclude": paths["platinclude"],
        "sites": sites,
        "framework": sysconfig.get_config_var("PYTHONFRAMEWORK") or "",
        "vars": {name: sysconfig.get_config_var(name) for name in names},
    }


print(json.dumps(_answer()))  # type: ignore[no-untyped-call] # noqa: T201 - the answer
