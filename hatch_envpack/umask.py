"""The umask of this process."""

from __future__ import annotations

import os


def umask() -> int:
    """Return the umask, which can only be read by setting it."""
    current = os.umask(0o022)
    os.umask(current)
    return current
