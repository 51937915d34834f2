"""What goes in and what comes out."""

from __future__ import annotations

from datetime import datetime
from typing import List

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """How a series is judged."""

    model_config = ConfigDict(frozen=True)

    window: int = Field(ge=3, description="readings on which a reading is judged")
    threshold: float = Field(gt=0, description="robust standard deviations from the median")


class Reading(BaseModel):
    """One line of a series."""

    model_config = ConfigDict(frozen=True)

    time: datetime
    value: float = Field(allow_inf_nan=False)


class Anomaly(BaseModel):
    """A reading that does not fit its neighbours."""

    model_config = ConfigDict(frozen=True)

    time: datetime
    value: float
    score: float


class Report(BaseModel):
    """What was found in a series."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    readings: int
    anomalies: List[Anomaly]  # noqa: UP006 - pydantic evaluates this on Python 3.9
