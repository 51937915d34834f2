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
        waiting: deque[Future[FrameRecord]] = deque()
        try:
            for work in works:
                if work.waits:
                    while waiting:
                        yield waiting.popleft().result()
                    yield keep(work.run())
                    continue
                waiting.append(pool.submit(_run, work, keep))
                if len(waiting) >= count * _QUEUE_PER_WORKER:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _run(work: Work, keep: Callable[[Frame], FrameRecord]) -> FrameRecord:
    return keep(work.run())
