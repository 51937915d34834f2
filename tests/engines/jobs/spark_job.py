"""A function on pandas, on two executors."""

import importlib.util
import json

from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf

spark = SparkSession.builder.getOrCreate()


@pandas_udf("string")
def tell(numbers):
    """Say who works."""
    import sys

    import humanize
    import pandas as pd
    import pyarrow as pa

    modules = (humanize, pd, pa)
    told = {
        "executable": sys.executable,
        "prefix": sys.prefix,
        "versions": {module.__name__: module.__version__ for module in modules},
        "files": {module.__name__: module.__file__ for module in modules},
    }
    return pd.Series([json.dumps(told)] * len(numbers))


if importlib.util.find_spec("humanize") is None:
    print("the driver has no humanize")
for row in spark.range(2, numPartitions=2).select(tell("id").alias("told")).collect():
    print(row.told)
