"""Reading what is in a pack, wherever it lies, and whatever lies in its place."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hatch_envpack
from hatch_envpack import EnvpackError
from hatch_envpack.formats import FOLDER, LEVELS
from tests.cli.test_program import COMMAND, run
from tests.contents.web import Web, serve
from tests.environment.made import SITE, install, make_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_envpack import Contents

_DATA = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256)) * 400
"""3 MB that do not compress to nothing."""


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one environment packed in every format, and as ``new`` with other distributions."""
    folder = tmp_path_factory.mktemp("packs")
    site = make_environment(folder / "tool")
    install(site, "tool", {"tool.py": "X = 1\n"})
    install(site, "large", {"large.py": "X = 1\n"}, version="3.0")
    (site / "large.bin").write_bytes(_DATA)
    install(site, "old", {"old.py": "X = 1\n"}, version="0.1")
    made = {}
    for name in LEVELS:
        output = folder / f"tool.{name}"
        done = hatch_envpack.pack(folder / "tool", output, format=name, verify=False, bytecode=False)
        made[name] = done.path
    for path in site.glob("old*"):
        subprocess.run(["rm", "-r", path], check=True)
    install(site, "large", {"large.py": "X = 1\n" * 1000}, version="3.1")
    subprocess.run(["rm", "-r", site / "large-3.0.dist-info"], check=True)
    install(site, "fresh", {"fresh.py": "X = 1\n"}, version="9")
    made["new"] = hatch_envpack.pack(folder / "tool", folder / "new.tar.zst", verify=False, bytecode=False).path
    return made


def _check(contents: Contents) -> None:
    assert (contents.name, contents.version, contents.python_tag) == ("tool", "1.0", "cp312")
    assert contents.distributions == {"tool": "1.0", "large": "3.0", "old": "0.1"}
    assert {"interpreter", "distribution:tool", "unowned"} <= {part.name for part in contents.parts}
    # it is the largest but for Python's own library
    assert (f"{SITE}/large.bin", len(_DATA)) in contents.largest[:6]
    assert list(contents.largest) == sorted(contents.largest, key=lambda each: (-each[1], each[0]))
    assert contents.findings == ()


@pytest.mark.parametrize("name", LEVELS)
def test_every_format(packs: dict[str, Path], name: str) -> None:
    """All tell the same; the size is that of the file, and the index tells those of the parts."""
    contents = hatch_envpack.inspect(packs[name])
    _check(contents)
    assert contents.size == (None if name == FOLDER else packs[name].stat().st_size)
    compressed = [part.compressed for part in contents.parts]
    if name == "tar.zst":
        assert 0 < sum(size or 0 for size in compressed) < packs[name].stat().st_size
    else:
        assert set(compressed) == {None}


@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar"])
def test_from_a_pipe(packs: dict[str, Path], name: str) -> None:
    """Standard input need not be a file; what is behind the manifest may stay unread."""
    with subprocess.Popen(["cat", packs[name]], stdout=subprocess.PIPE) as cat:
        done = subprocess.run([COMMAND, "inspect", "--json", "-"], stdin=cat.stdout, capture_output=True, check=False)
        assert cat.stdout is not None
        cat.stdout.close()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["distributions"] == {"tool": "1.0", "large": "3.0", "old": "0.1"}
    assert told["bytes"] is None


