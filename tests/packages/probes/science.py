"""Probes for numbers and tables."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory


def numpy() -> None:
    """BLAS multiplies and LAPACK solves."""
    import numpy as np

    matrix = np.array([[3.0, 1.0], [1.0, 2.0]])
    assert np.allclose(matrix @ np.linalg.solve(matrix, [9.0, 8.0]), [9, 8])
    assert np.allclose(np.fft.ifft(np.fft.fft([1.0, 2.0, 3.0])), [1, 2, 3])


def scipy() -> None:
    """Compiled code of Fortran, C and C++."""
    import numpy as np
    from scipy import integrate, linalg, optimize, sparse, special

    assert abs(integrate.quad(np.sin, 0, np.pi)[0] - 2) < 1e-9
    assert abs(optimize.brentq(lambda x: x * x - 2, 0, 2) - 2**0.5) < 1e-9
    assert special.gamma(5) == 24
    assert np.allclose(linalg.expm(np.zeros((2, 2))), np.eye(2))
    assert sparse.linalg.spsolve(sparse.eye_array(3, format="csc") * 2, np.ones(3)).tolist() == [0.5] * 3


def pandas() -> None:
    """A group, a CSV file, and time with the clock of UTC."""
    import io

    import pandas as pd

    frame = pd.read_csv(io.StringIO("k,v\na,1\nb,2\na,3\n"))
    assert frame.groupby("k")["v"].sum().to_dict() == {"a": 4, "b": 2}
    assert pd.Timestamp("2020-03-01", tz="UTC").isoformat() == "2020-03-01T00:00:00+00:00"


def polars() -> None:
    """A query, and a Parquet file."""
    import polars as pl

    with TemporaryDirectory() as folder:
        pl.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]}).write_parquet(Path(folder, "x"))
        frame = pl.scan_parquet(Path(folder, "x")).group_by("k").agg(pl.col("v").sum()).sort("k").collect()
    assert frame["v"].to_list() == [4, 2]


def pyarrow() -> None:
    """All the libraries that it brings: compute, datasets, Parquet, flight, and file systems."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset
    import pyarrow.flight
    import pyarrow.fs
    import pyarrow.parquet as pq

    assert pc.sum(pa.array([1, 2, 3])).as_py() == 6
    with TemporaryDirectory() as folder:
        for codec in ("zstd", "snappy", "brotli", "lz4", "gzip"):
            pq.write_table(pa.table({"x": [1, 2]}), Path(folder, "x"), compression=codec)
            assert pyarrow.dataset.dataset(Path(folder, "x")).to_table()["x"].to_pylist() == [1, 2]


def scikit_learn() -> None:
    """A fit on threads (OpenMP) and one in processes (joblib)."""
    from sklearn.cluster import KMeans
    from sklearn.datasets import make_classification
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    x, y = make_classification(200, random_state=0)
    assert HistGradientBoostingClassifier(max_iter=5).fit(x, y).score(x, y) > 0.8
    assert RandomForestClassifier(5, n_jobs=2, random_state=0).fit(x, y).score(x, y) > 0.8
    assert len(set(KMeans(2, n_init=1, random_state=0).fit_predict(x))) == 2


def matplotlib() -> None:
    """A picture with text, which needs the fonts of the package."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    axes.set_title(r"$\alpha$ and text")
    with TemporaryDirectory() as folder:
        for name, head in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")):
            figure.savefig(Path(folder, name))
            assert Path(folder, name).read_bytes().startswith(head)


def statsmodels() -> None:
    """A regression."""
    import numpy as np
    import statsmodels.api as sm

    x = np.arange(20.0)
    fit = sm.OLS(2 * x + 1, sm.add_constant(x)).fit()
    assert np.allclose(fit.params, [1, 2])


def numba() -> None:
    """Compiles a function, also with threads."""
    import numpy as np
    from numba import njit, prange

    @njit(parallel=True)
    def total(values: np.ndarray) -> float:
        found = 0.0
        for index in prange(len(values)):
            found += values[index] ** 2
        return found

    assert total(np.arange(4.0)) == 14


def llvmlite() -> None:
    """LLVM reads a module."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.parse_assembly("define i32 @f() { ret i32 7 }").verify()


def lightgbm() -> None:
    """A fit."""
    import numpy as np
    from lightgbm import LGBMRegressor

    x = np.arange(100.0).reshape(-1, 1)
    fit = LGBMRegressor(n_estimators=20, min_child_samples=2, verbose=-1).fit(x, x.ravel())
    assert fit.predict([[90.0]])[0] > fit.predict([[10.0]])[0]


def xgboost_cpu() -> None:
    """A fit."""
    import numpy as np
    from xgboost import XGBRegressor

    x = np.arange(100.0).reshape(-1, 1)
    fit = XGBRegressor(n_estimators=20, max_depth=2).fit(x, x.ravel())
    assert fit.predict([[90.0]])[0] > fit.predict([[10.0]])[0]


def h5py() -> None:
    """Written with a filter and read back."""
    import h5py as h5
    import numpy as np

    with TemporaryDirectory() as folder:
        with h5.File(Path(folder, "x"), "w") as file:
            file.create_dataset("a", data=np.arange(10), compression="gzip")
        with h5.File(Path(folder, "x")) as file:
            assert file["a"][:].sum() == 45


def netcdf4() -> None:
    """Written and read back."""
    from netCDF4 import Dataset

    with TemporaryDirectory() as folder:
        with Dataset(Path(folder, "x"), "w") as file:
            file.createDimension("d", 3)
            file.createVariable("v", "f8", ("d",), compression="zlib")[:] = [1, 2, 3]
        with Dataset(Path(folder, "x")) as file:
            assert file["v"][:].sum() == 6


def duckdb() -> None:
    """A query over a frame of pandas."""
    import duckdb as db
    import pandas as pd

    frame = pd.DataFrame({"v": [1, 2, 3]})
    assert db.connect().register("frame", frame).sql("select sum(v) from frame").fetchall() == [(6,)]
