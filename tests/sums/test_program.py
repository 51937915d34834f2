"""The program that lies in a pack, run as its user runs it: by any Python, with nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hatch_envpack
from hatch_envpack.formats import FOLDER
from hatch_envpack.sums import verify_envpack
from tests.conftest import find_pyenv
from tests.environment.made import snapshot
from tests.sums.packs import FILE, FORMATS, LINK, Part, parts_of, small_pack, write

if TYPE_CHECKING:
    from tests.conftest import Built

PROGRAM = "verify_envpack.py"
_OLDEST, _NEWEST = "3.8", "3.13"
_PLAIN = ("-I", "-S")
"""Neither variables, the user's packages, nor ``site-packages``."""


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one environment packed in every format."""
    folder = tmp_path_factory.mktemp("packs")
    return {name: small_pack(folder / name, name) for name in FORMATS}


def run(
    python: Path, *arguments: str | Path, cwd: Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    done = subprocess.run([python, *arguments], cwd=cwd, input=stdin, capture_output=True, env={}, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("version", [_OLDEST, _NEWEST])
def test_in_an_unpacked_folder(tmp_path: Path, packs: dict[str, Path], version: str) -> None:
    """It says what the verb says, and leaves nothing behind."""
    hatch_envpack.unpack(packs["tar.gz"], tmp_path / "app")
    before = snapshot(tmp_path)
    done = run(find_pyenv(version), *_PLAIN, PROGRAM, cwd=tmp_path / "app")
    sha256 = hatch_envpack.verify(tmp_path / "app").sha256
    said = f"all 24 files and links are as they were packed\nsha256 {sha256}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert snapshot(tmp_path) == before
    done = run(find_pyenv(version), tmp_path / "app" / PROGRAM, "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == hatch_envpack.verify(tmp_path / "app").to_dict()


@pytest.mark.parametrize("version", [_OLDEST, _NEWEST])
@pytest.mark.parametrize("name", ["tar.gz", "tar", "zip"])
def test_of_a_file(packs: dict[str, Path], name: str, version: str) -> None:
    """It reads archives, and from a pipe what can be read from one."""
    python = find_pyenv(version)
    program = packs[FOLDER] / PROGRAM
    sha256 = hatch_envpack.verify(packs[name]).sha256
    done = run(python, *_PLAIN, program, packs[name], cwd=Path("/"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"\nsha256 {sha256}\n")
    piped = run(python, *_PLAIN, program, "-", cwd=Path("/"), stdin=packs[name].read_bytes())
    if name == "zip":
        assert (piped.returncode, piped.stdout) == (1, "")
        assert piped.stderr.startswith("error: -: a zip says at its end what is in it")
    else:
        assert piped.stdout == done.stdout


def test_zstd(packs: dict[str, Path]) -> None:
    """What it cannot read it can be given."""
    program = packs[FOLDER] / PROGRAM
    done = run(find_pyenv(_OLDEST), program, packs["tar.zst"], cwd=Path("/"))
    said = f"error: {packs['tar.zst']}: this program does not read zstd: zstd -dc PACK | python3 {PROGRAM} -\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    data = subprocess.run(["zstd", "-dc", packs["tar.zst"]], capture_output=True, check=True).stdout
    assert run(find_pyenv(_OLDEST), program, "-", cwd=Path("/"), stdin=data).returncode == 0


def test_by_the_packs_own_python(tmp_path: Path, example_pack: Built) -> None:
    """Nothing but the pack is needed, and running it adds nothing to the pack."""
    root = tmp_path / "a b"
    hatch_envpack.unpack(example_pack.pack, root)
    done = run(root / "bin/python", root / PROGRAM, "--strict", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "added" not in done.stdout
    (root / "bin/python3").unlink()
    done = run(root / "bin/python", root / PROGRAM, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "missing: bin/python3\n")
    assert done.stderr == f"error: {root}: it is not as it was packed, 1 missing: fetch or unpack it again\n"


def test_what_was_added(tmp_path: Path, packs: dict[str, Path]) -> None:
    """It is told, and an error for those who ask for it; ``--all`` shows all names."""
    parts = parts_of(packs["tar"]) + [Part(f"more/{number:02}", FILE) for number in range(12)]
    root = write(parts, tmp_path / "app", FOLDER)
    done = run(find_pyenv(_OLDEST), root / PROGRAM, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("all 24 files and links are as they were packed; added since: 12\n")
    done = run(find_pyenv(_OLDEST), root / PROGRAM, "--strict", cwd=tmp_path)
    shown = [f"added: more/{number:02}" for number in range(10)]
    assert (done.returncode, done.stdout.splitlines()) == (1, [*shown, "and 2 more: --all shows them"])
    assert done.stderr.count("\n") == 1
    done = run(find_pyenv(_OLDEST), root / PROGRAM, "--strict", "--all", cwd=tmp_path)
    assert done.stdout.splitlines()[:12] == [*shown, "added: more/10", "added: more/11"]


def test_the_digest_of_the_list(packs: dict[str, Path]) -> None:
    """With one from elsewhere, another pack is an error, even where all of it fits."""
    program = packs[FOLDER] / PROGRAM
    sha256 = hatch_envpack.verify(packs["tar.gz"]).sha256
    assert run(find_pyenv(_OLDEST), program, "--sha256", sha256.upper(), packs["tar.gz"], cwd=Path("/")).returncode == 0
    done = run(find_pyenv(_OLDEST), program, "--sha256", "0" * 64, packs["tar.gz"], cwd=Path("/"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"it is another pack: the SHA-256 of its envpack.sha256 is {sha256}\n")


def test_names_that_no_terminal_should_obey(tmp_path: Path, packs: dict[str, Path]) -> None:
    """Line ends, escapes and bytes that are no text are shown as such."""
    parts = [*parts_of(packs["tar"]), Part("a\x1b[2J\nb\udcff", FILE)]
    root = write(parts, tmp_path / "app", FOLDER)
    done = run(find_pyenv(_OLDEST), root / PROGRAM, "--strict", cwd=tmp_path)
    assert done.stdout == "added: a\\x1b[2J\\nb\\udcff\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no .tar.gz, .tar or .zip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "is no .tar.gz, .tar or .zip"),
        (b"PK\x03\x04" + bytes(5000), "is no .tar.gz, .tar or .zip"),
        (b"\x1f\x8b" + bytes(5000), "is no .tar.gz, .tar or .zip"),
        (bytes(10240), "this is no pack: it has no envpack.json"),
    ],
)
def test_foreign_files(tmp_path: Path, data: bytes, words: str) -> None:
    """One line with the file's name."""
    (tmp_path / "file").write_bytes(data)
    done = run(find_pyenv(_OLDEST), verify_envpack.__file__, tmp_path / "file", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {tmp_path}/file: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_not_there(tmp_path: Path) -> None:
    """Neither file nor folder; a folder that is no pack; a closed standard input; a command line that is wrong."""
    for name, words in (("none", "it cannot be read: No such file or directory"), ("", "this is no unpacked pack")):
        done = run(Path(sys.executable), verify_envpack.__file__, tmp_path / name, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert words in done.stderr
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:], '-'])"
    done = run(Path(sys.executable), "-c", code, verify_envpack.__file__, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "error: -: it cannot be read: Bad file descriptor\n")
    done = run(Path(sys.executable), verify_envpack.__file__, "--nothing", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_help(tmp_path: Path) -> None:
    """It says what the program proves, and what not."""
    done = run(find_pyenv(_OLDEST), verify_envpack.__file__, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Who means harm can change the digests" in done.stdout
    assert all(option in done.stdout for option in ("--strict", "--sha256", "--all", "--json"))
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_zip_of_another_system(tmp_path: Path, packs: dict[str, Path]) -> None:
    """Without modes nothing can be run, and links are files: that is not what was packed."""
    path = write(parts_of(packs["tar"]), tmp_path / "unix.zip", "zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "other.zip", "w") as new:
        for info in old.infolist():
            data = old.read(info)
            info.create_system = 0
            new.writestr(info, data)
    verified = hatch_envpack.verify(tmp_path / "other.zip")
    parts = parts_of(packs["tar"])
    assert verified.changed == tuple(sorted(part.name for part in parts if part.kind == LINK))
    assert verified.modes == tuple(sorted(part.name for part in parts if part.executable and part.kind == FILE))
    with (tmp_path / "other.zip").open("rb", buffering=0) as stream:
        assert verify_envpack.verify_archive(stream) == verified


def test_damage_in_compressed_bytes(tmp_path: Path, packs: dict[str, Path]) -> None:
    """A byte in the middle of the file that is another one is an error."""
    for name in ("tar.gz", "zip"):
        data = bytearray(packs[name].read_bytes())
        data[len(data) // 2] ^= 1
        (tmp_path / name).write_bytes(data)
        done = run(Path(sys.executable), verify_envpack.__file__, tmp_path / name, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
