"""zstd frames. The format: https://www.rfc-editor.org/rfc/rfc8878."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import zstandard

_MAX_WINDOW_LOG = 23
"""8 MiB: what every decoder must accept; more has to be asked for at the target (A8)."""


@dataclass(frozen=True, slots=True)
class Zstd:
    """Compresses with content size and checksum."""

    level: int
    name: str = "zst"
    _local: threading.local = field(default_factory=threading.local)

    @property
    def fingerprint(self) -> str:
        """The level, and what else the bytes depend on."""
        library = ".".join(map(str, zstandard.ZSTD_VERSION))
        return f"zstd {library} ({zstandard.backend}) level {self.level} window {_MAX_WINDOW_LOG}"

    def compress(self, content: bytes) -> bytes:
        """Return one frame."""
        if not hasattr(self._local, "compressor"):
            self._local.compressor = _compressor(self.level)  # one for each thread: it holds state
        return bytes(self._local.compressor.compress(content))


def _compressor(level: int) -> zstandard.ZstdCompressor:
    chosen = zstandard.ZstdCompressionParameters.from_level(level)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level,
        window_log=min(chosen.window_log, _MAX_WINDOW_LOG),
        write_content_size=True,
        write_checksum=True,
    )
    return zstandard.ZstdCompressor(compression_params=parameters)
