"""Whether there is a terminal, with somebody before it."""

from __future__ import annotations

import os
import sys


def bar_is_wanted() -> bool:
    """Whether a bar can be drawn on standard error: hatch and many others take standard output away."""
    return (
        sys.stderr.isatty()
        and os.environ.get("CI", "").lower() in ("", "0", "false")
        and os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    )
