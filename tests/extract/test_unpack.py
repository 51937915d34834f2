"""Unpacking as a user sees it: every format, all or nothing, and nothing outside of the folder."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract import engine, frames, pool
from hatch_envpack.extract.unpack import Unpacked, unpack
from tests.conftest import missing
from tests.extract import packs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Built

_NOISE = random.Random(3)
_TREE = [
    packs.folder("bin"),
    packs.file("bin/program", b"#!/bin/sh\n", executable=True),
    packs.link("bin/other", "program"),
    packs.folder("lib"),
    packs.file("lib/large", _NOISE.randbytes(3 << 20)),
    packs.file("lib/caf\udce9\nname", b"x"),
    packs.file("lib/" + "long/" * 60 + "end", b"deep"),
    packs.folder("empty"),
    *(packs.file(f"lib/many/{number}", b"y" * number) for number in range(200)),
]


@pytest.fixture(params=["processes", "in order"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let small packs be unpacked by two processes, or by none."""
    name: str = request.param
    monkeypatch.setattr(engine, "_WORTH_PROCESSES", 0 if name == "processes" else 1 << 60)
    monkeypatch.setattr(engine, "processors", lambda: 2)
    return name


def _indexed(path: Path, *members: packs.Slice) -> Path:
    """Write a pack of small frames, of which there are enough for two processes."""
    length = len(packs.stream(members))
    return packs.indexed(path, members, range(0, length, max(length // 12, 512)))


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_indexed_pack(tmp_path: Path, way: str) -> None:
    """Files, modes, times, links, folders, any names; the counts and the progress are those of the tree."""
    del way
    calls: list[tuple[int, int]] = []
    pack = _indexed(tmp_path / "pack", *_TREE)
    done = unpack(pack, tmp_path / "out", progress=lambda *both: calls.append(both))
    subprocess.run("mkdir tar && zstd -dc pack | tar -x --no-same-owner -C tar", shell=True, cwd=tmp_path, check=True)
    assert packs.tree(tmp_path / "out") == packs.tree(tmp_path / "tar")
    size = sum(len(member.content) for member in _TREE)
    assert done == Unpacked(tmp_path / "out", 204, 1, size)
    assert (tmp_path / "out/lib").stat().st_mtime == packs.MTIME
    assert calls == sorted(calls)
    assert len({all_ for _, all_ in calls}) == 1
    assert 0 < calls[-1][0] <= calls[-1][1]


def test_a_real_pack(tmp_path: Path, pyenv_pack: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its frames are shared out between processes, and the tree is that of `tar`."""
    monkeypatch.setattr(engine, "_WORTH_PROCESSES", 0)
    monkeypatch.delattr(engine, "_unpack_stream")
    done = unpack(pyenv_pack.pack, tmp_path / "own", jobs=2)
    (tmp_path / "tar").mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pyenv_pack.pack, "-C", tmp_path / "tar"], check=True)
    expected = packs.tree(tmp_path / "tar")
    assert packs.tree(tmp_path / "own") == expected
    kinds = [each[0] for each in expected.values()]
    assert (done.files, done.links) == (kinds.count("file"), kinds.count("link"))


def test_large_file_is_written_by_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Pieces of one file, written by any process once the file is there, are the file, with its time."""
    del way
    monkeypatch.setattr(frames, "_TASK", 100_000)
    monkeypatch.setattr(frames, "_SPLIT", 200_000)
    large = packs.file("d/large", _NOISE.randbytes(2_000_000), executable=True)
    members = [packs.file("before"), large, packs.file("after")]
    unpack(packs.indexed(tmp_path / "pack", members, range(1024, 2_002_000, 50_000)), tmp_path / "out")
    assert (tmp_path / "out/d/large").read_bytes() == large.content
    assert (tmp_path / "out/d/large").stat().st_mtime == packs.MTIME
    assert _names(tmp_path / "out") == ["after", "before", "d"]


def test_a13_more_behind_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `tar` would not unpack is not unpacked by several processes either: such a pack is refused."""
    monkeypatch.setattr(engine, "_WORTH_PROCESSES", 0)
    members = [packs.file("a", bytes(5 << 20)), packs.END._replace(), packs.file("b", bytes(5 << 20))]
    pack = packs.indexed(tmp_path / "pack", members, range(0, 11 << 20, 1 << 20))
    with pytest.raises(ArchiveError, match="end is not where it should be"):
        unpack(pack, tmp_path / "out", jobs=2)
    assert _names(tmp_path) == ["pack"]


def test_a9_umask_and_modes(tmp_path: Path, way: str) -> None:
    """As with ``tar -x``, the umask counts but for root; setuid and what groups may write do not come along."""
    del way
    info = tarfile.TarInfo("setuid")
    info.mode = 0o6777
    other = tarfile.TarInfo("private")
    other.mode = 0o600
    before = os.umask(0o027)
    try:
        pack = _indexed(tmp_path / "pack", packs.Slice(info.tobuf()), packs.Slice(other.tobuf()), packs.folder("d"))
        unpack(pack, tmp_path / "out")
    finally:
        os.umask(before)
    left = 0o777 if os.geteuid() == 0 else 0o750
    modes = {name: stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) for name in ("setuid", "private", "d", ".")}
    assert modes == {"setuid": 0o755 & left, "private": 0o644 & left, "d": 0o755 & left, ".": 0o755 & left}


_PARTS = st.text(st.characters(exclude_characters="/\0\\", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 250
)
_TREES = st.dictionaries(
    st.lists(_PARTS, min_size=1, max_size=4).map("/".join), st.binary(max_size=2000) | st.none(), max_size=12
).filter(lambda tree: not any(name != other and name.startswith(f"{other}/") for name in tree for other in tree))


def _tar(stream: io.BytesIO, tree: dict[str, bytes | None], kind: int) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
        for name, content in tree.items():
            info = tarfile.TarInfo(name)
            info.mtime = packs.MTIME
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "nowhere"
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))


def _zip(stream: io.BytesIO, tree: dict[str, bytes | None], method: int) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in tree.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777 if content is None else stat.S_IFREG | 0o644) << 16
            info.compress_type = method
            archive.writestr(info, b"nowhere" if content is None else content)


_WRITERS: dict[str, Callable[[dict[str, bytes | None]], bytes]] = {}


def _writer(name: str) -> Callable[[Callable[[io.BytesIO, dict[str, bytes | None]], None]], None]:
    def register(write: Callable[[io.BytesIO, dict[str, bytes | None]], None]) -> None:
        def made(tree: dict[str, bytes | None]) -> bytes:
            stream = io.BytesIO()
            write(stream, tree)
            return stream.getvalue()

        _WRITERS[name] = made

    return register


_writer("tar gnu")(lambda stream, tree: _tar(stream, tree, tarfile.GNU_FORMAT))
_writer("tar pax")(lambda stream, tree: _tar(stream, tree, tarfile.PAX_FORMAT))
_writer("zip stored")(lambda stream, tree: _zip(stream, tree, zipfile.ZIP_STORED))
_writer("zip deflated")(lambda stream, tree: _zip(stream, tree, zipfile.ZIP_DEFLATED))


def _members(data: bytes, pieces: int, compress: Callable[[bytes], bytes]) -> bytes:
    size = len(data) // pieces + 1
    return b"".join(compress(data[start : start + size]) for start in range(0, len(data), size))


@settings(max_examples=40)
@given(
    _TREES,
    st.sampled_from(sorted(_WRITERS)),
    st.integers(1, 40),
    st.sampled_from([None, zstandard.compress, gzip.compress]),
)
def test_a6_a7_a10_any_tree_in_any_format(
    tree: dict[str, bytes | None], name: str, pieces: int, compress: Callable[[bytes], bytes] | None
) -> None:
    """What was put into an archive comes out, whatever it was written with and however it is compressed."""
    data = _WRITERS[name](tree)
    if compress and name.startswith("tar"):
        data = _members(data, pieces, compress)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack").write_bytes(data)
        out = Path(folder) / "out"
        done = unpack(Path(folder) / "pack", out)
        found = {name: None if (out / name).is_symlink() else (out / name).read_bytes() for name in tree}
        assert found == tree
        assert done.files + done.links == len(tree)


@pytest.mark.parametrize("command", [
    "tar -cf ../pack .",
    "tar -czf ../pack .",
    "tar --zstd -cf ../pack .",
    "tar --format=posix -cf ../pack *",
    "tar --format=v7 -cf ../pack *",
    "tar --format=oldgnu -cf ../pack *",
    "bsdtar -cf ../pack --format=pax *",
    "busybox tar -cf ../pack *",
    "zip -qry - . > ../pack",
    "zip -qry0 ../pack.zip . && mv ../pack.zip ../pack",
    "bsdtar -cf ../pack --format=zip *",
])  # fmt: skip
def test_a10_archives_of_real_programs(tmp_path: Path, command: str) -> None:
    """GNU tar, bsdtar, BusyBox and Info-ZIP, found by what is in the file and not by its name."""
    if shutil.which(command.split(maxsplit=1)[0]) is None:
        missing(f"{command.split(maxsplit=1)[0]} is not installed")
    source = tmp_path / "source"
    (source / "lib/ordner ü").mkdir(parents=True)
    (source / "lib/ordner ü/data").write_bytes(bytes(100_000) + _NOISE.randbytes(2_000_000))
    (source / "program").write_bytes(b"#!/bin/sh\n")
    (source / "program").chmod(0o755)
    (source / "empty").write_bytes(b"")
    (source / "link").symlink_to("lib/ordner ü/data")
    for path in source.rglob("*"):
        os.utime(path, (packs.MTIME, packs.MTIME), follow_symlinks=False)
    subprocess.run(command, shell=True, cwd=source, check=True)
    unpack(tmp_path / "pack", tmp_path / "out")
    # not all of these keep the time of a link
    assert [
        (name, each[:2] if each[0] == "link" else each) for name, each in sorted(packs.tree(tmp_path / "out").items())
    ] == [(name, each[:2] if each[0] == "link" else each) for name, each in sorted(packs.tree(source).items())]


def test_hard_links(tmp_path: Path, way: str) -> None:
    """A hard link to a member is one, whatever comes first, and one to a symbolic link is another of these."""
    del way
    first, second = tarfile.TarInfo("z"), tarfile.TarInfo("new/y")
    first.type = second.type = tarfile.LNKTYPE
    first.linkname, second.linkname = "./a", "s"
    links = [packs.Slice(first.tobuf()), packs.Slice(second.tobuf())]
    done = unpack(_indexed(tmp_path / "p", *links, packs.file("a", b"1"), packs.link("s", "a")), tmp_path / "out")
    assert (tmp_path / "out/z").samefile(tmp_path / "out/a")
    assert (tmp_path / "out/new/y").readlink() == Path("a")
    assert (done.files, done.links) == (1, 3)


def _special(kind: bytes, name: str = "null", target: str = "") -> packs.Slice:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return packs.Slice(info.tobuf())


_HOSTILE = {
    "above": ([packs.file("../out")], "outside"),
    "above behind a folder": ([packs.file("a/../../out")], "outside"),
    "above to come back": ([packs.file("a/../b")], "outside"),
    "absolute": ([packs.file("/out")], "outside"),
    "folder above": ([packs.folder("../out")], "outside"),
    "link above": ([packs.link("../out", "x")], "outside"),
    "the folder itself": ([packs.link(".", "x")], "folder itself"),
    "NUL": ([packs.file("a\0b" * 40)], "outside|no file can have"),
    "through a link": ([packs.link("door", "../out"), packs.file("door/file")], "leads out|twice"),
    "through a link inside": ([packs.folder("d"), packs.link("door", "d"), packs.file("door/file")], "twice"),
    "link through a link": ([packs.link("door", "."), packs.link("door/x", "y")], "through a link"),
    "folder through a link": ([packs.link("door", "../out"), packs.folder("door/file")], "leads out|twice"),
    "link out": ([packs.link("a", "../out")], "leads out"),
    "link to the root": ([packs.link("a", "/")], "leads out"),
    "link out over another": ([packs.link("d/e/up", "../.."), packs.link("b", "d/e/up/..")], "leads out"),
    "hard link out": ([_special(tarfile.LNKTYPE, "a", "../out")], "outside"),
    "hard link to the root": ([_special(tarfile.LNKTYPE, "a", "/etc/passwd")], "outside"),
    "hard link to nothing": ([_special(tarfile.LNKTYPE, "a", "b")], "not in the pack"),
    "hard link to a folder": ([packs.folder("b"), _special(tarfile.LNKTYPE, "a", "b")], "cannot be written"),
    "hard link over a file": ([packs.file("b"), packs.file("a"), _special(tarfile.LNKTYPE, "a", "b")], "twice"),
    "two links": ([packs.link("a", "b"), packs.link("a", "c")], "two links"),
    "character device": ([_special(tarfile.CHRTYPE)], "neither file, folder nor link"),
    "block device": ([_special(tarfile.BLKTYPE)], "neither file, folder nor link"),
    "FIFO": ([_special(tarfile.FIFOTYPE)], "neither file, folder nor link"),
    "twice": ([packs.file("a"), packs.file("a")], "twice"),
    "file then folder": ([packs.file("a"), packs.file("a/b")], "both file and folder"),
    "folder then file": ([packs.file("a/b"), packs.file("a")], "both file and folder"),
    "file then folder member": ([packs.file("a"), packs.folder("a")], "both file and folder"),
    "link over a file": ([packs.file("a"), packs.link("a", "b")], "twice"),
    "name too long": ([packs.file("n" * 300)], "name too long"),
    "path too long": ([packs.file("n/" * 2500 + "x")], "name too long"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(_HOSTILE))
def test_a13_hostile_archives(tmp_path: Path, way: str, case: str) -> None:
    """One line says what is refused; nothing is written outside, and nothing is left."""
    del way
    members, message = _HOSTILE[case]
    (tmp_path / "place").mkdir()
    pack = _indexed(tmp_path / "pack", packs.file("first"), *members, packs.file("last"))
    with pytest.raises(ArchiveError, match=rf"(?i)pack: .*({message})") as caught:
        unpack(pack, tmp_path / "place/folder")
    assert "\n" not in str(caught.value)
    assert _names(tmp_path) == ["pack", "place"]
    assert _names(tmp_path / "place") == []


def test_folders_may_be_told_twice(tmp_path: Path, way: str) -> None:
    """Or after what lies in them, or not at all, or as the folder itself: many programs write them so."""
    del way
    members = [packs.folder("."), packs.file("a/b/c"), packs.folder("a"), packs.folder("a"), packs.folder("a/b")]
    unpack(_indexed(tmp_path / "pack", *members), tmp_path / "out")
    assert (tmp_path / "out/a/b/c").read_bytes() == b"x"


def _zip_with(path: Path, name: str, mode: int, content: bytes = b"x", **fields: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr, info.compress_type = 3, mode << 16, zipfile.ZIP_DEFLATED
        for field, value in fields.items():
            setattr(info, field, value)
        archive.writestr(info, content)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "content", "message"),
    [
        ("../out", stat.S_IFREG, b"x", "outside"),
        ("/out", stat.S_IFREG, b"x", "outside"),
        ("link", stat.S_IFLNK, b"../out", "leads out"),
        ("link", stat.S_IFLNK, b"/etc", "leads out"),
        ("link", stat.S_IFLNK, b"a" * 5000, "too long"),
        ("link", stat.S_IFLNK, b"a\0b", "leads out"),
        ("fifo", stat.S_IFIFO, b"", "neither file"),
    ],
)
def test_a13_hostile_zips(tmp_path: Path, name: str, mode: int, content: bytes, message: str) -> None:
    """The same for a zip, which says all that in other places."""
    pack = _zip_with(tmp_path / "pack", name, mode, content)
    with pytest.raises(ArchiveError, match=message):
        unpack(pack, tmp_path / "place/folder")
    assert _names(tmp_path / "place") == []


def test_a13_zip_that_lies(tmp_path: Path) -> None:
    """Another method, a password, another size or checksum than the directory has."""
    content = bytes(5000)
    for change, message in (
        ((b"\x08\x00", b"\x0c\x00", 10), "deflate"),
        ((b"\x00\x00", b"\x01\x00", 8), "encrypted"),
        ((len(content).to_bytes(4, "little"), (100).to_bytes(4, "little"), 24), "directory says"),
        ((len(content).to_bytes(4, "little"), (1 << 30).to_bytes(4, "little"), 24), "directory says"),
        ((None, b"abcd", 16), "directory says"),
        ((None, b"\xff\xff\xff\x7e", 42), "damaged"),
    ):
        old, new, offset = change
        data = bytearray(_zip_with(tmp_path / "pack", "a", stat.S_IFREG, content).read_bytes())
        place = bytes(data).index(b"PK\x01\x02") + offset
        assert old is None or data[place : place + len(old)] == old
        data[place : place + len(new)] = new
        (tmp_path / "pack").write_bytes(data)
        with pytest.raises(ArchiveError, match=message):
            unpack(tmp_path / "pack", tmp_path / "out")
        assert _names(tmp_path) == ["pack"]


_FOREIGN = [
    b"",
    b"not an archive",
    bytes(100),
    zstandard.compress(b"not tar" * 1000),
    gzip.compress(b"not tar" * 1000, mtime=0),
]


@pytest.mark.parametrize("content", [*_FOREIGN, b"PK\x03\x04" + bytes(100), b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08"])
def test_a13_foreign_files(tmp_path: Path, content: bytes) -> None:
    """What is no pack is said to be none."""
    (tmp_path / "pack").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"damaged|is no archive"):
        unpack(tmp_path / "pack", tmp_path / "out")
    assert _names(tmp_path) == ["pack"]


def test_a13_pack_that_is_no_file(tmp_path: Path) -> None:
    """Nothing, a folder, a FIFO that nobody writes to."""
    os.mkfifo(tmp_path / "fifo")
    for name in ("nothing", ".", "fifo"):
        with pytest.raises(ArchiveError, match="cannot be read"):
            unpack(tmp_path / name, tmp_path / "out")


@pytest.fixture(params=["tar", "gz", "zst", "indexed", "zip"])
def any_format(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a pack; the one with an index is unpacked by processes."""
    monkeypatch.setattr(engine, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(engine, "processors", lambda: 2)
    path = tmp_path / str(request.param)
    if path.name == "indexed":
        return _indexed(path, *_TREE)
    if path.name == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(50):
                archive.writestr(str(number), _NOISE.randbytes(1000) + bytes(1000))
        return path
    compress: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": packs.compress, "tar": bytes}
    path.write_bytes(_members(packs.stream(_TREE), 7, compress[path.name]))
    return path


def test_a12_truncated_anywhere(tmp_path: Path, any_format: Path) -> None:
    """A file that was cut off is noticed, also at the border of a frame or of a member, and leaves nothing."""
    data = any_format.read_bytes()
    unpack(any_format, tmp_path / "whole")
    # what is lost of an index is no loss to the content
    end = data.index(b"\x5d\x2a\x4d\x18") - 20 if any_format.name == "indexed" else len(data) - 1100
    for size in (1, 1023, 1024, 100_000, end // 2, end):
        (tmp_path / "cut").write_bytes(data[: min(size, end)])
        with pytest.raises(ArchiveError):
            unpack(tmp_path / "cut", tmp_path / "out")
    assert _names(tmp_path) == sorted(["cut", any_format.name, "whole"])


@pytest.mark.parametrize("missing", range(1, 9))
def test_a12_last_bytes_of_gzip(tmp_path: Path, missing: int) -> None:
    """All content is there, and the checksum of its last part is not: nobody knows whether it is right."""
    content = _members(packs.stream(_TREE), 7, gzip.compress) + gzip.compress(bytes(1024))
    (tmp_path / "cut").write_bytes(content[:-missing])
    with pytest.raises(ArchiveError, match="ends too early"):
        unpack(tmp_path / "cut", tmp_path / "out")
    assert _names(tmp_path) == ["cut"]


def test_a12_flipped_bits(tmp_path: Path, any_format: Path) -> None:
    """Whatever was compressed has a checksum: other content never comes out."""
    unpack(any_format, tmp_path / "whole")
    expected = packs.tree(tmp_path / "whole")
    data = bytearray(any_format.read_bytes())
    places = random.Random(5)
    # an uncompressed tar has checksums of its headers alone
    for _ in range(0 if any_format.name == "tar" else 8):
        place, bit = places.randrange(len(data)), 1 << places.randrange(8)
        data[place] ^= bit
        (tmp_path / "broken").write_bytes(data)
        data[place] ^= bit
        with contextlib.suppress(ArchiveError):
            unpack(tmp_path / "broken", tmp_path / "out")
            # names and times in the directory of a zip have none either
            assert packs.tree(tmp_path / "out") == expected or any_format.name == "zip"
            shutil.rmtree(tmp_path / "out")


def test_a12_what_is_there_stays(tmp_path: Path) -> None:
    """A folder with something in it, or a file, is left as it is; an empty one is fine, a missing parent is made."""
    pack = packs.plain(tmp_path / "pack", packs.file("a"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    (tmp_path / "file").touch()
    for name in ("full", "file"):
        with pytest.raises(ArchiveError, match=f"{name} exists: remove it or name another folder$"):
            unpack(pack, tmp_path / name)
    with pytest.raises(ArchiveError, match=r"file/below cannot be made: File exists$"):
        unpack(pack, tmp_path / "file/below")
    assert _names(tmp_path / "full") == ["mine"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    for name in ("link", "new/parents/folder"):
        done = unpack(pack, tmp_path / name)
        assert _names(tmp_path / name) == ["a"]
    assert done.folder == tmp_path / "new/parents/folder"
    assert (tmp_path / "link").is_symlink()
    assert _names(tmp_path / "new/parents") == ["folder"]


def test_a12_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a slash is a folder of the working directory."""
    monkeypatch.chdir(tmp_path)
    packs.plain(Path("pack"), packs.file("a"))
    assert unpack(Path("pack"), Path("out")).folder == tmp_path / "out"
    with pytest.raises(ArchiveError, match=r"\. exists"):
        unpack(Path("pack"), Path())


def test_a12_two_at_once(tmp_path: Path) -> None:
    """One wins; the others are told in one line; what lies there is whole, and nothing else is left."""
    pack = _indexed(tmp_path / "pack", *_TREE)
    (tmp_path / "place").mkdir()
    results: list[object] = []

    def work() -> None:
        try:
            results.append(unpack(pack, tmp_path / "place/out"))
        except ArchiveError as error:
            results.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = [each for each in results if isinstance(each, str)]
    assert len(lost) == 3
    assert all("exists: remove it or name another folder" in each for each in lost)
    assert len(packs.tree(tmp_path / "place/out")) > 200
    assert _names(tmp_path / "place") == ["out"]


_UNPACK = """
import sys
from pathlib import Path
from hatch_envpack.errors import EnvpackError
from hatch_envpack.extract import engine, frames, pool
from hatch_envpack.extract.unpack import unpack
engine._WORTH_PROCESSES = 0 if sys.argv[3] == "processes" else 1 << 60
engine.processors = lambda: 2
wait = (lambda done, all: (print("begun", flush=True), sys.stdin.readline())) if sys.argv[4:] else None
try:
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), progress=wait)
except EnvpackError as error:
    sys.exit(f"one line: {error}")
except KeyboardInterrupt:
    sys.exit(130)
"""


def _begun(pack: Path, folder: Path, way: str) -> subprocess.Popen[str]:
    """Return a process that waits in the midst of unpacking."""
    process = subprocess.Popen(
        [sys.executable, "-c", _UNPACK, pack, folder, way, "wait"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a12_stopped(tmp_path: Path, way: str, number: signal.Signals) -> None:
    """Ctrl-C and ``SIGTERM`` leave nothing, and no traceback is shown."""
    process = _begun(_indexed(tmp_path / "pack", *_TREE), tmp_path / "place/out", way)
    assert len(_names(tmp_path / "place")) == 1
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    assert (process.returncode, words) == (128 + number, "")
    assert _names(tmp_path / "place") == []


def test_a12_killed(tmp_path: Path, way: str) -> None:
    """A killed process leaves its folder under a temporary name; the next one takes it away, but not one in use."""
    pack = _indexed(tmp_path / "pack", *_TREE)
    living = _begun(pack, tmp_path / "place/living", way)
    killed = _begun(pack, tmp_path / "place/killed", way)
    killed.kill()
    killed.communicate()
    assert len(_names(tmp_path / "place")) == 2
    limit = time.monotonic() + 30
    while len(_names(tmp_path / "place")) > 1 and time.monotonic() < limit:
        # its own processes may have to notice first that it is gone
        unpack(pack, tmp_path / "place/next")
        shutil.rmtree(tmp_path / "place/next")
    assert len(_names(tmp_path / "place")) == 1
    living.communicate("\n" * 1000, timeout=30)
    assert living.returncode == 0
    assert _names(tmp_path / "place") == ["living"]
    assert len(packs.tree(tmp_path / "place/living")) > 200


def test_a12_process_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the kernel ends for want of memory is noticed, and nothing is left."""
    monkeypatch.setattr(engine, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(pool, "_PROGRAM", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ArchiveError, match="a process ended with -9: is there enough memory"):
        unpack(_indexed(tmp_path / "pack", *_TREE), tmp_path / "place/out", jobs=2)
    assert _names(tmp_path / "place") == []


def test_a12_disk_full(tmp_path: Path, way: str) -> None:
    """One line says where room is missing, and what was written is gone again."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        missing("a file system of its own takes root and unshare")
    pack = _indexed(tmp_path / "pack", *_TREE)
    (tmp_path / "small").mkdir()
    script = 'mount -t tmpfs -o size=2m tmpfs "$1" && "$2" -c "$3" "$4" "$1/out" "$5"; echo $?; ls -A "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", tmp_path / "small", sys.executable, _UNPACK, pack, way],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr.startswith("one line: ")
    assert done.stderr.count("\n") == 1
    assert f"No space left on device: make room for {tmp_path}/small/out" in done.stderr
    assert done.stdout == "1\n"


def test_a11_folder_above_is_read_only(tmp_path: Path) -> None:
    """What cannot be made beside the folder is told, with what it takes."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        missing("a file system of its own takes root and unshare")
    pack = packs.plain(tmp_path / "pack", packs.file("a"))
    (tmp_path / "mounted").mkdir()
    script = 'mount -t tmpfs -o ro tmpfs "$1" && "$2" -c "$3" "$4" "$1/out" "in order"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", tmp_path / "mounted", sys.executable, _UNPACK, pack],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.startswith(
        f"one line: {tmp_path}/mounted/out cannot be made: Read-only file system: the pack is"
    )


def test_a12_mount_point(tmp_path: Path) -> None:
    """What cannot be replaced in one step is not: an empty mounted file system."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        missing("a file system of its own takes root and unshare")
    pack = packs.plain(tmp_path / "pack", packs.file("a"))
    (tmp_path / "mounted").mkdir()
    script = 'mount -t tmpfs tmpfs "$1" && "$2" -c "$3" "$4" "$1" "in order"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", tmp_path / "mounted", sys.executable, _UNPACK, pack],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.startswith(f"one line: {tmp_path}/mounted cannot be made: ")
    assert done.stderr.endswith(": a file system is mounted there: name a folder inside of it\n")
    assert _names(tmp_path) == ["mounted", "pack"]


@pytest.mark.parametrize("name", sorted(_WRITERS))
@settings(max_examples=25)
@given(data=st.data())
def test_a13_damage_of_any_kind(name: str, data: st.DataObject) -> None:
    """Bytes that are changed, lost or brought in anywhere: it is unpacked, or there is one line and no folder."""
    archive = bytearray(_WRITERS[name]({"folder/file": b"content" * 300, "link": None, "ü" * 90: b"x"}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(archive) - 1))
        archive[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack").write_bytes(archive)
        (Path(folder) / "place").mkdir()
        try:
            unpack(Path(folder) / "pack", Path(folder) / "place/out")
        except ArchiveError:
            assert _names(Path(folder) / "place") == []
        assert set(_names(Path(folder))) == {"pack", "place"}


@pytest.mark.parametrize("compress", [zstandard.compress, gzip.compress])
def test_a13_bomb_takes_no_memory(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """A member that says a terabyte, and zeros without end: read in pieces, until the end comes too early."""
    info = tarfile.TarInfo("zeros")
    info.size = 1 << 40
    (tmp_path / "pack").write_bytes(compress(info.tobuf(tarfile.GNU_FORMAT)) + compress(bytes(64 << 20)) * 4)
    script = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))" + _UNPACK
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "pack", tmp_path / "place/out", "in order"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "ends too early" in done.stderr
    assert _names(tmp_path / "place") == []
