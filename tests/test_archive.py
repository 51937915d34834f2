"""The archive of a real pack: what readers make of it, what it says, and that it is the same every time."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING, Any

import zstandard

from tests.conftest import build, copy_example, hatchling_build, missing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Built


def _stream(pack: Path) -> io.BytesIO:
    with pack.open("rb") as stream:
        reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        return io.BytesIO(reader.read())


def _members(pack: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=_stream(pack)) as archive:
        return archive.getmembers()


def _manifest(pack: Path) -> dict[str, Any]:
    with tarfile.open(fileobj=_stream(pack)) as archive:
        first = archive.next()
        assert first is not None
        assert first.name == "envpack.json"
        stream = archive.extractfile(first)
        assert stream is not None
        manifest: dict[str, object] = json.load(stream)
    return manifest


def _tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Return mode and content, or target, of everything below a folder."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            content = f"-> {path.readlink()}"
        elif path.is_dir():
            content = "folder"
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (0 if path.is_symlink() else path.stat().st_mode, content)
    return found


def test_a7_same_tree_from_every_reader(tmp_path: Path, pyenv_pack: Built) -> None:
    """GNU tar, bsdtar and Python's tarfile with its strict filter unpack the same tree."""
    if shutil.which("bsdtar") is None:
        missing("bsdtar is not installed (Debian: libarchive-tools)")
    pack = pyenv_pack.pack
    for name in ("gnu", "bsd", "python"):
        (tmp_path / name).mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", tmp_path / "gnu"], check=True)
    subprocess.run(f"zstd -dc '{pack}' | bsdtar -xf - -C '{tmp_path}/bsd'", shell=True, check=True)
    with tarfile.open(fileobj=_stream(pack)) as archive:
        archive.extractall(tmp_path / "python", filter="data")
    trees = [_tree(tmp_path / name) for name in ("gnu", "bsd", "python")]
    assert len(trees[0]) > 3000
    assert trees[0] == trees[1] == trees[2]


def test_one_archive_and_nothing_behind_it(pyenv_pack: Built) -> None:
    """The proof works on the pack in the making, which is then written anew with the proof's findings."""
    stream = _stream(pyenv_pack.pack)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for _ in archive:
            pass
        end = archive.offset
    assert stream.getvalue()[end:].strip(b"\0") == b""


def test_a9_a14_owner_mode_and_time(pyenv_pack: Built) -> None:
    """Every member is root's, has one of two modes and the one time stamp, and no name twice."""
    members = _members(pyenv_pack.pack)
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.mode for member in members if not member.issym()} == {0o644, 0o755}
    assert len({member.mtime for member in members}) == 1
    assert len({member.name for member in members}) == len(members)
    assert all(member.isreg() or member.isdir() or member.issym() for member in members)