def test_a_zip_from_a_pipe_is_refused(packs: dict[str, Path]) -> None:
    """Its directory is at the end."""
    done = subprocess.run([COMMAND, "inspect", "-"], input=packs["zip"].read_bytes(), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"error: standard input: a zip says at its end what is in it" in done.stderr


@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar", "zip"])
def test_from_the_web_only_what_is_needed(packs: dict[str, Path], name: str) -> None:
    """Of a file with an index, of a zip's directory, and of what begins with the manifest, little is fetched."""
    data = packs[name].read_bytes()
    with serve(Web({"/pack": data})) as web:
        _check(hatch_envpack.inspect(f"{web.url}/pack"))
    # the directory of a zip has all names of its files
    assert web.sent <= min(len(data) / 10, {"tar.zst": 5, "zip": 11}.get(name, 1) * 65536)


def test_without_an_index_only_what_is_needed(packs: dict[str, Path]) -> None:
    """So it is where another program compressed the pack: nothing is read ahead."""
    data = zstandard.compress(packs["tar"].read_bytes())
    with serve(Web({"/pack": data})) as web:
        _check(hatch_envpack.inspect(f"{web.url}/pack"))
    assert web.sent <= 3 * 65536 < len(data) / 10


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar"])
def test_from_the_web_in_any_format(packs: dict[str, Path], name: str, *, ranges: bool) -> None:
    """Also from a server that gives no ranges."""
    with serve(Web({"/pack": packs[name].read_bytes()}, ranges)) as web:
        _check(hatch_envpack.inspect(f"{web.url}/pack"))


def test_web_errors(packs: dict[str, Path]) -> None:
    """What the server says is told, with the address; nothing listens; the file changes meanwhile; it lies."""
    data = packs["tar.zst"].read_bytes()
    with serve(Web({"/pack": data})) as web:
        with pytest.raises(EnvpackError, match=r"/nothing cannot be read: the server says 404 Not Found"):
            hatch_envpack.inspect(f"{web.url}/nothing")

        def change(number: int) -> None:
            if number > 1:
                web.files["/pack"] = data + b"x"

        web.before = change
        with pytest.raises(EnvpackError, match=r"/pack changed while it was read: try again"):
            hatch_envpack.inspect(f"{web.url}/pack")
    with pytest.raises(EnvpackError, match=r"/pack cannot be read: .*refused"):
        hatch_envpack.inspect(f"{web.url}/pack")
    for url in ("http://[", "http://", "http://a b/", "https://127.0.0.1:99999/x"):
        with pytest.raises(EnvpackError, match="cannot be read"):
            hatch_envpack.inspect(url)


def test_diff(packs: dict[str, Path]) -> None:
    """Added, removed and changed distributions, and sizes; the same pack in another format is the same."""
    told = json.loads(run("diff", "--json", packs["tar.zst"], packs["new"]).stdout)
    assert told["added"] == {"fresh": "9"}
    assert told["removed"] == {"old": "0.1"}
    assert told["changed"] == {"large": {"old": "3.0", "new": "3.1"}}
    assert told["facts"] == {}
    assert set(told["segments"]) == {"distribution:fresh", "distribution:large", "distribution:old"}
    words = run("diff", packs["tar.zst"], packs["new"]).stdout.splitlines()
    assert words[:3] == ["added fresh 9", "changed large 3.0 -> 3.1", "removed old 0.1"]
    assert words[3].split() == ["segment", "old", "new", "difference"]
    assert run("diff", packs["tar.gz"], packs["tar.zst"]).stdout == "the packs tell the same of themselves\n"


def test_inspect_for_people(packs: dict[str, Path]) -> None:
    """What it is, what it needs, what is large."""
    done = run("inspect", packs["tar.zst"])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "tool 1.0"
    assert lines[1].startswith("Python 3.12.")
    assert any(line.startswith("needs glibc 2.") for line in lines)
    assert any(line.split()[:2] == ["large", "3.0"] for line in lines)
    assert any(f"{SITE}/large.bin" in line for line in lines)


def _tar(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _zip(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def _truncated(packs: dict[str, Path]) -> bytes:
    return packs["tar.zst"].read_bytes()[:1000]


_FOREIGN: list[tuple[Callable[[dict[str, Path]], bytes], str]] = [
    (lambda _: b"", "it is damaged or is no archive"),
    (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(5000), "it is damaged or is no archive"),
    (lambda _: bytes(10240), "this is no pack: it is empty, and has no envpack.json"),
    (lambda _: _tar("bin/python", b"x"), "this is no pack: its first member is 'bin/python', not envpack.json"),
    (lambda _: _zip("bin/python", b"x"), "this is no pack: it has no envpack.json"),
    (lambda _: _tar("envpack.json", b"{}"), "its envpack.json is not what this program writes"),
    (lambda _: _tar("envpack.json", b"[" * 100_000), "its envpack.json is not what this program writes"),
    (lambda _: _tar("envpack.json", b'{"format_version": 99}'), "made by a newer hatch-envpack: update this one"),
    (_truncated, "the pack is damaged: it ends too early"),
]


@pytest.mark.parametrize(("make", "words"), _FOREIGN)
def test_foreign_files(
    tmp_path: Path, packs: dict[str, Path], make: Callable[[dict[str, Path]], bytes], words: str
) -> None:
    """One line with the file's name."""
    path = tmp_path / "file"
    path.write_bytes(make(packs))
    other = packs["tar.zst"]
    verbs: list[list[str | Path]] = [["inspect", path], ["diff", path, other], ["diff", other, path]]
    for verb in verbs:
        done = run(*verb)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: {path}: ")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_missing_files(tmp_path: Path) -> None:
    """A name that leads nowhere, and a folder that is no pack."""
    (tmp_path / "folder").mkdir()
    for name in ("nothing", "folder"):
        done = run("inspect", tmp_path / name)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: {tmp_path / name}")
        assert "cannot be read: No such file or directory" in done.stderr


def test_too_large_a_manifest(tmp_path: Path) -> None:
    """It is not read whole: memory stays small."""
    path = tmp_path / "file.tar.gz"
    code = "import sys, tarfile, io; t = tarfile.open(sys.argv[1], 'w:gz'); i = tarfile.TarInfo('envpack.json'); "
    code += "i.size = 2 << 30; f = open('/dev/zero', 'rb'); t.addfile(i, f)"
    subprocess.run([sys.executable, "-c", code, path], check=True)
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); {_RUN}"
    done = subprocess.run([sys.executable, "-c", limited, path], capture_output=True, text=True, check=False)
    assert done.stdout == f"{path}: the pack is damaged: its envpack.json is too large\n", done.stderr


_RUN = """
import sys, hatch_envpack
try:
    hatch_envpack.inspect(sys.argv[1])
except hatch_envpack.EnvpackError as error:
    print(error)
"""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_make_no_traceback(tmp_path: Path, packs: dict[str, Path], data: st.DataObject) -> None:
    """A pack in which something was changed, cut or put in is read, or refused by the one error."""
    name = data.draw(st.sampled_from(["tar.zst", "tar.gz", "tar", "zip"]))
    whole = packs[name].read_bytes()
    ends = st.one_of(st.integers(0, 4000), st.integers(len(whole) - 4000, len(whole) - 1))
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(ends)
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=5))
    if data.draw(st.booleans()):
        del content[data.draw(ends) :]
    path = tmp_path / "changed"
    path.write_bytes(content)
    try:
        contents = hatch_envpack.inspect(path)
    except EnvpackError as error:
        assert str(path) in str(error)  # noqa: PT017 - both may happen
    else:
        assert json.dumps(contents.to_dict())
