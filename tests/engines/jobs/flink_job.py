"""A function of a Table program."""

import importlib.util
import json

from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
from pyflink.table.expressions import col
from pyflink.table.udf import udf


@udf(result_type=DataTypes.STRING())
def tell(_number):
    """Say who works."""
    import sys

    import humanize
    import pandas as pd

    modules = (humanize, pd)
    return json.dumps(
        {
            "executable": sys.executable,
            "prefix": sys.prefix,
            "versions": {module.__name__: module.__version__ for module in modules},
            "files": {module.__name__: module.__file__ for module in modules},
        }
    )


if importlib.util.find_spec("humanize") is None:
    print("the driver has no humanize")
tables = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
numbers = tables.from_elements([(1,)], DataTypes.ROW([DataTypes.FIELD("number", DataTypes.INT())]))
for row in numbers.select(tell(col("number"))).execute().collect():
    print(row[0])
