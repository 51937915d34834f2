"""Archives that mean harm: refused in one line, by the verb and by the program, in bounded memory and time."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hatch_envpack
from hatch_envpack import EnvpackError
from hatch_envpack.archive import layout
from hatch_envpack.archive.index import INDEX_MAGIC, read_index
from hatch_envpack.archive.zip_layout import end_of_directory
from hatch_envpack.sums.verify_envpack import NoPackError, Verified, verify_archive, verify_folder
from tests.cli.test_program import COMMAND
from tests.sums.packs import DIRECTORY, FILE, FORMATS, LINK, Part, parts_of, small_pack, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LIMIT = 1 << 30
_RUN = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({_LIMIT}, {_LIMIT}))
import hatch_envpack
from hatch_envpack.sums.verify_envpack import NoPackError, verify_archive
path = sys.argv[2]
try:
    if sys.argv[1] == "verb":
        print(hatch_envpack.verify(path).ok)
    else:
        with open(path, "rb", buffering=0) as stream:
            print(verify_archive(stream).ok)
except (hatch_envpack.EnvpackError, NoPackError) as error:
    print(error)
"""
_READERS = ("verb", "program")


def _in_little_memory(reader: str, pack: Path) -> str:
    done = subprocess.run([sys.executable, "-c", _RUN, reader, pack], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    return done.stdout


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one environment packed in every format."""
    folder = tmp_path_factory.mktemp("packs")
    return {name: small_pack(folder / name, name) for name in FORMATS}


def _refusals(pack: Path) -> Iterator[str]:
    with pytest.raises(EnvpackError) as caught:
        hatch_envpack.verify(pack)
    yield str(caught.value)
    with pack.open("rb", buffering=0) as stream, pytest.raises(NoPackError) as other:
        verify_archive(stream)
    yield str(other.value)


_MEMBERS: list[tuple[list[Part], str]] = [
    ([Part("../outside", FILE, b"x")], "outside of the folder"),
    ([Part("/outside", FILE, b"x")], "outside of the folder"),
    ([Part("bin/../../outside", LINK, b"x")], "outside of the folder"),
    ([Part("pyvenv.cfg", FILE, b"x")], "twice"),
    ([Part("bin/pydoc", FILE, b"x")], "twice"),
    ([Part(".", FILE, b"x")], "the folder itself"),
    ([Part("device", tarfile.CHRTYPE)], "neither file, folder nor link"),
    ([Part("fifo", tarfile.FIFOTYPE)], "neither file, folder nor link"),
    ([Part("a" * 5000, FILE)], "longer name"),
    ([Part("a/" * 2500, FILE)], "longer name"),
    ([Part("a", LINK, b"b/" * 2500)], "longer name"),
    ([Part("other", b"1", b"other")], "hard link to"),
    ([Part("other", b"1", b"../outside")], "outside of the folder"),
]


@pytest.mark.parametrize("name", ["tar.gz", "tar"])
@pytest.mark.parametrize(("more", "words"), _MEMBERS)
def test_members(tmp_path: Path, packs: dict[str, Path], more: list[Part], words: str, name: str) -> None:
    """What no pack has is refused, though all that was packed is there."""
    for said in _refusals(write([*parts_of(packs["tar"]), *more], tmp_path / "pack", name)):
        assert words in said
        assert len(said) < 12_000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([Part("up", LINK, b"../outside")], "leads out of the folder"),
        ([Part("up", LINK, b"/etc")], "leads out of the folder"),
        ([Part("here", LINK, b"bin"), Part("here/x", FILE)], "both file and folder"),
        ([Part("pyvenv.cfg/x", FILE)], "both file and folder"),
        ([Part("pyvenv.cfg/x", DIRECTORY)], "both file and folder"),
        ([Part("pyvenv.cfg", DIRECTORY)], "both file and folder"),
    ],
)
def test_what_would_not_be_unpacked(tmp_path: Path, packs: dict[str, Path], more: list[Part], words: str) -> None:
    """The verb refuses what `unpack` does. To the program that is what was added."""
    pack = write([*parts_of(packs["tar"]), *more], tmp_path / "pack", "tar")
    with pytest.raises(EnvpackError, match=words):
        hatch_envpack.verify(pack)
    with pytest.raises(EnvpackError):
        hatch_envpack.unpack(pack, tmp_path / "app")
    with pack.open("rb", buffering=0) as stream:
        assert set(verify_archive(stream).added) <= {part.name for part in more}


def test_links_that_lead_around(tmp_path: Path, packs: dict[str, Path]) -> None:
    """Some thousand links, each of which goes up and down a thousand times, take no minutes."""
    links = [Part(f"l{number:04}", LINK, b"bin/../" * 580 + b"bin") for number in range(2000)]
    pack = write([*parts_of(packs["tar"]), *links], tmp_path / "pack", "tar")
    with pytest.raises(EnvpackError, match="lead around too much"):
        hatch_envpack.verify(pack)


def test_links_up_and_down(tmp_path: Path, packs: dict[str, Path]) -> None:
    """Names as deep as there can be, each in folders of its own, need no memory for those folders."""
    deep = [Part(f"{number:04}/" + "a/" * 2000 + "x", FILE) for number in range(300)]
    found = hatch_envpack.verify(write([*parts_of(packs["tar"]), *deep], tmp_path / "pack", "tar.gz"))
    assert (found.ok, len(found.added)) == (True, 300)


def _header(name: str, size: int) -> bytes:
    return layout.file_header(name, size, executable=False, mtime=0)


def _huge_manifest() -> Iterator[bytes]:
    yield _header("envpack.json", 1 << 32)
    yield from (bytes(1 << 20) for _ in range(24))


def _huge_sums() -> Iterator[bytes]:
    yield _header("envpack.sha256", 1 << 32)
    yield from (bytes(1 << 20) for _ in range(64))


def _huge_extension() -> Iterator[bytes]:
    yield tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT).replace(b"x", b"y")  # a member that is like any other
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    yield info.tobuf(tarfile.GNU_FORMAT)
    yield from (bytes(1 << 20) for _ in range(8))


def _impossible_size() -> Iterator[bytes]:
    info = tarfile.TarInfo("long")
    info.size = -(1 << 40)
    yield info.tobuf(tarfile.GNU_FORMAT)


def _more_than_there_is() -> Iterator[bytes]:
    yield _header("file", 1 << 40)
    yield bytes(1 << 20)


def _endless_padding() -> Iterator[bytes]:
    yield _header("file", 0)
    yield from (bytes(1 << 20) for _ in range(2000))


def _deep_json() -> Iterator[bytes]:
    data = b'{"links": ' + b"[" * (8 << 20)
    yield _header("envpack.json", len(data)) + data + layout.padding(len(data))
    yield _header("envpack.sha256", 0) + layout.END


def _many_lists() -> Iterator[bytes]:
    data = b'{"links": [' + b"{}," * (5 << 20) + b"{}]}"
    yield _header("envpack.json", len(data)) + data + layout.padding(len(data))
    yield _header("envpack.sha256", 0) + layout.END


def _many_lines() -> Iterator[bytes]:
    manifest = b'{"sums": {"files": 1}, "links": {}, "executables": []}'
    yield _header("envpack.json", len(manifest)) + manifest + layout.padding(len(manifest))
    data = b"".join(b"%064x  %x\n" % (number, number) for number in range(650_000))
    yield _header("envpack.sha256", len(data)) + data + layout.padding(len(data)) + layout.END


def _many_extensions() -> Iterator[bytes]:
    """Give extended headers for ever, and never the member that they are for."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 13
    block = info.tobuf(tarfile.USTAR_FORMAT) + b"13 path=abcd\n" + bytes(499)
    yield from (block * 1000 for _ in range(200))


def _sparse() -> Iterator[bytes]:
    """Give a map of holes that goes on and on, in GNU's first way of writing it."""
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[482] = 1  # more follows
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * ord(" ") + sum(block[156:]))
    yield bytes(block)
    yield from (((b"%011o\0" % 1) * 42 + b"\1" + bytes(7)) * 2000 for _ in range(200))


