"""Launchers for Windows, made by pip and run by a real Python, both under Wine (S18)."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.entry import Entry
from hatch_envpack.errors import RelocationError
from hatch_envpack.relocate.launcher import LauncherFixer
from tests.conftest import find_pyenv
from tests.relocate.contexts import context
from tests.targets.windows_python import make_windows_python
from tests.targets.wine import windows_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.targets.wine import Wine

_ABSOLUTE = r"C:\build machine\env\Scripts\python.exe"
_STUB = files("distlib").joinpath("t64.exe").read_bytes()
_GUI_STUB = files("distlib").joinpath("w64.exe").read_bytes()
_MAIN = b"import sys\nprint(sys.executable)\n"
_MODULE = """
import sys
def main():
    if sys.stdout:  # there is none without a console
        print(sys.executable, sys.argv[1:], sys.stdin.read(), sep="|")
        print("problem", file=sys.stderr)
    return int(sys.argv[-1])
"""
_ENTRY_POINTS = "[console_scripts]\ndemo = demo:main\n[gui_scripts]\ndemow = demo:main\n"
_VARIABLES = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _entry(data: bytes, path: str = "Scripts/app.exe") -> Entry:
    return Entry(PurePosixPath(path), content=data)


def _fixed(data: bytes, path: str = "Scripts/app.exe") -> bytes | None:
    entry = _entry(data, path)
    fixer = LauncherFixer(context())
    assert fixer.claims(entry, entry.head(512))
    return fixer.fix(entry, data)


def _zip(
    main: bytes = _MAIN,
    name: str = "__main__.py",
    *,
    date: tuple[int, int, int, int, int, int] = (2020, 1, 2, 3, 4, 6),
    method: int = zipfile.ZIP_STORED,
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, date), main, method)
    return stream.getvalue()


def _distlib(python: str, *flags: str, main: bytes = _MAIN) -> bytes:
    """Return a launcher in the form of distlib, pip and setuptools."""
    return _STUB + " ".join([f"#!{python}", *flags]).encode() + b"\n" + _zip(main)


def _uv_footer(stub: bytes = _STUB) -> bytes:
    """Return a launcher in the older form of uv: the zip, the path, its length, and the mark."""
    path = _ABSOLUTE.encode()
    return stub + _zip() + path + struct.pack("<I", len(path)) + b"UVSC"


def _main_of(launcher: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(launcher)) as archive:
        return archive.read("__main__.py")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python 3.12 of Windows; each test moves it to where it wants it, and back."""
    place = tmp_path_factory.mktemp("windows") / "python"
    interpreter = find_pyenv("3.12")
    make_windows_python(place, interpreter.parent.parent / "lib/python3.12")
    return place


