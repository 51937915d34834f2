"""Drawing a series; needs the extra ``plot``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from example_project.model import Reading, Report

_WIDTH, _HEIGHT, _MARGIN = 960, 320, 20


def points(readings: list[Reading], width: int, height: int, margin: int) -> list[tuple[float, float]]:
    """Return a point of the picture for each reading."""
    values = [reading.value for reading in readings]
    low, high = min(values), max(values)
    step = (width - 2 * margin) / max(len(values) - 1, 1)
    scale = (height - 2 * margin) / ((high - low) or 1)
    return [(margin + i * step, height - margin - (value - low) * scale) for i, value in enumerate(values)]


def draw(readings: list[Reading], report: Report, path: Path) -> None:
    """Write the series as PNG, its anomalies as circles."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    canvas = ImageDraw.Draw(image)
    line = points(readings, _WIDTH, _HEIGHT, _MARGIN)
    canvas.line(line, fill="#3465a4")
    times = {anomaly.time for anomaly in report.anomalies}
    for reading, (x, y) in zip(readings, line):
        if reading.time in times:
            canvas.ellipse((x - 5, y - 5, x + 5, y + 5), outline="#cc0000", width=2)
    image.save(path, "PNG")