def _new_sparse() -> Iterator[bytes]:
    """Give the same in its last way."""
    info = tarfile.TarInfo("x")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x"}
    info.size = 1 << 32
    yield info.tobuf(tarfile.PAX_FORMAT)
    yield b"100000000\n"
    yield from (b"1\n" * (1 << 19) for _ in range(200))


def _headers_for_all() -> Iterator[bytes]:
    """Give keys that count for all members that follow."""
    for number in range(50):
        records = b"".join(b"15 %08d=ab\n" % key for key in range(number * 60_000, (number + 1) * 60_000))
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XGLTYPE, len(records)
        yield info.tobuf(tarfile.USTAR_FORMAT) + records + layout.padding(len(records))
        yield _header(f"file{number}", 0)


def test_a_huge_directory(tmp_path: Path, packs: dict[str, Path]) -> None:
    """What a zip says of the size of its directory is not believed."""
    pack = tmp_path / "pack"
    data = packs["zip"].read_bytes()
    with pack.open("wb") as stream:
        stream.write(data)
        stream.truncate(1 << 31)
        stream.seek(1 << 31)
        stream.write(end_of_directory(10**7, (1 << 31) - len(data), len(data)))
    for reader in _READERS:
        assert "more names than any pack has" in _in_little_memory(reader, pack)


