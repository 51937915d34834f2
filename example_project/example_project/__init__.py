"""Finds anomalies in time series of sensor readings, and signs its reports."""

__version__ = "0.1.0"