def test_the_manifest_says_what_is_inside(pyenv_pack: Built) -> None:
    """``envpack.json`` is the first member; its facts are those of the tree."""
    manifest = _manifest(pyenv_pack.pack)
    assert manifest["format_version"] == 1
    assert (manifest["name"], manifest["version"]) == ("example-project", "0.1.0")
    version = subprocess.run(
        [pyenv_pack.interpreter, "-c", "import platform; print(platform.python_version())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert manifest["python"] == version
    assert f"-cp312-{manifest['platform_tag']}.envpack.tar.zst" in pyenv_pack.pack.name
    assert manifest["platform_tag"] == f"manylinux_{manifest['needs']['glibc']['version'].replace('.', '_')}_x86_64"
    distributions = manifest["distributions"]
    assert isinstance(distributions, list)
    names = {member.name for member in _members(pyenv_pack.pack)}
    found = {name.split("/")[-2] for name in names if name.endswith(".dist-info/METADATA")}
    assert {f"{d['name'].replace('-', '_')}-{d['version']}.dist-info".lower() for d in distributions} == {
        name.lower() for name in found
    }
    scripts = manifest["console_scripts"]
    assert isinstance(scripts, list)
    assert {"driftwatch", "driftwatch-serve"} <= set(scripts)
    assert {f"bin/{script}" for script in scripts} <= names
    assert manifest["findings"] == []


def test_n6_platform_tag_is_that_of_the_files(tmp_path: Path, pyenv_pack: Built) -> None:
    """The highest glibc symbol version that ``objdump`` finds in the tree is the manifest's."""
    if shutil.which("objdump") is None:
        missing("objdump is not installed (Debian: binutils)")
    subprocess.run(["tar", "--zstd", "-xf", pyenv_pack.pack, "-C", tmp_path], check=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    done = subprocess.run(["objdump", "-p", *files], capture_output=True, text=True, check=True)
    words = done.stdout.split()
    found = {tuple(map(int, word[6:].split("."))) for word in words if word.startswith("GLIBC_2.")}
    if "GLIBC_ABI_DT_RELR" in words:
        found.add((2, 36))
    highest = max(version[:2] for version in found)
    assert _manifest(pyenv_pack.pack)["needs"]["glibc"]["version"] == f"{highest[0]}.{highest[1]}"


def test_c9_record_fits_the_files(tmp_path: Path, pyenv_pack: Built) -> None:
    """Every row of every ``RECORD`` names a file that is there and has this digest; no trace of the build is left."""
    subprocess.run(["tar", "--zstd", "-xf", pyenv_pack.pack, "-C", tmp_path], check=True)
    (site,) = tmp_path.glob("lib/python3.*/site-packages")
    checked = 0
    for record in site.glob("*.dist-info/RECORD"):
        with record.open(newline="") as stream:
            for name, digest, size in csv.reader(stream):
                data = (site / name).read_bytes()
                if digest:
                    expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                    assert (digest, size) == (f"sha256={expected}", str(len(data))), name
                    checked += 1
        assert (record.parent / "INSTALLER").read_text() == "hatch-envpack\n"
    assert checked > 1000
    assert not list(site.glob("*.dist-info/direct_url.json"))
    assert not list(site.glob("*.dist-info/uv_*.json"))


def test_no_build_path_is_left(pyenv_pack: Built) -> None:
    """Neither the project's folder nor the interpreter's prefix stands anywhere in the archive."""
    content = _stream(pyenv_pack.pack).getvalue()
    assert str(pyenv_pack.interpreter.parent.parent).encode() not in content
    assert str(pyenv_pack.project).encode() not in content
    assert b"/hatch-envpack-" not in content


def test_same_input_same_bytes(tmp_path: Path, pyenv_pack: Built) -> None:
    """Built in another folder, at another time, with another temporary folder, umask and hash seed."""
    project = copy_example(tmp_path / "elsewhere", python=pyenv_pack.interpreter)
    for path in project.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (tmp_path / "temporary").mkdir()
    before = os.umask(0o077)
    try:
        again = build(project, pyenv_pack.interpreter, TMPDIR=str(tmp_path / "temporary"), PYTHONHASHSEED="7")
    finally:
        os.umask(before)
    assert again.pack.name == pyenv_pack.pack.name
    assert _digest(again.pack) == _digest(pyenv_pack.pack)
    assert os.listdir(tmp_path / "temporary") == []


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a2_a_killed_build_leaves_nothing(tmp_path: Path, pyenv_pack: Built) -> None:
    """Killed at ten random moments: nothing half-written under the final name, uv's cache as it was.

    The next build succeeds. Each begins with an empty cache, as long as the one before; one that is quicker than that
    may be done before its moment comes.
    """
    project = copy_example(tmp_path, python=pyenv_pack.interpreter)
    (tmp_path / "temporary").mkdir()
    cache = tmp_path / "uv cache"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "UV_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    duration = 0.0
    for number in range(2):  # the second one, which finds all in uv's cache
        environment["HATCH_ENVPACK_CACHE_DIR"] = str(tmp_path / f"cache {number}")
        started = time.monotonic()
        subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
        duration = time.monotonic() - started
    (pack,) = (project / "dist").iterdir()
    expected = _digest(pack)
    pack.unlink()
    unharmed = _archives(cache)
    assert unharmed
    moments, unfinished = random.Random(11), 0
    for number in range(10):
        environment["HATCH_ENVPACK_CACHE_DIR"] = str(tmp_path / f"cache of {number}")
        process = subprocess.Popen(
            command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(moments.uniform(0.05, 0.95) * duration)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        unfinished += not pack.exists()
        assert [_digest(each) for each in (project / "dist").glob("*.envpack.*")] in ([], [expected])
        pack.unlink(missing_ok=True)
        assert unharmed.items() <= _archives(cache).items()
    assert unfinished > 2
    done = hatchling_build(project, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.listdir(project / "dist") == [pack.name]
    assert _digest(pack) == expected
    assert os.listdir(tmp_path / "temporary") == []


def _archives(cache: Path) -> dict[str, str]:
    """Return the digests of the unpacked wheels that environments are linked to."""
    folder = cache / "archive-v0"
    return {
        str(path.relative_to(folder)): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