@pytest.fixture(scope="module")
def by_pip(wine: Wine, prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the launchers that pip writes on Windows, one with a console and one without."""
    wheel = tmp_path_factory.mktemp("wheel") / "demo-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("demo.py", _MODULE)
        archive.writestr("demo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1\n")
        archive.writestr("demo-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("demo-1.dist-info/entry_points.txt", _ENTRY_POINTS)
        archive.writestr("demo-1.dist-info/RECORD", "")
    (pip,) = (prefix / "Lib/ensurepip/_bundled").glob("pip-*.whl")
    words = ["install", "--no-index", "--no-deps", "--no-compile"]
    done = wine.run(prefix / "python.exe", windows_path(pip / "pip"), *words, wheel, environment=_VARIABLES)
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in (prefix / "Scripts").iterdir()}


@pytest.fixture(params=["plain", "a b", "a'b", "é", "a & b", "100%PATH%"])
def moved(request: pytest.FixtureRequest, prefix: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the same Python in a folder with such a name."""
    place = tmp_path / request.param
    prefix.rename(place)
    yield place
    place.rename(prefix)


def _run(wine: Wine, launcher: Path, *words: str) -> tuple[int, str, str]:
    done = wine.run(launcher, *words, environment=_VARIABLES, stdin="told", encoding="utf-8")
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_s18_launcher_finds_python_where_it_was_moved_to(wine: Wine, by_pip: dict[str, bytes], moved: Path) -> None:
    """Words, exit code, input and both outputs come through, in any folder; pip's own launcher finds nothing."""
    launcher = moved / "Scripts/demo.exe"
    launcher.write_bytes(by_pip["demo.exe"])
    code, output, _ = _run(wine, launcher, "5")
    assert (code, output) == (1, "")
    launcher.write_bytes(_fixed(by_pip["demo.exe"]) or b"")
    code, output, error = _run(wine, launcher, "a b", 'c"d', "é", "5")
    executable, *rest = output.split("|")
    assert (code, rest, error) == (5, ["['a b', 'c\"d', 'é', '5']", "told"], "problem")
    assert Path(executable.removeprefix("Z:").replace("\\", "/")).resolve() == moved / "python.exe"


def test_s18_program_without_a_console_runs(wine: Wine, by_pip: dict[str, bytes], prefix: Path) -> None:
    """A graphical program's launcher finds ``pythonw.exe``, and stays one without a console."""
    fixed = _fixed(by_pip["demow.exe"]) or b""
    assert fixed.startswith(_GUI_STUB + b"#!<launcher_dir>\\..\\pythonw.exe\n")
    launcher = prefix / "Scripts/fixed.exe"
    launcher.write_bytes(fixed)
    assert _run(wine, launcher, "4")[0] == 4


def test_s18_script_of_pip_is_kept(by_pip: dict[str, bytes]) -> None:
    """The script inside is pip's byte for byte, and the folder in which pip ran is gone."""
    original = by_pip["demo.exe"]
    fixed = _fixed(original) or b""
    assert b"from demo import main" in _main_of(original)
    assert _main_of(fixed) == _main_of(original)
    assert b"#!Z:" in original
    assert b"#!Z:" not in fixed


@pytest.mark.parametrize("python", [_ABSOLUTE, f'"{_ABSOLUTE}"', "/usr/bin/python3", "C:\\PYTHON.EXE"])
def test_s18_flags_are_kept(python: str) -> None:
    """They follow the relative path, however the absolute one was written."""
    fixed = _fixed(_distlib(python, "-E", "-s")) or b""
    assert fixed.startswith(_STUB + b"#!<launcher_dir>\\..\\python.exe -E -s\n")


def test_s18_isolated_launchers() -> None:
    """With ``isolated`` the flag comes first, and once."""
    fixer = LauncherFixer(replace(context(), isolated=True))
    fixed = fixer.fix(_entry(b""), _distlib(_ABSOLUTE, "-I", "-O")) or b""
    assert fixed.startswith(_STUB + b"#!<launcher_dir>\\..\\python.exe -I -O\n")


@pytest.mark.parametrize("name", ["t32", "t64", "t64-arm", "w32", "w64", "w64-arm"])
def test_s18_machine_stays(name: str) -> None:
    """A launcher of each machine becomes one for the same machine."""
    stub = files("distlib").joinpath(f"{name}.exe").read_bytes()
    fixed = _fixed(stub + b"#!" + _ABSOLUTE.encode() + b"\n" + _zip()) or b""
    assert fixed.startswith(stub + b"#!<launcher_dir>")


def test_s18_launcher_of_uv() -> None:
    """The older form of uv, with the path behind the zip, becomes the same launcher; so does one with a resource."""
    expected = _fixed(_STUB + b"#!" + _ABSOLUTE.encode() + b"\n" + _zip())
    assert expected is not None
    assert _fixed(_uv_footer()) == expected
    resource = "UV_PYTHON_PATH".encode("utf-16-le") + _ABSOLUTE.encode()
    assert _fixed(_STUB + resource + _zip() + bytes(512)) == expected


def test_s18_same_bytes_whenever_it_was_made() -> None:
    """The time of the installation does not reach the pack; a fixed launcher is fixed already."""
    first = _STUB + b"#!python.exe\n" + _zip(date=(2020, 1, 2, 3, 4, 6))
    second = _STUB + b"#!python.exe\n" + _zip(date=(2021, 1, 2, 3, 4, 6))
    assert first != second
    fixed = _fixed(first)
    assert fixed is not None
    assert _fixed(second) == fixed
    assert _fixed(fixed) == fixed


@pytest.mark.parametrize(
    "data",
    [
        b"MZ",
        b"MZ" + b"\xff" * 200,
        _STUB,
        _STUB + _zip(),
        _STUB + b"#!python.exe\n" + _zip(name="other.py"),
        _STUB + b"#!C:\\perl.exe\n" + _zip(),
        _STUB + b"#!python.exe\n" + _zip()[:-30],
        b"MZ" + _STUB[2:0x3C] + bytes(4) + _STUB[0x40:] + b"#!python.exe\n" + _zip(),
    ],
    ids=["short", "no-pe", "stub", "no-shebang", "other-zip", "perl", "cut", "no-header"],
)
def test_s13_other_programs_are_left_alone(data: bytes) -> None:
    """What is no launcher, or none that could run, is not touched."""
    assert _fixed(data) is None


def test_s18_huge_script_is_refused() -> None:
    """A zip that unpacks to far more than a launcher's script is an error that names the file."""
    bomb = _STUB + b"#!python.exe\n" + _zip(bytes(50_000_000), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(RelocationError, match=r"Scripts/app\.exe is a launcher with a damaged script"):
        _fixed(bomb)


def test_s18_only_in_the_folders_of_scripts() -> None:
    """The stubs of distlib itself in ``site-packages`` are data."""
    fixer = LauncherFixer(context())
    assert fixer.claims(_entry(_STUB, "bin/app.exe"), b"MZ")
    assert not fixer.claims(_entry(_STUB, "lib/python3.12/site-packages/distlib/t64.exe"), b"MZ")
    assert not fixer.claims(_entry(b"#!/bin/sh\n", "Scripts/app"), b"#!/bin/sh\n")


_TAIL = b"#!" + _ABSOLUTE.encode() + b"\n" + _zip(b"print(1)\n")


@given(st.data())
def test_s18_any_damage(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut off: it is a launcher, or left alone, or refused; never another error."""
    tail = bytearray(_TAIL)
    for _ in range(data.draw(st.integers(1, 4))):
        tail[data.draw(st.integers(0, len(tail) - 1))] = data.draw(st.integers(0, 255))
    try:
        fixed = _fixed(_STUB + bytes(tail[: data.draw(st.integers(0, len(tail)))]))
    except RelocationError:
        return
    assert fixed is None or fixed.startswith(_STUB + b"#!<launcher_dir>\\..\\python.exe")
