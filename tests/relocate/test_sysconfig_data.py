"""``_sysconfigdata_*.py``: the values that Python computes are those of the new place."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.errors import RelocationError
from hatch_envpack.relocate.build_files import BuildDetailsFixer, SysconfigJsonFixer
from hatch_envpack.relocate.sysconfig_data import SysconfigDataFixer
from tests.relocate.contexts import PRIVATE, context, entry

_NAME = "lib/python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py"
_PLACE = "/opt/a b'c"


def _moved(values: dict[str, Any], prefix: str = PRIVATE, place: str = _PLACE) -> dict[str, Any]:
    """Return what the rewritten module says when it is imported from ``place``."""
    given_entry = entry(_NAME, f"# comment\nbuild_time_vars = {values!r}\n")
    fixer = SysconfigDataFixer(context(prefix))
    assert fixer.claims(given_entry, b"")
    fixed = fixer.fix(given_entry, given_entry.read())
    assert fixed is not None
    module: dict[str, Any] = {"__file__": f"{place}/{_NAME}"}
    exec(compile(fixed, _NAME, "exec"), module)  # as an import does
    return dict(module["build_time_vars"])


def test_c1_paths() -> None:
    """A value that is one path is that path, whatever characters are in it."""
    values = {
        "prefix": PRIVATE,
        "LIBDIR": f"{PRIVATE}/lib",
        "srcdir": "/tmp/build/Python-3.12/Modules",
        "TZPATH": "/usr/share/zoneinfo:/etc/zoneinfo",
        "other": f"{PRIVATE}2/lib",
        "number": 1,
        "empty": "",
    }
    assert _moved(values) == {
        "prefix": _PLACE,
        "LIBDIR": f"{_PLACE}/lib",
        "srcdir": f"{_PLACE}/lib/python3.12/config-3.12-x86_64-linux-gnu/Modules",
        "TZPATH": "/usr/share/zoneinfo:/etc/zoneinfo",
        "other": f"{PRIVATE}2/lib",
        "number": 1,
        "empty": "",
    }


@pytest.mark.parametrize("place", ["/opt/app", "/opt/a b", "/opt/a'b", '/opt/a"b', "/opt/a\\b", "/opt/a$b"])
def test_c1_flags_split_into_the_same_words(place: str) -> None:
    """Command lines split at the same places as before, in any path."""
    line = f"gcc -shared -L{PRIVATE}/lib -Wl,-rpath,{PRIVATE}/lib -I {PRIVATE}/include"
    words = [word.replace(PRIVATE, place) for word in line.split()]
    assert shlex.split(_moved({"LDSHARED": line}, place=place)["LDSHARED"]) == words


def test_c1_quotes_that_are_there_already() -> None:
    """Within the quotes of ``CONFIG_ARGS`` the path stands as it is."""
    line = f"'--prefix={PRIVATE}' 'LDFLAGS=-L{PRIVATE}/lib' -I{PRIVATE}"
    moved = _moved({"CONFIG_ARGS": line}, place="/opt/a b")["CONFIG_ARGS"]
    assert shlex.split(moved) == ["--prefix=/opt/a b", "LDFLAGS=-L/opt/a b/lib", "-I/opt/a b"]


def test_i12_only_pythons_own_folders_of_usr() -> None:
    """``/usr`` alone is the prefix; a program of the system keeps its path."""
    values = {
        "prefix": "/usr",
        "INSTALL": "/usr/bin/install -c",
        "BINDIR": "/usr/bin",
        "EXENAME": "/usr/bin/python3.12",
        "INCLUDEPY": "/usr/include/python3.12",
        "MODULE_NIS_CFLAGS": "-I/usr/include/tirpc",
        "BINLIBDEST": "/usr/lib/x86_64-linux-gnu/python3.12",
        "LIBDIR": "/usr/lib/x86_64-linux-gnu",
    }
    assert _moved(values, "/usr") == {
        "prefix": _PLACE,
        "INSTALL": "/usr/bin/install -c",
        "BINDIR": f"{_PLACE}/bin",
        "EXENAME": f"{_PLACE}/bin/python3.12",
        "INCLUDEPY": f"{_PLACE}/include/python3.12",
        "MODULE_NIS_CFLAGS": "-I/usr/include/tirpc",
        "BINLIBDEST": f"{_PLACE}/lib/python3.12",
        "LIBDIR": f"{_PLACE}/lib",
    }


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.one_of(st.integers(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    )
)
def test_c1_other_values_survive(values: dict[str, Any]) -> None:
    """Whatever names no folder of the installation is the same afterwards."""
    assert _moved(values, "/nowhere/in/any/value") == values


@given(st.binary())
def test_c1_damaged_file_is_an_error_with_its_name(data: bytes) -> None:
    """A file that holds no dictionary is never taken for one."""
    fixer = SysconfigDataFixer(context())
    with pytest.raises(RelocationError, match="_sysconfigdata__linux"):
        fixer.fix(entry(_NAME), data)


def test_c2_build_details_are_relative() -> None:
    """``base_prefix`` is relative to the file, the rest to ``base_prefix``; the static library is not packed."""
    details = {
        "schema_version": "1.0",
        "base_prefix": "/usr",
        "base_interpreter": "/usr/bin/python3.14",
        "abi": {"flags": []},
        "libpython": {
            "dynamic": "/usr/lib/x86_64-linux-gnu/libpython3.14.so.1.0",
            "static": "/usr/lib/x86_64-linux-gnu/libpython3.14.a",
            "link_extensions": False,
        },
        "c_api": {"headers": "/usr/include/python3.14", "pkgconfig_path": "/usr/lib/x86_64-linux-gnu/pkgconfig"},
    }
    for name in ("build-details.json", "build-details..x86_64-linux-gnu.json"):
        given_entry = entry(f"lib/python3.14/{name}", json.dumps(details))
        fixer = BuildDetailsFixer(context("/usr", version=(3, 14, 0)))
        assert fixer.claims(given_entry, b"")
        assert json.loads(fixer.fix(given_entry, given_entry.read()) or b"") == {
            "schema_version": "1.0",
            "base_prefix": "../..",
            "base_interpreter": "./bin/python3.14",
            "abi": {"flags": []},
            "libpython": {"dynamic": "./lib/libpython3.14.so.1.0", "link_extensions": False},
            "c_api": {"headers": "./include/python3.14", "pkgconfig_path": "./lib/pkgconfig"},
        }


def test_c2_variables_are_relative_to_the_file() -> None:
    """The JSON twin of the module cannot compute: its paths are relative."""
    given_entry = entry("lib/python3.14/_sysconfig_vars__linux_x86_64-linux-gnu.json", json.dumps({
        "prefix": PRIVATE, "LIBDIR": f"{PRIVATE}/lib", "INSTALL": "/usr/bin/install -c", "SIZEOF_LONG": 8,
    }))  # fmt: skip
    fixer = SysconfigJsonFixer(context(version=(3, 14, 0)))
    assert fixer.claims(given_entry, b"")
    assert json.loads(fixer.fix(given_entry, given_entry.read()) or b"") == {
        "prefix": "../..", "LIBDIR": "../../lib", "INSTALL": "/usr/bin/install -c", "SIZEOF_LONG": 8,
    }  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"{", b"[1, 2]", b"null", b"\xff"])
def test_c2_damaged_json_is_an_error_with_its_name(data: bytes) -> None:
    """What is no JSON object is named, and not a traceback."""
    with pytest.raises(RelocationError, match=r"^lib/x\.json cannot be read"):
        BuildDetailsFixer(context()).fix(entry("lib/x.json"), data)
