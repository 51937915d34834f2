"""The index of a pack: what comes back, what other decoders make of it, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.archive.index import FrameRecord, Group, encode_trailer, read_index
from hatch_envpack.errors import ArchiveError
from tests.conftest import missing

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = "0123456789abcdef" * 4
_CONTENTS = (b"manifest" * 100, b"folders", b"file" * 5000, b"more")
_FRAMES = tuple(zstandard.compress(content) for content in _CONTENTS)


def _records(*inner: int | None) -> tuple[FrameRecord, ...]:
    return tuple(
        FrameRecord(len(frame), len(content), _DIGEST, each)
        for frame, content, each in zip(_FRAMES, _CONTENTS, inner, strict=True)
    )


_RECORDS = _records(None, None, None, 3)
_GROUPS = (Group("manifest", _RECORDS[:1]), Group("folders", _RECORDS[1:2]), Group("distribution:ü", _RECORDS[2:]))
_BODY = b"".join(_FRAMES)


def _read(data: bytes) -> tuple[Group, ...] | None:
    return read_index(io.BytesIO(data))


def _with_json(content: object, *, sizes: list[tuple[int, int]] | None = None) -> bytes:
    """Return a pack whose index holds this, or these bytes."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    payload = b"envpack\x01" + compressor.compress(text)
    index = struct.pack("<II", 0x184D2A5D, len(payload)) + payload
    entries = [*(sizes or [(record.compressed, record.raw) for record in _RECORDS]), (len(index), 0)]
    return _BODY + index + _table(entries)


def _table(entries: list[tuple[int, int]], *, count: int | None = None, descriptor: int = 0) -> bytes:
    table = b"".join(struct.pack("<II", *entry) for entry in entries)
    footer = struct.pack("<IBI", len(entries) if count is None else count, descriptor, 0x8F92EAB1)
    return struct.pack("<II", 0x184D2A5E, len(table) + len(footer)) + table + footer


def _content(*frames: object) -> dict[str, object]:
    return {"version": 1, "groups": [{"name": "all", "frames": list(frames)}]}


_ROWS: list[list[object]] = [[each.compressed, each.raw, each.digest, each.inner] for each in _RECORDS]


def test_groups_come_back() -> None:
    """What was written is read, in order, from a file with the frames before it."""
    assert _read(_BODY + encode_trailer(_GROUPS)) == _GROUPS


@given(
    st.lists(
        st.tuples(
            st.text(max_size=20),
            st.lists(st.tuples(st.integers(1, 50), st.integers(0, 2**32 - 1), st.integers(0, 9) | st.none())),
        ),
        max_size=8,
    )
)
def test_any_groups_come_back(groups: list[tuple[str, list[tuple[int, int, int | None]]]]) -> None:
    """Empty groups, any names and sizes."""
    made = [
        Group(
            name,
            tuple(FrameRecord(size, raw, _DIGEST, inner if (inner or 0) <= raw else 0) for size, raw, inner in frames),
        )
        for name, frames in groups
    ]
    frames = [frame for group in made for frame in group.frames]
    body = bytes(sum(frame.compressed for frame in frames))
    data = body + encode_trailer(made)
    if frames and frames[0].inner is not None:
        with pytest.raises(ArchiveError):
            _read(data)
    else:
        assert _read(data) == tuple(made)


def test_every_decoder_steps_over_it(tmp_path: Path) -> None:
    """Neither ``zstd`` nor python-zstandard see a byte more than the frames hold."""
    if shutil.which("zstd") is None:
        missing("zstd is not installed (Debian: zstd)")
    pack = tmp_path / "pack.zst"
    pack.write_bytes(_BODY + encode_trailer(_GROUPS))
    done = subprocess.run(["zstd", "-dc", pack], capture_output=True, check=True)
    assert done.stdout == b"".join(_CONTENTS)
    with pack.open("rb") as stream:
        assert zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read() == done.stdout


def test_seek_table_is_as_the_format_has_it() -> None:
    """Each frame has an entry, the index one of which nothing comes out; the sizes lead from frame to frame."""
    data = _BODY + encode_trailer(_GROUPS)
    count, descriptor, magic = struct.unpack("<IBI", data[-9:])
    assert (descriptor, magic) == (0, 0x8F92EAB1)
    table = data[-9 - 8 * count : -9]
    assert struct.unpack("<II", data[-17 - 8 * count : -9 - 8 * count]) == (0x184D2A5E, 8 * count + 9)
    offset, found = 0, []
    for compressed, raw in struct.iter_unpack("<II", table):
        frame = data[offset : offset + compressed]
        found.append(zstandard.decompress(frame) if raw else frame[:4])
        assert not raw or len(found[-1]) == raw
        offset += compressed
    assert found == [*_CONTENTS, struct.pack("<I", 0x184D2A5D)]
    assert offset == len(data) - 17 - 8 * count


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        _BODY,
        _BODY + _table([]),
        _BODY + _table([(len(frame), len(content)) for frame, content in zip(_FRAMES, _CONTENTS, strict=True)]),
        _BODY + _table([(1, 1)], descriptor=0x80),
    ],
    ids=["empty", "short", "plain", "no frames", "seekable by another tool", "with checksums"],
)
def test_no_index(data: bytes) -> None:
    """A file without an index is an ordinary one, whoever else made it seekable."""
    assert _read(data) is None


