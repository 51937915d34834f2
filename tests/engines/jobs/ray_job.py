"""A remote function; how Ray is started stands before."""

import importlib.util
import json

import ray


@ray.remote
def tell():
    """Say who works."""
    import sys

    import humanize

    return json.dumps(
        {
            "executable": sys.executable,
            "prefix": sys.prefix,
            "versions": {"humanize": humanize.__version__},
            "files": {"humanize": humanize.__file__, "ray": ray.__file__},
        }
    )


if importlib.util.find_spec("humanize") is None:
    print("the driver has no humanize")
print(ray.get(tell.remote()))
