"""Frames from the cache: never a stale one, never a damaged one, and the same bytes as without."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import zstandard

from hatch_envpack.archive.tar import Tar
from hatch_envpack.cache.environments import Kept
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.entry import Entry, Stamp
from hatch_envpack.environment.distributions import Distribution, RecordRow
from hatch_envpack.frame.zstd import Zstd
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.pipeline.frames import Packed, Sources, pack_frames
from hatch_envpack.relocate.chain import Chain
from hatch_envpack.segment.model import Segment
from hatch_envpack.segment.record import record_value
from tests.pipeline.sessions import TAR, session
from tests.relocate.contexts import context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_envpack.archive.container import Container
    from hatch_envpack.relocate.fixer import Context

SITE = PurePosixPath("lib/python3.12/site-packages")
INFO = SITE / "one-1.dist-info"


class _Marking:
    """Writes what it is given behind every text file, and counts the files that it sees."""

    name: ClassVar[str] = "marking"
    order: ClassVar[int] = 1
    seen = 0
    mark = b""

    def __init__(self, context: Context) -> None:
        del context

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim all text."""
        del head
        return entry.path.suffix == ".txt"

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Append the mark."""
        del entry
        type(self).seen += 1
        return data + self.mark if self.mark else None


class _Bench:
    """Two distributions on disk, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.root = folder / "root"
        self.files = {name: folder / "root" / SITE / name for name in ("one.txt", "two.txt", "noise.bin")}
        self.files["one.txt"].parent.mkdir(parents=True)
        self.files["one.txt"].write_bytes(b"one\n")
        self.files["two.txt"].write_bytes(b"two\n")
        self.files["noise.bin"].write_bytes(random.Random(1).randbytes(5 << 20))
        self.context = context()
        self.kept: Kept | None = None

    def segments(self) -> list[Segment]:
        """Return the segments as `split` would: the second one has the large file."""
        rows = (RecordRow(SITE / "one.txt", *_value(self.files["one.txt"])), RecordRow(INFO / "RECORD", "", ""))
        one = Distribution("one", "1", INFO, rows, ())
        return [
            Segment("distribution:one", (self._entry("one.txt", rows[0]),), one),
            Segment("unowned", (self._entry("noise.bin"), self._entry("two.txt"))),
        ]

    def _entry(self, name: str, row: RecordRow | None = None) -> Entry:
        status = self.files[name].stat()
        found = Entry(
            SITE / name, source=self.files[name], executable=bool(status.st_mode & 0o100), stamp=Stamp.of(status)
        )
        return found if row is None else replace(found, digest=row.digest, size=row.size)

    def pack(
        self,
        container: Container = TAR,
        *,
        cache: Path | None = None,
        **changes: Any,  # noqa: ANN401 - fields of the context, and what `session` takes
    ) -> tuple[Packed, bytes]:
        """Pack, and return what came of it and all bytes."""
        segments = changes.pop("segments", None) or self.segments()
        sources = Sources((self.root,), self.kept, bytecode=False)
        names = {name: changes.pop(name) for name in ("program", "plugins") if name in changes}
        now_context = replace(self.context, **changes)
        with session(self.folder / "dist", cache or self.cache, container, **names) as now:
            packed = pack_frames(segments, Chain((_Marking(now_context),)), now_context, sources, now)
            frames = [now.cache.frames.open(frame.digest) for each in packed.segments for frame in each.frames]
            data = b""
            for stream in frames:
                with stream:
                    data += stream.read()
        return packed, data


def _value(path: Path) -> tuple[str, str]:
    value = record_value(path.read_bytes())
    return value.digest, value.size


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[_Bench]:
    """Return a bench; fixers mark nothing."""
    _Marking.mark, _Marking.seen = b"", 0
    yield _Bench(tmp_path)
    _Marking.mark = b""