@pytest.mark.parametrize(
    "frames",
    [
        [*_ROWS[:3]],
        [*_ROWS, _ROWS[0]],
        [[_ROWS[0][0], 1, _DIGEST, None], *_ROWS[1:]],
        [[-1, 800, _DIGEST, None], *_ROWS[1:]],
        [[_ROWS[0][0], -1, _DIGEST, None], *_ROWS[1:]],
        [[True, 800, _DIGEST, None], *_ROWS[1:]],
        [[10**30, 800, _DIGEST, None], *_ROWS[1:]],
        [[1.5, 800, _DIGEST, None], *_ROWS[1:]],
        [[_ROWS[0][0], 800, _DIGEST.upper(), None], *_ROWS[1:]],
        [[_ROWS[0][0], 800, _DIGEST[1:], None], *_ROWS[1:]],
        [[_ROWS[0][0], 800, None, None], *_ROWS[1:]],
        [[_ROWS[0][0], 800, _DIGEST, 5], *_ROWS[1:]],
        [*_ROWS[:3], [*_ROWS[3][:3], 5]],
        [*_ROWS[:3], [*_ROWS[3][:3], -1]],
        [*_ROWS[:3], [*_ROWS[3][:3], False]],
        [*_ROWS[:3], [*_ROWS[3][:3], "3"]],
        [*_ROWS[:3], _ROWS[3][:3]],
        [*_ROWS[:3], "frame"],
    ],
)
def test_a13_frames_that_cannot_be(frames: list[object]) -> None:
    """Wrong types and sizes, sums that are not the file's, digests that are none, pieces without a beginning."""
    assert _read(_with_json(_content(*_ROWS))) == (Group("all", _RECORDS),)
    with pytest.raises(ArchiveError, match="damaged"):
        _read(_with_json(_content(*frames)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 1_000_000,
        [],
        {"groups": []},
        {"version": 2, "groups": []},
        {"version": 1},
        {"version": 1, "groups": {}},
        {"version": 1, "groups": [[]]},
        {"version": 1, "groups": [{"name": 1, "frames": []}]},
        {"version": 1, "groups": [{"name": "a", "frames": None}]},
    ],
)
def test_a13_json_that_is_no_index(content: object) -> None:
    """Another shape, another version, no JSON, JSON that is nested too deeply."""
    with pytest.raises(ArchiveError, match="damaged"):
        _read(_with_json(content))


def test_a13_bomb_in_the_index() -> None:
    """An index that would fill the memory is refused before it is decompressed."""
    with pytest.raises(ArchiveError, match="damaged"):
        _read(_with_json(b" " * (64 << 20) + json.dumps(_content(*_ROWS)).encode()))


@pytest.mark.parametrize(
    "table",
    [
        _table([(1, 1)], count=10**6),
        _table([(1, 1)], count=0xFFFFFFFF),
        _table([(1, 1)], descriptor=0x04),
        _table([(len(_BODY) - 3, 1), (4, 0)]),
        _table([(0xFFFFFFFF, 1), (4, 0)]),
        b"x" + _table([(len(_BODY), 1)], count=2),
    ],
)
def test_a13_seek_table_that_does_not_fit(table: bytes) -> None:
    """More entries than there are bytes, reserved bits, sizes that are not the file's."""
    with pytest.raises(ArchiveError, match="damaged"):
        _read(_BODY + table)


@given(st.data())
def test_a13_damage_anywhere_in_the_trailer(data: st.DataObject) -> None:
    """A flipped bit is noticed, or makes it a file without an index, but never another index."""
    pack = bytearray(_BODY + encode_trailer(_GROUPS))
    position = data.draw(st.integers(len(_BODY), len(pack) - 1))
    pack[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = _read(bytes(pack))
    except ArchiveError:
        return
    assert found in (None, _GROUPS)


@given(st.integers(1, len(encode_trailer(_GROUPS))))
def test_a13_truncated_anywhere_in_the_trailer(lost: int) -> None:
    """What was cut off takes the footer with it: there is no index any more."""
    assert _read((_BODY + encode_trailer(_GROUPS))[:-lost]) is None
