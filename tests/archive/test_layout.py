"""The bytes of a tar archive, read back by Python's own reader."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.archive import layout

_SEGMENT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120).filter(
    lambda name: name not in (".", "..")
)
_PATHS = st.lists(_SEGMENT, min_size=1, max_size=5).map("/".join)


def _read(data: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(data + layout.END)) as archive:
        (member,) = archive.getmembers()
    return member


@given(_PATHS, st.integers(0, 8**12), st.booleans(), st.integers(0, 2**33 - 1))
def test_a6_a7_any_name_and_size_survives(path: str, size: int, executable: bool, mtime: int) -> None:  # noqa: FBT001
    """A header says what it was given, whatever the name's length and letters, also over 8 GiB."""
    header = layout.file_header(path, size, executable=executable, mtime=mtime)
    with tarfile.open(fileobj=io.BytesIO(header), mode="r|", ignore_zeros=False) as archive:
        member = archive.next()
    assert member is not None
    assert (member.name, member.size, member.mtime) == (path.rstrip("/"), size, mtime)
    assert member.mode == (0o755 if executable else 0o644)
    assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
    assert len(header) % layout.BLOCK == 0


@given(_PATHS, _PATHS)
def test_links_and_folders_survive(path: str, target: str) -> None:
    """Links keep their target, folders their name."""
    link = _read(layout.link_header(path, target, mtime=1))
    assert (link.issym(), link.name, link.linkname) == (True, path.rstrip("/"), target)
    folder = _read(layout.folder_header(path, mtime=1))
    assert (folder.isdir(), folder.name, folder.mode) == (True, path.rstrip("/"), 0o755)


def test_a7_ordinary_names_take_one_block() -> None:
    """No pax header is written where ustar can say it: up to 100 bytes, or 255 with a slash in the right place."""
    for path in ("lib/python3.12/os.py", "a" * 100, "d" * 155 + "/" + "e" * 100):
        assert len(layout.file_header(path, 10, executable=False, mtime=1)) == layout.BLOCK


def test_a6_name_that_is_not_utf8() -> None:
    """A file name of arbitrary bytes comes back as the same bytes."""
    path = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert _read(layout.file_header(path, 0, executable=False, mtime=1)).name == path


@given(st.integers(0, 1 << 20))
def test_padding_fills_the_block(size: int) -> None:
    """Content and padding together are whole blocks, with less than a block of padding."""
    zeros = layout.padding(size)
    assert (size + len(zeros)) % layout.BLOCK == 0
    assert len(zeros) < layout.BLOCK
    assert not any(zeros)
