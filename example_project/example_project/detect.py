"""Reading a series, and judging it."""

from __future__ import annotations

import csv
import json
from importlib import resources
from typing import Iterable

import numpy as np
from pydantic import ValidationError

from example_project.model import Anomaly, Reading, Report, Settings

_SCALE = 1.4826
"""The median absolute deviation of a normal distribution is the standard deviation divided by this."""


class SeriesError(ValueError):
    """A series that cannot be read; names the line."""


def defaults() -> Settings:
    """Return the settings that come with the program."""
    return Settings(**json.loads(_data("defaults.json")))


def sample() -> str:
    """Return the series that comes with the program."""
    return _data("sample.csv")


def parse(text: str) -> list[Reading]:
    """Read CSV with the columns ``time`` and ``value``. Raises `SeriesError`."""
    rows = csv.DictReader(text.splitlines())
    if not {"time", "value"} <= set(rows.fieldnames or ()):
        raise SeriesError("line 1: the columns `time` and `value` are missing")
    readings = []
    for row in rows:
        try:
            readings.append(Reading(time=row["time"], value=row["value"]))
        except ValidationError as error:
            problem = error.errors()[0]
            raise SeriesError(f"line {rows.line_num}: {problem['loc'][0]}: {problem['msg']}") from None
    if not readings:
        raise SeriesError("there are no readings")
    return readings


def detect(readings: Iterable[Reading], settings: Settings) -> Report:
    """Compare each reading with the median of the window around it."""
    readings = list(readings)
    values = np.array([reading.value for reading in readings])
    half = min(settings.window, 2 * len(values) - 1) // 2
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(values, half, mode="reflect" if half < len(values) else "edge"), 2 * half + 1
    )
    median = np.median(around, axis=1)
    spread = _SCALE * np.median(np.abs(around - median[:, None]), axis=1)
    scores = np.abs(values - median) / np.maximum(spread, 1e-9)
    found = np.flatnonzero(scores > settings.threshold)
    return Report(
        settings=settings,
        readings=len(readings),
        anomalies=[
            Anomaly(time=readings[i].time, value=readings[i].value, score=round(float(scores[i]), 2)) for i in found
        ],
    )


def _data(name: str) -> str:
    return (resources.files("example_project.data") / name).read_text(encoding="utf-8")
