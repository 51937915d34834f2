"""A function on the worker of a scheduler."""

import importlib.util
import json
import sys

from distributed import Client


def tell():
    """Say who works."""
    import sys

    import distributed
    import humanize

    return json.dumps(
        {
            "executable": sys.executable,
            "prefix": sys.prefix,
            "versions": {"humanize": humanize.__version__},
            "files": {"humanize": humanize.__file__, "distributed": distributed.__file__},
        }
    )


if importlib.util.find_spec("humanize") is None:
    print("the driver has no humanize")
with Client(sys.argv[1]) as client:
    client.wait_for_workers(1, timeout=60)
    print(client.submit(tell).result(timeout=60))