@pytest.mark.parametrize("reader", _READERS)
@pytest.mark.parametrize(
    "make",
    [
        _huge_manifest, _huge_sums, _huge_extension, _impossible_size, _more_than_there_is, _endless_padding,
        _sparse, _new_sparse, _headers_for_all, _deep_json, _many_lists, _many_lines, _many_extensions,
    ],
)  # fmt: skip
def test_sizes(tmp_path: Path, make: Callable[[], Iterator[bytes]], reader: str) -> None:
    """What is small as a file, and claims or becomes gigabytes, is refused in less than one."""
    with gzip.open(tmp_path / "pack.tar.gz", "wb", 1) as stream:
        for piece in make():
            stream.write(piece)
    assert _in_little_memory(reader, tmp_path / "pack.tar.gz") != "True\n"


def _many_in_tar(path: Path) -> None:
    """Write a million empty files."""
    plain = _header("f0000000", 0)
    total = sum(plain[:148]) + 8 * ord(" ") + sum(plain[156:]) - sum(plain[:8])
    with gzip.open(path, "wb", 1) as stream:
        for start in range(0, 10**6, 1000):
            names = [b"f%07d" % number for number in range(start, start + 1000)]
            stream.write(
                b"".join(name + plain[8:148] + b"%06o\0 " % (total + sum(name)) + plain[156:] for name in names)
            )
        stream.write(layout.END)


def _many_in_zip(path: Path) -> None:
    """Write a directory of one file a million times."""
    record = struct.Struct("<IHHHHHHIIIHHHHHII")
    fields = (0x02014B50, 3 << 8 | 20, 20, 0, 0, 0, 0x21, 0, 0, 0, 8, 0, 0, 0, 0, 0o100644 << 16, 0)
    start = record.pack(*fields)
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0x21, 0, 0, 0, 8, 0) + b"f0000000")
        offset = stream.tell()
        size = stream.write((start + b"f0000000") * 10**6)
        stream.write(end_of_directory(10**6, size, offset))


@pytest.mark.parametrize(
    ("reader", "make", "words"),
    [
        ("verb", _many_in_tar, "it has more names than any pack has"),
        ("verb", _many_in_zip, "it has 'f0000000' twice"),
        ("program", _many_in_zip, "it has 'f0000000' twice"),
    ],
)
def test_a_million_members(tmp_path: Path, reader: str, make: Callable[[Path], None], words: str) -> None:
    """They are not all kept."""
    make(tmp_path / "pack")
    assert words in _in_little_memory(reader, tmp_path / "pack")


@pytest.mark.parametrize("reader", _READERS)
def test_a_bomb(tmp_path: Path, packs: dict[str, Path], reader: str) -> None:
    """A zip's member that is a thousand times as large as it looks is never in memory whole."""
    zeros = Part("zeros", FILE, bytes(300 << 20))
    pack = write([*parts_of(packs["tar"]), zeros], tmp_path / "pack", "zip")
    assert pack.stat().st_size < 1 << 20
    assert _in_little_memory(reader, pack) == "True\n"


def test_a_pipe_without_end(packs: dict[str, Path]) -> None:
    """It is read no longer than it can be a pack."""
    data = packs["tar"].read_bytes().rstrip(b"\0")
    code = "import sys, os\nos.write(1, sys.stdin.buffer.read())\nwhile True: os.write(1, bytes(1 << 16))"
    program = [sys.executable, "-m", "hatch_envpack.sums.verify_envpack", "-"]
    for command in (program, [os.fspath(COMMAND), "verify", "-"]):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as endless:
            assert endless.stdin is not None
            endless.stdin.write(data)
            endless.stdin.close()
            done = subprocess.run(command, stdin=endless.stdout, capture_output=True, text=True, check=False)
            assert endless.stdout is not None
            endless.stdout.close()
        assert done.returncode == 1
        assert re.search("something follows its end|too much before a member or behind the end", done.stderr)


