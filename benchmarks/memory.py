"""The memory of a process and its children: the sum of their resident sizes, asked for every few milliseconds.

Pages that several processes share are counted for each, so the sum is an upper bound of what the tree takes. What
lives between two questions is not seen.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_INTERVAL = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE")


def peak_of(pid: int) -> int:
    """Return the largest sum in bytes until the process ends; it is left for the caller to wait for."""
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, sum(_resident(each) for each in _tree(pid)))
        time.sleep(_INTERVAL)
    return peak


def _tree(pid: int) -> set[int]:
    tree: set[int] = set()
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        tree.add(each)
        for thread in Path(f"/proc/{each}/task").glob("*"):
            with suppress(OSError):
                waiting += map(int, (thread / "children").read_text().split())
    return tree


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0
