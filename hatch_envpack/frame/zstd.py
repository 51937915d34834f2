"""Compressing frames on all cores, in order. The format: https://www.rfc-editor.org/rfc/rfc8878."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

_MAX_WINDOW_LOG = 23
"""8 MiB: what every decoder must accept; more has to be asked for at the target (A8)."""

_QUEUE_PER_WORKER = 2


def compress_frames(contents: Iterable[bytes], level: int, workers: int | None = None) -> Iterator[bytes]:
    """Yield one zstd frame for each content, in order; the number of workers does not change a byte."""
    count = workers or os.cpu_count() or 1
    local = threading.local()

    def compress(content: bytes) -> bytes:
        if not hasattr(local, "compressor"):
            local.compressor = _compressor(level)  # one for each thread: it holds state
        return bytes(local.compressor.compress(content))

    with ThreadPoolExecutor(count) as pool:
        waiting: deque[Future[bytes]] = deque()
        for content in contents:
            waiting.append(pool.submit(compress, content))
            if len(waiting) >= count * _QUEUE_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _compressor(level: int) -> zstandard.ZstdCompressor:
    chosen = zstandard.ZstdCompressionParameters.from_level(level)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level,
        window_log=min(chosen.window_log, _MAX_WINDOW_LOG),
        write_content_size=True,
        write_checksum=True,
    )
    return zstandard.ZstdCompressor(compression_params=parameters)
