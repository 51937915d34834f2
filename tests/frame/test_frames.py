"""Frames: cut by content, compressed in order, the same whatever the number of workers."""

from __future__ import annotations

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.frame.cut import FRAME_SIZE, cut
from hatch_envpack.frame.zstd import compress_frames


@given(st.lists(st.integers(0, 3 * FRAME_SIZE // 2), max_size=6))
def test_cut_keeps_every_byte(sizes: list[int]) -> None:
    """The frames' contents are the chunks, and only the last may be below the size."""
    chunks = [bytes([number]) * size for number, size in enumerate(sizes)]
    frames = list(cut(chunks))
    assert b"".join(frames) == b"".join(chunks)
    assert all(len(frame) >= FRAME_SIZE for frame in frames[:-1])


def test_same_bytes_for_any_number_of_workers() -> None:
    """1, 2 and 16 workers write the same frames in the same order."""
    noise = random.Random(7)
    contents = [noise.randbytes(size) * 3 for size in (1, 100_000, 50_000, 700_000, 20)] * 5
    one, two, many = (list(compress_frames(contents, 3, workers)) for workers in (1, 2, 16))
    assert one == two == many
    assert [zstandard.decompress(frame) for frame in one] == contents


@pytest.mark.parametrize("level", [1, 3, 19, 22])
def test_a8_window_is_at_most_8_mib(level: int) -> None:
    """No level asks for more memory than every decoder has to give (RFC 8878, 3.1.1.1.2)."""
    content = random.Random(level).randbytes(12 << 20)
    (frame,) = compress_frames([content], level)
    parameters = zstandard.get_frame_parameters(frame)
    assert parameters.window_size <= 8 << 20
    assert parameters.has_checksum
    assert parameters.content_size == len(content)
