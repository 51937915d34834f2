"""Whatever bytes an environment's own files hold: a result, or an error that names the file in one line."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hatch_envpack.environment.direct_url import parse_direct_url
from hatch_envpack.environment.distributions import parse_entry_points, parse_record
from hatch_envpack.environment.pyvenv import VenvConfig, parse_pyvenv
from hatch_envpack.environment.read import read_small
from hatch_envpack.errors import EnvpackError, InstallError
from hatch_envpack.relocate.dist_info import DirectUrlFixer
from hatch_envpack.relocate.site_files import PthFixer
from tests.relocate.contexts import context, entry

if TYPE_CHECKING:
    from collections.abc import Callable

_SITE = PurePosixPath("lib/python3.12/site-packages")
_INFO = _SITE / "demo-1.0.dist-info"


def _mixed(*pieces: bytes) -> st.SearchStrategy[bytes]:
    """Return bytes of all kinds, with what means something to the parser among them."""
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=8), max_size=12).map(b"".join)


def _survives(parse: Callable[[], object], name: str) -> None:
    words = f"{name} is fine"
    try:
        parse()
    except EnvpackError as error:
        words = str(error)
    assert words.isprintable()
    assert name in words


@given(_mixed(b"a.py", b",", b"sha256=", b"\n", b'"', b"\r", b"/", b"../", b"\0", b"12", b"\x85"))
@example(b'"')
@example(b"../../..,,")
def test_c9_any_record(data: bytes) -> None:
    """Rows lie inside the environment."""

    def parse() -> None:
        for row in parse_record(data, _INFO, _SITE):
            assert not row.path.is_absolute()
            assert row.path.parts[0] != ".."
            assert "\0" not in str(row.path)

    _survives(parse, "demo-1.0.dist-info/RECORD")


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="/\0"), min_size=1), st.text()), max_size=5))
def test_c9_record_says_what_was_written(rows: list[tuple[str, str]]) -> None:
    """What Python's own writer of ``csv`` has written is read back, whatever the names."""
    text = io.StringIO(newline="")
    # the reader cannot tell an escaped NUL or a lone surrogate from damage: installers write neither
    writer = csv.writer(text)
    written = [(f"d/{name}", value.replace("\0", "")) for name, value in rows]
    written = [(name, value) for name, value in written if name.encode("utf-8", "ignore").decode() == name]
    writer.writerows((name, value.encode("utf-8", "ignore").decode(), "") for name, value in written)
    found = list(parse_record(text.getvalue().encode(), _INFO, _SITE))
    assert [row.path for row in found] == [_SITE / name for name, _ in written if name not in ("d/.", "d/..")]


def test_c9_absolute_paths_of_the_environment() -> None:
    """Poetry writes such for the project itself; one of another folder is refused."""
    data = b"/a/env/lib/python3.12/site-packages/demo.pth,,\n../../../bin/demo,,\n"
    rows = parse_record(data, _INFO, _SITE, ("/link", "/a/env"))
    assert [row.path for row in rows] == [_SITE / "demo.pth", PurePosixPath("bin/demo")]
    with pytest.raises(EnvpackError, match="lists '/a/environment/x', which is outside of the environment"):
        list(parse_record(b"/a/environment/x,,\n", _INFO, _SITE, ("/a/env",)))


@given(_mixed(b"[console_scripts]\n", b"[", b"]", b"a", b"=", b"b:c", b"\n", b" ", b"\xff", b"%(", b"[DEFAULT]\n"))
def test_any_entry_points(data: bytes) -> None:
    """Groups, values with extras, interpolation that is none."""
    where = _INFO / "entry_points.txt"
    _survives(lambda: list(parse_entry_points(data, where)), "demo-1.0.dist-info/entry_points.txt")


_JSON = st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3))
_RECORDS = st.fixed_dictionaries(
    {}, optional={"url": _JSON | st.sampled_from(["https://u:p@h/x", "file:///x", "http://[", "//"]), "dir_info": _JSON}
)


@given(
    _RECORDS.map(lambda record: json.dumps(record).encode()) | st.binary() | _JSON.map(lambda j: json.dumps(j).encode())
)
@example(b"[" * sys.getrecursionlimit() * 50)
@example(b'{"url": "file:///a%00b", "dir_info": {"editable": true}}')
@example(b'{"url": "http://[x]y@[", "dir_info": {}}')
def test_c7_c8_any_direct_url(data: bytes) -> None:
    """Every property of a record that was read can be had, and no secret is left."""

    def parse() -> None:
        record = parse_direct_url(data, _INFO / "direct_url.json")
        assert record.folder is None or (record.folder.is_absolute() and not record.folder.exists())
        assert record.is_local or record.folder is None
        assert b"u:p@" not in record.without_credentials()

    _survives(parse, "demo-1.0.dist-info/direct_url.json")
    fixer = DirectUrlFixer(context())
    _survives(lambda: fixer.fix(entry(f"{_INFO}/direct_url.json"), data), "demo-1.0.dist-info/direct_url.json")


@given(
    _mixed(b"/opt/x", b"\n", b"import os", b"#", b"..", b"/", b"\0", b"\xef\xbb\xbf", b"\xff", b" ", b"\r\n", b"\x0c")
)
@example(b"../../../../x")
@example(b"//opt/x")
def test_c15_any_pth(data: bytes) -> None:
    """No absolute folder is left, but in comments and code; what had none is as it was."""

    def parse() -> None:
        fixed = PthFixer(context()).fix(entry(f"{_SITE}/x.pth"), data)
        assert fixed is not None
        lines = fixed.decode("utf-8-sig", "surrogateescape").splitlines()
        assert not [line for line in lines if line.startswith("/")]
        if b"/" not in data:
            assert fixed == data

    _survives(parse, "site-packages/x.pth, line ")


@given(_mixed(b"home", b"=", b" ", b"\n", b"include-system-site-packages", b"TRUE", b"true", b"/x", b"\xff", b"\r"))
def test_any_pyvenv_cfg(data: bytes) -> None:
    """It is no error: `site` reads every file."""
    assert isinstance(parse_pyvenv(data), VenvConfig)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home = /usr/bin\ninclude-system-site-packages = false\n", VenvConfig("/usr/bin", system_site=False)),
        ("HOME=/a b \r\nInclude-System-Site-Packages =TRUE", VenvConfig("/a b", system_site=True)),
        ("home = /one\nhome = /two = 3\nhome", VenvConfig("/two = 3", system_site=False)),
        ("", VenvConfig("", system_site=False)),
    ],
)
def test_pyvenv_cfg(text: str, expected: VenvConfig) -> None:
    """Names in any case, with and without blanks; the last one counts."""
    assert parse_pyvenv(text.encode()) == expected


def test_files_that_are_none(tmp_path: Path) -> None:
    """A folder, a device that has no end, a file of a terabyte: each is told, and none is read."""
    (tmp_path / "folder").mkdir()
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    for path, why in (
        (tmp_path / "folder", "not a regular"),
        (Path("/dev/zero"), "not a regular"),
        (tmp_path / "huge", "larger than"),
    ):
        with pytest.raises(InstallError, match=f"^{path} .*{why}"):
            read_small(path)
    assert read_small(tmp_path / "gone") is None
    assert read_small(tmp_path / "folder/gone/x") is None
