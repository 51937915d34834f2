"""Scripts find their own interpreter, under every shell, in every folder, however they are called."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_envpack.entry import Entry
from hatch_envpack.relocate.script import ScriptFixer, cleaned, self_locating
from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "python3.99"
SHELLS = ("dash", "bash", "busybox", "zsh")

_REPORT = b"""import sys, os
print(repr([sys.argv, os.getcwd(), sorted(name for name in os.environ if name.startswith("envpack")), __doc__]))
"""


class _Interpreter:
    program = PROGRAM
    version = (3, 12, 0)


class _Context:
    interpreter = _Interpreter()
    isolated = False


def _fixed(data: bytes, path: str = "bin/app") -> bytes | None:
    fixer = ScriptFixer(_Context())  # type: ignore[arg-type] # the facts that it asks for
    entry = Entry(PurePosixPath(path), content=data)
    return fixer.fix(entry, data) if fixer.claims(entry, data[:512]) else None


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return a prefix with a program that is this Python, and the script that reports on itself."""
    return _make_prefix(tmp_path / "prefix")


def _make_prefix(folder: Path, script: bytes = b"#!/build/bin/python3\n" + _REPORT) -> Path:
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / PROGRAM
    program.write_text(f'#!/bin/sh\nREPORTED="$0" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    data = _fixed(script)
    assert data is not None
    (folder / "bin/app").write_bytes(data)
    (folder / "bin/app").chmod(0o755)
    return folder


def _report(*command: str | Path, cwd: Path | None = None, **environment: str) -> tuple[list[str], str, list[str], str]:
    done = subprocess.run(
        [*command], cwd=cwd, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer: tuple[list[str], str, list[str], str] = ast.literal_eval(done.stdout)
    return answer


def test_s1_s16_runs_and_changes_nothing(prefix: Path, tmp_path: Path) -> None:
    """``sys.argv``, the working directory and the environment are what the caller gave; there is no docstring."""
    argv, cwd, variables, doc = _report(prefix / "bin/app", "a b", "--x='1'", cwd=tmp_path)
    assert argv == [str(prefix / "bin/app"), "a b", "--x='1'"]
    assert cwd == str(tmp_path)
    assert variables == []
    assert doc is None


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("how", ["absolute", "relative", "name", "link", "chain", "folder", "dots"])
def test_s2_s3_s4_s17_every_shell(prefix: Path, tmp_path: Path, shell: str, how: str) -> None:
    """Called as a file, by name in its folder, through links of files and folders."""
    program = shutil.which(shell)
    if program is None:
        missing(f"{shell} is not installed")
    command = [str(program), "sh"] if shell == "busybox" else [str(program)]
    (tmp_path / "link").symlink_to(prefix / "bin/app")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/chain").symlink_to("../link")
    (tmp_path / "folder").symlink_to("prefix/bin")
    script, folder = {
        "absolute": (str(prefix / "bin/app"), tmp_path),
        "relative": ("../prefix/bin/app", tmp_path / "deep"),
        "name": ("app", prefix / "bin"),
        "link": (str(tmp_path / "link"), tmp_path),
        "chain": ("deep/chain", tmp_path),
        "folder": ("folder/app", tmp_path),
        "dots": (str(tmp_path / "deep/../prefix/bin/app"), tmp_path),
    }[how]
    argv, cwd, _, _ = _report(*command, script, "x", cwd=folder, CDPATH="/:/usr")
    assert argv == [script, "x"]
    assert cwd == str(folder.resolve())


def test_i7_program_has_no_dots_in_its_path(tmp_path: Path) -> None:
    """Some versions of Python take a path with ``..`` for a virtual environment: the program is called without."""
    body = b"import os\nprint(repr([[os.environ['REPORTED']], '', [], '']))\n"
    place = _make_prefix(tmp_path / "prefix", b"#!/build/bin/python3\n" + body)
    for script in (tmp_path / "x/../prefix/bin/app", Path("../prefix/bin/app")):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert _report(script, cwd=tmp_path / "x")[0] == [str(place / "bin" / PROGRAM)]


def test_s4_found_through_path(prefix: Path, tmp_path: Path) -> None:
    """The kernel gives the script's path; a shell that looks a script up gives only its name."""
    argv, *_ = _report("app", cwd=tmp_path, PATH=f"{prefix / 'bin'}:/usr/bin:/bin")
    assert argv == [str(prefix / "bin/app")]
    argv, *_ = _report("bash", "app", cwd=tmp_path, PATH=f"{prefix / 'bin'}:/usr/bin:/bin")
    assert argv == [str(prefix / "bin/app")]


@pytest.mark.parametrize(
    "name",
    [
        "a b", "it's", 'say "hi"', "$HOME", "back\\slash", "new\nline", "end\n", "é", "-dash", "*",
        f"{'x' * 200}/{'y' * 100}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shell", SHELLS)
def test_s11_folders_with_any_name(tmp_path: Path, name: str, shell: str) -> None:
    """Every name of the prefix works, by an absolute path, a relative one, and through a link."""
    program = shutil.which(shell)
    if program is None:
        missing(f"{shell} is not installed")
    command = [str(program), "sh"] if shell == "busybox" else [str(program)]
    place = _make_prefix(tmp_path / name)
    (tmp_path / "link").symlink_to(place / "bin/app")
    for script in (str(place / "bin/app"), f"./{name}/bin/app", str(tmp_path / "link")):
        argv, *_ = _report(*command, script, cwd=tmp_path, LC_ALL="C.UTF-8")
        assert argv == [script]


def test_s7_flags_are_kept(tmp_path: Path) -> None:
    """The interpreter gets the flags of the shebang, also those of ``env -S``."""
    body = b"import sys\nprint(repr([[], str(sys.flags.no_user_site + sys.flags.isolated), [], '']))\n"
    for number, shebang in enumerate((b"#!/build/bin/python -s\n", b"#!/usr/bin/env -S python3 -u -s\n")):
        place = _make_prefix(tmp_path / str(number), shebang + body)
        assert _report(place / "bin/app")[1] == "1"
    isolated = _make_prefix(tmp_path / "isolated", b"#!/build/bin/python3.12 -Es -I\n" + body)
    assert _report(isolated / "bin/app")[1] == "2"


@pytest.mark.parametrize("quotes", ['"""', "'''", '"', 'r"""', "u'"])
@pytest.mark.parametrize("future", ["", "from __future__ import annotations, generators\n"])
def test_s5_docstring_future_import(tmp_path: Path, quotes: str, future: str) -> None:
    """A docstring stays the docstring, and imports from ``__future__`` may follow it."""
    body = f"# a comment\n\n{quotes}Usage: app [x]{quotes.lstrip('ru')}\n{future}".encode() + _REPORT
    place = _make_prefix(tmp_path / "p", b"#!/build/bin/python3\n" + body)
    assert _report(place / "bin/app")[3] == "Usage: app [x]"


def test_s5_no_docstring_with_optimisation(tmp_path: Path) -> None:
    """With ``-OO`` there is no docstring, and its restoring does not bring one back."""
    place = _make_prefix(tmp_path / "p", b'#!/build/bin/python3 -OO\n"""Doc."""\n' + _REPORT)
    assert _report(place / "bin/app")[3] is None


@pytest.mark.parametrize("cookie", [b"# -*- coding: latin-1 -*-\n", b"# vim: set fileencoding=latin-1 :\n"])
def test_s6_coding_cookie_is_kept(tmp_path: Path, cookie: bytes) -> None:
    """A script in another encoding is read in it."""
    body = cookie + b"print(repr([[ascii('caf\xe9')], '', [], '']))\n"
    place = _make_prefix(tmp_path / "p", b"#!/build/bin/python3\n" + body)
    assert _report(place / "bin/app")[0] == ["'caf\\xe9'"]


@pytest.mark.parametrize(
    "head",
    [
        b"#!/bin/sh\n'''exec' \"/build/a long path/bin/python3.12\" \"$0\" \"$@\"\n' '''\n",
        b"#!/bin/sh\n'''exec' /build/bin/python \"$0\" \"$@\"\n' '''\n",
        b"#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python3' \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_s8_polyglots_of_installers(tmp_path: Path, head: bytes) -> None:
    """The forms of pip, distlib and uv for long paths are replaced, not wrapped."""
    place = _make_prefix(tmp_path / "p", head + _REPORT)
    assert _report(place / "bin/app")[0] == [str(place / "bin/app")]
    text = (place / "bin/app").read_bytes()
    assert b"'''exec'" not in text
    assert b"realpath" not in text


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_s8_s10_what_installers_really_write(tmp_path: Path, installer: str) -> None:
    """Scripts that uv and pip write into a long path are recognised, and have a constant length after it."""
    sizes = set()
    for name in ("short", "long" * 40):
        venv = tmp_path / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        install = ["uv", "pip", "install", "-q", "--python"] if installer == "uv" else ["pip", "--python"]
        rest = [] if installer == "uv" else ["install", "-q"]
        subprocess.run([sys.executable, "-m", *install, venv / "bin/python", *rest, "pygments"], check=True)
        data = (venv / "bin/pygmentize").read_bytes()
        assert str(venv).encode() in data
        fixed = _fixed(data)
        assert fixed is not None
        assert str(venv).encode() not in fixed
        sizes.add(len(fixed))
    assert len(sizes) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"#!/bin/sh\necho\n",
        b"#!/usr/bin/perl -w\n",
        b"#!/usr/bin/env node\n",
        b"#!/usr/bin/pythonesque\n",
        b"print()\n",
    ],
)
def test_s9_other_programs_are_left_alone(data: bytes) -> None:
    """Scripts for another interpreter, and files that are no scripts."""
    assert _fixed(data) is None


def test_s13_programs_are_not_decoded() -> None:
    """ELF, Mach-O and PE files are not claimed."""
    for magic in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"MZ"):
        assert _fixed(magic + b"\0" * 100) is None


def test_s14_windows_line_endings(tmp_path: Path) -> None:
    """A script with CRLF runs; its own lines stay as they are."""
    body = _REPORT.replace(b"\n", b"\r\n")
    place = _make_prefix(tmp_path / "p", b"#!/build/bin/python3\r\n# comment\r\n" + body)
    assert _report(place / "bin/app")[0] == [str(place / "bin/app")]
    assert body in (place / "bin/app").read_bytes()


def test_s15_is_valid_python(prefix: Path) -> None:
    """Where there is no shell, Python runs the script itself."""
    assert _report(sys.executable, "-W", "error", prefix / "bin/app", "x")[0] == [str(prefix / "bin/app"), "x"]


def test_i10_pythonhome(prefix: Path) -> None:
    """A ``PYTHONHOME`` that is another Python's does no harm."""
    assert _report(prefix / "bin/app", PYTHONHOME="/nonexistent")[0] == [str(prefix / "bin/app")]


def test_only_bin_is_claimed() -> None:
    """A file elsewhere is not a command."""
    assert _fixed(b"#!/build/bin/python3\n", "lib/python3.12/site-packages/x/y.py") is None


def _docstrings() -> st.SearchStrategy[str]:
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=40)
    return text.map(repr) | text.map(lambda value: '"""' + value.replace("\\", "").replace('"', "") + 'x"""')


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(["# comment", "", "#", "# -*- coding: utf-8 -*-"]), max_size=3),
    st.none() | _docstrings(),
    st.lists(
        st.sampled_from(["from __future__ import annotations", "# x", "", "from __future__ import (\n  division,\n)"])
    ),
    st.sampled_from(
        ["", "x = 1", "def f():\n    '''doc'''\n    return 2", "x = '''\n#!/bin/sh\n'''", "'a' 'b'; y = 3"]
    ),
)
def test_s5_any_header_compiles_to_the_same_code(
    comments: list[str], docstring: str | None, futures: list[str], code: str
) -> None:
    """Apart from the docstring, the tree is the original's with one assignment; run, ``__doc__`` is the original's."""
    lines = [*comments, *([docstring] if docstring else []), *futures, code]
    body = ("\n".join(lines) + "\n").encode()
    expected = ast.parse(body)
    script = self_locating(body, PROGRAM, cleans_docstrings=sys.version_info >= (3, 13))
    found = ast.parse(script)
    assert _without_docstring(expected) == _without_docstring(found)
    space: dict[str, object] = {}
    exec(compile(script, "script", "exec", dont_inherit=True), space)
    original: dict[str, object] = {}
    exec(compile(body, "script", "exec", dont_inherit=True), original)
    assert space.get("__doc__") == original.get("__doc__")


_COMMENTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=30).map("#".__add__)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(_COMMENTS | st.just(""), max_size=3), st.none() | _docstrings(), st.binary(max_size=40))
def test_s6_s9_any_header_runs_in_a_shell(
    tmp_path: Path, comments: list[str], docstring: str | None, rest: bytes
) -> None:
    """Whatever follows the shebang, and if it is no Python at all, ``sh`` gets as far as the interpreter, silently."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    program = tmp_path / "bin" / PROGRAM
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    head = "\n".join([*comments, *([docstring] if docstring else [])]).encode()
    script = tmp_path / "bin/app"
    script.write_bytes(self_locating(head + b"\n" + rest, PROGRAM, b" -u"))
    done = subprocess.run(["sh", script, "a b"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"-u\n{script}\na b\n"


def _without_docstring(tree: ast.Module) -> list[str]:
    statements = tree.body[1:] if ast.get_docstring(tree, clean=False) is not None else tree.body
    return [ast.dump(each) for each in statements if not ast.unparse(each).startswith("__doc__ = ")]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_docstrings_are_cleaned_as_python_does(doc: str) -> None:
    """The cleaning of CPython 3.13 is foreseen, where this is one."""
    if sys.version_info >= (3, 13):
        space: dict[str, object] = {}
        exec(repr(doc), space)
        assert space["__doc__"] == cleaned(doc)
    else:
        assert cleaned("a\n  b\n    c\n") == "a\nb\n  c\n"


@pytest.fixture(autouse=True)
def _ordinary_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)