def test_warm_is_cold(bench: _Bench, tmp_path: Path) -> None:
    """The second time everything comes from the cache, with the same bytes, and no fixer sees a file."""
    cold, bytes_cold = bench.pack()
    seen = _Marking.seen
    warm, bytes_warm = bench.pack()
    assert cold.reused == frozenset()
    assert warm.reused == {"distribution:one", "unowned"}
    assert _Marking.seen == seen == 2
    assert warm.segments == cold.segments
    assert bytes_warm == bytes_cold == bench.pack(cache=tmp_path / "other")[1]


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_number_of_workers_changes_no_byte(
    bench: _Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """1, 2 and 16 processors give what one gives, cold and warm."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    alone = bench.pack(cache=tmp_path / "alone")
    monkeypatch.setattr(os, "cpu_count", lambda: workers)
    cold = bench.pack()
    assert cold == alone
    assert bench.pack()[1] == alone[1]


def _write_text(bench: _Bench) -> None:
    bench.files["two.txt"].write_bytes(b"other, and longer\n")


def _write_same_size(bench: _Bench) -> None:
    bench.files["two.txt"].write_bytes(b"2wo\n")


def _replace_with_its_time(bench: _Bench) -> None:
    path = bench.files["two.txt"]
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"2wo\n")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def _make_executable(bench: _Bench) -> None:
    bench.files["two.txt"].chmod(0o755)


@pytest.mark.parametrize("change", [_write_text, _write_same_size, _replace_with_its_time, _make_executable])
def test_changed_file_is_packed_again(bench: _Bench, tmp_path: Path, change: Callable[[_Bench], None]) -> None:
    """Other bytes, the same number of bytes, another file with the same time, another mode: no stale frame."""
    bench.pack()
    change(bench)
    packed, data = bench.pack()
    assert packed.reused == {"distribution:one"}
    assert data == bench.pack(cache=tmp_path / "fresh")[1]


@pytest.mark.parametrize("change", [_write_text, _write_same_size, _replace_with_its_time, _make_executable])
def test_changed_file_of_a_kept_environment(bench: _Bench, tmp_path: Path, change: Callable[[_Bench], None]) -> None:
    """The same where ``RECORD`` is trusted: not for files that changed since."""
    bench.pack()
    entries = [entry for segment in bench.segments() for entry in segment.entries]
    bench.kept = Kept(tmp_path, {str(entry.path): list(entry.stamp or ()) for entry in entries})
    bench.pack()
    change(bench)
    packed, data = bench.pack()
    assert packed.reused == {"distribution:one"}
    bench.kept = None
    assert data == bench.pack(cache=tmp_path / "fresh")[1]


def test_record_is_not_trusted_for_a_changed_file(bench: _Bench, tmp_path: Path) -> None:
    """A distribution's file that was edited in a kept environment is packed as it is, and found."""
    segments = bench.segments()
    entries = [entry for segment in segments for entry in segment.entries]
    bench.kept = Kept(tmp_path, {str(entry.path): list(entry.stamp or ()) for entry in entries})
    bench.pack()
    row = segments[0].entries[0]
    bench.files["one.txt"].write_bytes(b"1ne\n")
    changed = replace(row, stamp=Stamp.of(bench.files["one.txt"].stat()))
    packed, data = bench.pack(segments=[replace(segments[0], entries=(changed,)), segments[1]])
    assert packed.reused == {"unowned"}
    assert [finding.kind for finding in packed.segments[0].findings] == ["record-mismatch"]
    assert b"1ne\n" in zstandard.ZstdDecompressor().decompressobj().decompress(data)


OTHER: dict[str, tuple[Container, dict[str, Any]]] = {
    "level": (Tar(Zstd(4), 1580601600), {}),
    "time stamp": (Tar(Zstd(3), 1580601601), {}),
    "fixer code": (TAR, {"program": "other"}),
    "plugin": (TAR, {"plugins": "plugin 1.0"}),
    "strip": (TAR, {"strip": True}),
    "isolated": (TAR, {"isolated": True}),
    "certificates": (TAR, {"certificates": "certifi"}),
    "interpreter": (TAR, {"interpreter": context(version=(3, 12, 2)).interpreter}),
    "layout": (TAR, {"layout": context("/home/me/other").layout}),
}


@pytest.mark.parametrize("change", OTHER)
def test_changed_setting_uses_no_frame(bench: _Bench, change: str) -> None:
    """Whatever the bytes may depend on is part of the key."""
    bench.pack()
    container, changes = OTHER[change]
    if change == "fixer code":
        _Marking.mark = b"marked\n"
    packed, data = bench.pack(container, **changes)
    assert packed.reused == frozenset()
    content = b"".join(_contents(data))
    assert (b"one\nmarked\n" in content) is (change == "fixer code")


def _contents(data: bytes) -> Iterator[bytes]:
    while data:
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        yield decompressor.decompress(data)
        data = decompressor.unused_data


def test_changed_search_path_packs_its_segment_again(bench: _Bench) -> None:
    """The library plan counts for the segments whose files it changes, and for no other."""
    bench.pack()
    plan = LibraryPlan(search_paths={SITE / "noise.bin": SearchPath(("$ORIGIN",), inherited=False)})
    assert bench.pack(libraries=plan)[0].reused == {"distribution:one"}


def test_other_rows_in_record(bench: _Bench) -> None:
    """A ``RECORD`` that lists another file is another one, though the files are the same."""
    bench.pack()
    first, second = bench.segments()
    assert first.distribution is not None
    rows = (*first.distribution.rows, RecordRow(SITE / "gone.txt", "", ""))
    changed = replace(first, distribution=replace(first.distribution, rows=rows))
    assert bench.pack(segments=[changed, second])[0].reused == {"unowned"}


def _frames(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "frames").rglob("*") if path.is_file())


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _swap(path: Path) -> None:
    other = next(each for each in sorted(path.parent.parent.rglob("*")) if each.is_file() and each != path)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("harm", [_flip, _cut, _swap, Path.unlink, lambda path: path.write_bytes(b"")])
def test_harmed_frame_is_made_again(bench: _Bench, harm: Callable[[Path], None]) -> None:
    """A frame that is damaged, cut off, another one's, gone or empty is noticed, and the pack is what it was."""
    _, wanted = bench.pack()
    for path in _frames(bench.cache):
        content = path.read_bytes()
        harm(path)
        packed, data = bench.pack()
        assert data == wanted
        assert len(packed.reused) == 1
        assert path.read_bytes() == content


@pytest.mark.parametrize("harm", [_flip, _cut, _swap, Path.unlink, lambda path: path.write_bytes(b"{}")])
def test_harmed_document_is_made_again(bench: _Bench, harm: Callable[[Path], None]) -> None:
    """So is what tells which frames a segment has."""
    _, wanted = bench.pack()
    for path in sorted(path for path in (bench.cache / "segments").rglob("*") if path.is_file()):
        harm(path)
        packed, data = bench.pack()
        assert data == wanted
        assert len(packed.reused) == 1


def test_findings_come_from_the_cache_too(bench: _Bench) -> None:
    """What was found in a segment when it was packed is told again when its frames are reused."""
    bench.files["two.txt"].write_bytes(f"made in {bench.root}/lib\n".encode())
    cold, _ = bench.pack()
    warm, _ = bench.pack()
    assert warm.reused == {"distribution:one", "unowned"}
    for packed in (cold, warm):
        assert [(finding.kind, finding.path) for finding in packed.segments[1].findings] == [
            ("build-path", f"{SITE}/two.txt")
        ]
