"""A function on each of two executors, without pandas."""

import importlib.util
import json

from pyspark.sql import SparkSession


def tell(_number):
    """Say who works."""
    import sys

    import humanize

    return json.dumps(
        {
            "executable": sys.executable,
            "prefix": sys.prefix,
            "versions": {"humanize": humanize.__version__},
            "files": {"humanize": humanize.__file__},
        }
    )


if importlib.util.find_spec("humanize") is None:
    print("the driver has no humanize")
for told in SparkSession.builder.getOrCreate().sparkContext.parallelize(range(2), 2).map(tell).collect():
    print(told)
