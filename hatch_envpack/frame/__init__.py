"""Frames: compressed runs of tar entries."""
