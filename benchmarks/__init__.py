"""Figures: what a pack costs beside plain `tar` and other packers."""
