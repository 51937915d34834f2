"""Members of tar streams, as every writer writes them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.archive import layout
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.tar import FILE, FOLDER, HARD_LINK, SYMLINK, Member, members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PART = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=90).filter(
    lambda name: name not in (".", "..")
)
_NAMES = st.lists(_PART, min_size=1, max_size=5).map("/".join)
_FORMATS = st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
_KINDS = {tarfile.REGTYPE: FILE, tarfile.DIRTYPE: FOLDER, tarfile.SYMTYPE: SYMLINK, tarfile.LNKTYPE: HARD_LINK}


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _read(data: bytes, size: int = 1 << 20) -> list[tuple[Member, bytes]]:
    blocks = Blocks(_pieces(data, size))
    return [(member, b"".join(blocks.data())) for member in members(blocks)]


@given(
    st.lists(st.tuples(_NAMES, st.sampled_from(sorted(_KINDS)), _NAMES, st.binary(max_size=1500)), max_size=5),
    _FORMATS,
    st.integers(0, 2**33 - 1),
    st.integers(1, 4000),
)
def test_a6_a7_members_come_back(
    entries: list[tuple[str, bytes, str, bytes]], kind: int, mtime: int, size: int
) -> None:
    """Long names, long links, any letters, in GNU's and in the pax format, whatever the pieces that the stream has."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, type_, target, content in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.mode = type_, mtime, 0o755 if len(content) % 2 else 0o640
            if type_ == tarfile.REGTYPE:
                info.size = len(content)
            elif type_ != tarfile.DIRTYPE:
                info.linkname = target
            archive.addfile(info, io.BytesIO(content))
    found = _read(buffer.getvalue(), size)
    assert [(member.name.decode(), member.kind) for member, _ in found] == [
        (name, _KINDS[type_]) for name, type_, *_ in entries
    ]
    for (member, data), (_, type_, target, content) in zip(found, entries, strict=True):
        assert data == (content if type_ == tarfile.REGTYPE else b"")
        assert member.mtime == mtime * 10**9
        assert member.executable == bool(len(content) % 2)
        assert type_ in (tarfile.REGTYPE, tarfile.DIRTYPE) or member.target.decode() == target


@given(st.binary(max_size=3000), st.integers(1, 1000))
def test_a13_any_bytes(data: bytes, size: int) -> None:
    """What is no archive is told as such, by nothing but an `ArchiveError`."""
    try:
        found = _read(data, size)
    except ArchiveError:
        return
    assert found == []
    assert not any(data[:512])


@given(st.data())
def test_a13_flipped_bits_in_headers(data: st.DataObject) -> None:
    """A bit that was flipped in a header is noticed by its checksum, which itself has room to spare."""
    header = bytearray(layout.file_header("a" * 90, 0, executable=True, mtime=1))
    header[data.draw(st.integers(0, 147) | st.integers(156, 511))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ArchiveError):
        _read(bytes(header) + layout.END)


@given(st.integers(0, 2), st.data())
def test_a13_truncated_anywhere(which: int, data: st.DataObject) -> None:
    """A stream that ends inside a member is noticed, also inside an extended header."""
    member = [
        layout.file_header("a", 700, executable=False, mtime=1) + bytes(1024),
        layout.file_header("ä" * 300, 10, executable=False, mtime=1) + bytes(512),
        layout.link_header("a", "b" * 200, mtime=1),
    ][which]
    end = data.draw(st.integers(1, len(member) - 1))
    with pytest.raises(ArchiveError, match="ends"):
        _read(member[:end])


def test_base_256_and_old_forms() -> None:
    """Sizes over 8 GiB in GNU's form, files of the old type, folders that only a slash tells."""
    info = tarfile.TarInfo("a")
    info.size = 9 << 30
    blocks = Blocks(iter([info.tobuf(tarfile.GNU_FORMAT)]), cut=True)
    assert next(members(blocks)).size == 9 << 30
    for type_, name, kind in ((tarfile.AREGTYPE, "b", FILE), (tarfile.AREGTYPE, "b/", FOLDER), (b"7", "c", FILE)):
        info = tarfile.TarInfo(name)
        info.type = type_
        assert _read(info.tobuf(tarfile.USTAR_FORMAT) + layout.END)[0][0].kind == kind


def test_times_before_1970() -> None:
    """In GNU's form and in the pax format, with a fraction."""
    info = tarfile.TarInfo("a")
    info.mtime = -5
    assert _read(info.tobuf(tarfile.GNU_FORMAT) + layout.END)[0][0].mtime == -5_000_000_000
    info.mtime = -5.25
    assert _read(info.tobuf(tarfile.PAX_FORMAT) + layout.END)[0][0].mtime == -5_250_000_000


def test_pax_header_for_all() -> None:
    """A global header counts for all members, as `git archive` writes one; their own header comes before it."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x", "mtime": "5.25"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("a"))
        info = tarfile.TarInfo("b")
        info.mtime = 7.5
        archive.addfile(info)
    assert [member.mtime for member, _ in _read(buffer.getvalue())] == [5_250_000_000, 7_500_000_000]


def test_extended_header_with_an_empty_value() -> None:
    """It takes back what was said for all members: the header's own name counts."""
    records = b"8 path=\n"
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    data = info.tobuf(tarfile.USTAR_FORMAT) + records + layout.padding(len(records))
    ((member, _),) = _read(data + layout.file_header("a", 0, executable=False, mtime=1) + layout.END)
    assert member.name == b"a"


@pytest.mark.parametrize(
    "records",
    [b"x", b"5 a=b\n", b"99 a=b\n", b"6 a b\n", b"-6 a=b\n", b"\xb2 a=b\n", b"20 size=twenty five\n", b"12 size=-12\n"],
)
def test_a13_extended_headers_that_cannot_be(records: bytes) -> None:
    """Lengths that are none, records without a value, numbers that are none."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    data = info.tobuf(tarfile.USTAR_FORMAT) + records + layout.padding(len(records))
    with pytest.raises(ArchiveError, match="damaged"):
        _read(data + layout.file_header("a", 0, executable=False, mtime=1) + layout.END)


def test_a13_extended_header_of_a_terabyte() -> None:
    """It is not read into memory."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(ArchiveError, match="too large"):
        _read(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))


def test_sparse_files_are_refused(tmp_path: Path) -> None:
    """GNU's and pax' forms of files with holes are no plain data, and are not taken for such."""
    with (tmp_path / "holes").open("wb") as stream:
        stream.truncate(1 << 20)
        stream.seek(1 << 19)
        stream.write(b"x")
    for kind in ("gnu", "pax"):
        subprocess.run(
            ["tar", "-Sc", f"--format={kind}", "-f", f"{tmp_path}/{kind}", "holes"], cwd=tmp_path, check=True
        )
        with pytest.raises(ArchiveError, match=r"sparse|neither file"):
            _read((tmp_path / kind).read_bytes())
