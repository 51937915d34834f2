"""Probes for maps and pictures."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory


def shapely() -> None:
    """GEOS computes an area."""
    from shapely.geometry import Point

    assert 3.1 < Point(0, 0).buffer(1).area < 3.15


def pyproj() -> None:
    """PROJ finds its database beside itself."""
    from pyproj import CRS, Transformer

    assert CRS.from_epsg(3857).is_projected
    east, _north = Transformer.from_crs(4326, 3857, always_xy=True).transform(180, 0)
    assert round(east) == 20037508


def rasterio() -> None:
    """GDAL writes a GeoTIFF with a reference system, and reads it."""
    import numpy as np
    import rasterio as rio

    with TemporaryDirectory() as folder:
        shape = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "uint8", "crs": "EPSG:4326"}
        with rio.open(Path(folder, "x.tif"), "w", compress="zstd", **shape) as file:
            file.write(np.ones((2, 2), "uint8"), 1)
        with rio.open(Path(folder, "x.tif")) as file:
            assert file.crs.to_epsg() == 4326
            assert file.read(1).sum() == 4


def fiona() -> None:
    """Drivers and a reference system of the GDAL that it brings."""
    import fiona as fio
    from fiona.crs import CRS

    assert "GPKG" in fio.supported_drivers
    assert CRS.from_epsg(4326).to_epsg() == 4326


def geopandas() -> None:
    """A file and a projection."""
    import geopandas as gpd
    from shapely.geometry import Point

    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[Point(1, 2)], crs=4326)
    with TemporaryDirectory() as folder:
        frame.to_file(Path(folder, "x.gpkg"))
        again = gpd.read_file(Path(folder, "x.gpkg"))
    assert again.to_crs(3857).geometry[0].x > 100000


def pillow() -> None:
    """Text and every codec that it brings."""
    import io

    from PIL import Image, ImageDraw, ImageFont, features

    for name in ("webp", "avif", "freetype2", "littlecms2"):
        assert features.check(name), name
    image = Image.new("RGB", (40, 20))
    ImageDraw.Draw(image).text((1, 1), "x", font=ImageFont.load_default(12))
    for form in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "JPEG2000"):
        stream = io.BytesIO()
        image.save(stream, form)
        assert Image.open(io.BytesIO(stream.getvalue())).size == (40, 20)


def opencv_python_headless() -> None:
    """A filter, and codecs."""
    import cv2
    import numpy as np

    image = cv2.GaussianBlur(np.full((16, 16, 3), 200, "uint8"), (3, 3), 0)
    for suffix in (".png", ".jpg", ".webp"):
        assert cv2.imdecode(cv2.imencode(suffix, image)[1], cv2.IMREAD_COLOR).shape == image.shape
    assert "FFMPEG:                      YES" in cv2.getBuildInformation()


def pycairo() -> None:
    """Draws, with text."""
    import io

    import cairo

    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, 20, 20)
    context = cairo.Context(surface)
    context.show_text("x")
    stream = io.BytesIO()
    surface.write_to_png(stream)
    assert stream.getvalue().startswith(b"\x89PNG")


def tzdata() -> None:
    """A clock of another place, which a bare machine knows nothing of."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    assert datetime(2020, 7, 1, tzinfo=ZoneInfo("Europe/Oslo")).utcoffset().seconds == 7200
