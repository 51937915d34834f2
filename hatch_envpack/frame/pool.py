"""Making frames on all cores, in order."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hatch_envpack.frame.frame import Frame, FrameRecord, Work

_QUEUE_PER_WORKER = 2
"""Enough that no worker waits, and few enough that memory stays small: a frame's content has 4 MiB."""


def make_frames(
    works: Iterable[Work], keep: Callable[[Frame], FrameRecord], workers: int | None = None
) -> Iterator[FrameRecord]:
    """Yield the record of each frame, in order; the number of workers does not change a byte.

    ``keep`` puts a frame where it stays, and is called by the workers.
    """
    count = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(count) as pool:
        waiting: deque[Future[FrameRecord] | Work] = deque()

        def first() -> FrameRecord:
            """Return the record of what has waited longest; all before it is done, as some work needs it to be."""
            item = waiting.popleft()
            return item.result() if isinstance(item, Future) else _run(item, keep)

        try:
            for work in works:
                waiting.append(work if work.waits else pool.submit(_run, work, keep))
                if len(waiting) >= count * _QUEUE_PER_WORKER:
                    yield first()
            while waiting:
                yield first()
        finally:
            for item in waiting:
                if isinstance(item, Future):
                    item.cancel()


def _run(work: Work, keep: Callable[[Frame], FrameRecord]) -> FrameRecord:
    return keep(work.run())
