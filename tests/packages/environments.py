"""Widely used packages with native code or unusual installs, in environments that resolve together.

Each package has a probe of its name in ``probes/``: it uses the package, in the unpacked tree, on a bare machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from hatch_envpack.settings import Allowance


@dataclass(frozen=True, slots=True)
class Environment:
    """What is packed together, and what is known of it."""

    name: str
    python: str
    requirements: tuple[str, ...]
    installer: str = "uv"
    bytecode: bool = True
    build_packages: tuple[str, ...] = ()
    """Debian packages that the build machine needs: to build from source, and for libraries to bring along."""
    target_packages: tuple[str, ...] = ()
    """Debian packages of the target: what is its own by policy (`hatch_envpack.libraries.policy`), and programs."""
    allow: tuple[Allowance, ...] = ()
    """The findings that are accepted, each with its reason."""


WHEELS = Environment(
    "wheels",
    "3.12",
    (
        "numpy==2.5.5", "scipy==1.18.1", "pandas==3.1.1", "pyarrow==26.0.1", "cryptography==50.0.2", "lxml==6.1.3",
        "pillow==13.0.0", "psycopg[binary]==3.3.9", "opencv-python-headless==5.0.0.93", "grpcio==1.85.3",
        "tzdata==2025.2",
    ),
    bytecode=False,
)  # fmt: skip
"""Small enough for every run of the tests; pinned, so that these change with the repository alone."""

_X11 = ("libx11-6", "libxext6", "libxrender1", "libxcb1")

ENVIRONMENTS = (
    Environment(
        "science",
        "3.12",
        (
            "numpy", "scipy", "pandas", "polars", "pyarrow", "scikit-learn", "matplotlib", "statsmodels", "numba",
            "llvmlite", "lightgbm", "xgboost-cpu", "h5py", "netCDF4", "duckdb", "tzdata",
        ),
        allow=(
            Allowance("does-not-load", "duckdb's driver for ADBC, which is not installed", "adbc_driver_duckdb"),
            Allowance("missing-library", "one of numba's three threading layers", "libtbb.so.12"),
        ),
    ),
    Environment(
        "pictures",
        "3.13",
        (
            "shapely", "pyproj", "rasterio", "fiona", "geopandas", "pillow", "opencv-python-headless", "pycairo",
            "tzdata",
        ),
        build_packages=("libcairo2-dev", "pkg-config", "gcc"),
        target_packages=_X11,
    ),
    Environment(
        "services",
        "3.12",
        (
            "lxml", "cryptography", "psycopg[binary]", "psycopg2-binary", "mysqlclient", "pymssql", "SQLAlchemy",
            "greenlet", "gevent", "uvloop", "httptools", "aiohttp", "grpcio", "protobuf", "orjson", "msgpack", "ujson",
            "pydantic", "cffi", "regex", "playwright", "tzdata",
        ),
        build_packages=("default-libmysqlclient-dev", "pkg-config", "gcc"),
    ),
    Environment(
        "notebooks",
        "3.12",
        ("jupyterlab", "notebook", "ipykernel", "nbconvert", "pyzmq", "tornado"),
        allow=(
            Allowance("does-not-load", "for the extra `cli` of jupyter-events", "bin/jupyter-events"),
            Allowance("does-not-load", "for JupyterHub, which is not installed", "bin/jupyter-labhub"),
            Allowance("does-not-load", "ipykernel imports it where matplotlib is installed", "matplotlib_inline"),
        ),
    ),
    Environment(
        "learning",
        "3.11",
        ("torch==2.13.0", "onnxruntime", "tokenizers", "safetensors", "sentencepiece", "spacy"),
        # a wheel for CPUs alone, which only pip is told of (PIP_FIND_LINKS); the index's brings 3 GB of CUDA along
        installer="pip",
    ),
    Environment(
        "tools",
        "3.12",
        (
            "ruff", "uv", "black", "mypy", "cython", "nuitka", "pybind11", "cmake", "ninja", "pyinstaller",
            "ansible-core", "awscli",
        ),
        # pyinstaller calls ldd and objdump, ansible refuses to start without a locale of UTF-8
        target_packages=("libc-bin", "bash", "binutils"),
        allow=(
            Allowance("does-not-load", "for the extra `d` of black", "blackd"),
            Allowance("host-library", "ansible asks SELinux where the system has it", "libselinux.so.1"),
        ),
    ),
    Environment(
        "qt",
        "3.12",
        ("PySide6-Essentials",),
        build_packages=("libwayland-cursor0", "libwayland-egl1", "libxcb-icccm4", "libxcb-keysyms1"),
        target_packages=("libgl1", "libegl1"),
        allow=(
            Allowance("missing-library", "plugins for PySide6-Addons, which is not installed", "libQt6*.so.6"),
            Allowance("missing-library", "plugins for databases and a desktop that are not installed"),
        ),
    ),
)  # fmt: skip