@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar", "zip"])
def test_every_truncation(tmp_path: Path, packs: dict[str, Path], name: str) -> None:
    """A pack of which the end is missing is an error wherever it ends, but in what fills a tar's last record."""
    whole = packs[name].read_bytes()
    needed = len(whole.rstrip(b"\0")) if name == "tar" else len(whole)
    for size in {*range(0, needed, max(needed // 60, 1)), needed - 1}:
        path = tmp_path / "cut"
        path.write_bytes(whole[:size])
        assert not _judged(path, _verb)
        if name != "tar.zst":
            assert not _judged(path, _program)


def _verb(pack: Path) -> Verified:
    return hatch_envpack.verify(pack)


def _program(pack: Path) -> Verified:
    with pack.open("rb", buffering=0) as stream:
        return verify_archive(stream)


def _judged(pack: Path, verify: Callable[[Path], Verified]) -> bool:
    """Whether a pack is found to be as it was packed; anything but the two errors is a failure of the test."""
    try:
        return verify(pack).ok
    except (EnvpackError, NoPackError):
        return False


def _mutated(data: st.DataObject, whole: bytes) -> bytes:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=5))
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, len(content)))
        del content[start : start + data.draw(st.integers(0, 2000))]
    return bytes(content)


def test_an_index_that_is_lost(tmp_path: Path, packs: dict[str, Path]) -> None:
    """A file with half of an index is damaged; without one, as other programs write it, a pack is whole too."""
    whole = packs["tar.zst"].read_bytes()
    tar = packs["tar"].read_bytes()
    place = whole.rindex(struct.pack("<I", INDEX_MAGIC))
    groups = read_index(io.BytesIO(whole))
    # the first byte says whose index it is: with another one it is not ours
    for at in range(place + 1, len(whole)):
        other = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        (tmp_path / "pack").write_bytes(other)
        # there are ways to compress the same to other bytes
        assert not _judged(tmp_path / "pack", _verb) or read_index(io.BytesIO(other)) == groups
        (tmp_path / "pack").write_bytes(whole[:at])
        assert not _judged(tmp_path / "pack", _verb), at
    (tmp_path / "pack").write_bytes(whole[:place])
    assert _judged(tmp_path / "pack", _verb)
    for made in (
        zstandard.compress(tar),
        zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(tar),
        zstandard.compress(tar[:700]) + zstandard.compress(b"") + zstandard.compress(tar[700:]),
        subprocess.run(["zstd", "-c", "--long=27"], input=tar, capture_output=True, check=True).stdout,
    ):
        (tmp_path / "pack").write_bytes(made)
        assert _judged(tmp_path / "pack", _verb)
        (tmp_path / "pack").write_bytes(made[:-1])
        assert not _judged(tmp_path / "pack", _verb)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_file(tmp_path: Path, packs: dict[str, Path], data: st.DataObject) -> None:
    """A pack in which anything was changed is read, or refused by the one error; if it is judged to be right, it is."""
    name = data.draw(st.sampled_from(["tar.zst", "tar.gz", "tar", "zip"]))
    path = tmp_path / "changed"
    path.write_bytes(_mutated(data, packs[name].read_bytes()))
    if _judged(path, _verb) and not hatch_envpack.verify(path).added:
        place = tmp_path / "app"
        hatch_envpack.unpack(path, place)
        assert verify_folder(str(place)).ok
        subprocess.run(["rm", "-r", place], check=True)
    _judged(path, _program)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PK\x05\x06", _header("a", 9)]),
    rest=st.binary(max_size=2000),
)
def test_any_bytes(tmp_path: Path, head: bytes, rest: bytes) -> None:
    """What is no pack is refused."""
    path = tmp_path / "file"
    path.write_bytes(head + rest)
    assert not _judged(path, _verb)
    assert not _judged(path, _program)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_the_lists(tmp_path: Path, packs: dict[str, Path], data: st.DataObject) -> None:
    """So it is with a change of the manifest or the list of digests, behind right checksums."""
    name = data.draw(st.sampled_from(["envpack.json", "envpack.sha256"]))
    parts = [
        part._replace(data=_mutated(data, part.data)) if part.name == name else part for part in parts_of(packs["tar"])
    ]
    path = tmp_path / "pack.tar"
    write(parts, path, "tar")
    same = parts == parts_of(packs["tar"])
    assert same or not _judged(path, _verb)
    assert same or not _judged(path, _program)
