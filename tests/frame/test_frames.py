"""Frames: compressed in order, the same whatever the number of workers."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from hashlib import sha256

import pytest
import zstandard

from hatch_envpack.frame.frame import Frame, FrameRecord
from hatch_envpack.frame.pool import make_frames
from hatch_envpack.frame.zstd import Zstd


@dataclass
class _Work:
    content: bytes
    codec: Zstd
    waits: bool = False

    def run(self) -> Frame:
        """Compress."""
        return Frame(self.codec.compress(self.content), len(self.content))


class _Shelf:
    """Keeps frames in memory."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {}

    def keep(self, frame: Frame) -> FrameRecord:
        """Keep one."""
        digest = sha256(frame.data).hexdigest()
        self.frames[digest] = frame.data
        return FrameRecord(digest, len(frame.data), frame.raw)


def test_same_bytes_for_any_number_of_workers() -> None:
    """1, 2 and 16 workers write the same frames in the same order."""
    noise = random.Random(7)
    contents = [noise.randbytes(size) * 3 for size in (1, 100_000, 50_000, 700_000, 20)] * 5
    codec, shelf = Zstd(3), _Shelf()
    one, two, many = (
        list(make_frames((_Work(content, codec) for content in contents), shelf.keep, workers))
        for workers in (1, 2, 16)
    )
    assert one == two == many
    assert [zstandard.decompress(shelf.frames[record.digest]) for record in one] == contents


def test_work_that_waits_sees_everything_before_it_done() -> None:
    """Such a piece of work runs when all before it are kept; what comes after it need not wait."""
    codec, shelf = Zstd(1), _Shelf()
    seen: list[int] = []

    class _Last(_Work):
        def run(self) -> Frame:
            seen.append(len(shelf.frames))
            return super().run()

    works: list[_Work] = [_Work(bytes([number]), codec) for number in range(9)]
    records = list(make_frames([*works, _Last(b"last", codec, waits=True), *works], shelf.keep, 4))
    assert seen == [9]
    assert zstandard.decompress(shelf.frames[records[9].digest]) == b"last"
    assert records[:9] == records[10:]


def test_no_worker_is_left_when_one_fails() -> None:
    """An error in a worker is the caller's, and no thread goes on."""

    class _Failing(_Work):
        def run(self) -> Frame:
            raise OSError(28, "No space left on device")

    before = threading.active_count()
    works = [_Failing(b"", Zstd(1)), *(_Work(bytes(1000), Zstd(1)) for _ in range(50))]
    with pytest.raises(OSError, match="No space left"):
        list(make_frames(works, _Shelf().keep, 4))
    assert threading.active_count() == before


@pytest.mark.parametrize("level", [1, 3, 19, 22])
def test_a8_window_is_at_most_8_mib(level: int) -> None:
    """No level asks for more memory than every decoder has to give (RFC 8878, 3.1.1.1.2)."""
    content = random.Random(level).randbytes(12 << 20)
    frame = Zstd(level).compress(content)
    parameters = zstandard.get_frame_parameters(frame)
    assert parameters.window_size <= 8 << 20
    assert parameters.has_checksum
    assert parameters.content_size == len(content)
