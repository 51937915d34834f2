"""The list of digests, which other programs read too."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hatch_envpack
from hatch_envpack.sums import verify_envpack
from hatch_envpack.sums.sums import OWN_FILES, program, sums_text
from hatch_envpack.sums.verify_envpack import MANIFEST, NoPackError, parse
from tests.environment.made import install, make_environment
from tests.sums.packs import parts_of, small_pack

if TYPE_CHECKING:
    from tests.conftest import Built

_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..") and _is_name(name)
)


def _is_name(name: str) -> bool:
    """Whether a file can have this name."""
    try:
        return os.fsdecode(os.fsencode(name)) == name
    except UnicodeEncodeError:
        return False


def _manifest(count: int) -> bytes:
    return b'{"sums": {"files": %d}, "links": {}, "executables": []}' % count


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.one_of(_NAMES, st.sampled_from(["a\nb", "a\\b", "\r", "\\", " a", "*a", "\udcff"])), min_size=1)
)
def test_any_name(tmp_path: Path, names: set[str]) -> None:
    """``sha256sum`` writes the same lines, reads ours, and so do we."""
    root = tmp_path / "files"
    root.mkdir()
    files = {}
    for number, name in enumerate(sorted(names)):
        (root / name).write_bytes(b"%d" % number)
        files[name] = hashlib.sha256(b"%d" % number).hexdigest()
    data = sums_text(files).encode("utf-8", "surrogateescape")
    written = subprocess.run(["sha256sum", "--", *files], cwd=root, capture_output=True, check=True).stdout
    assert data == written
    check = ["sha256sum", "--check", "--strict", "--quiet"]
    assert subprocess.run(check, cwd=root, input=data, check=False).returncode == 0
    assert parse(_manifest(len(files)), data).files == {
        os.fsencode(name): bytes.fromhex(digest) for name, digest in files.items()
    }
    shutil.rmtree(root)


@settings(max_examples=300)
@given(
    manifest=st.one_of(st.binary(), st.just(_manifest(1))),
    sums=st.one_of(st.binary(), st.from_regex(rb"[0-9a-f]{64}  .*\n")),
)
def test_any_bytes(manifest: bytes, sums: bytes) -> None:
    """They are refused by the one error, or read."""
    try:
        packed = parse(manifest, sums)
    except NoPackError:
        return
    assert len(packed.files) == 1
    assert packed.sha256 == hashlib.sha256(sums).hexdigest()


def test_sha256sum_agrees(tmp_path: Path) -> None:
    """It finds a whole pack as it is, and what was changed in one."""
    pack = small_pack(tmp_path, "dir")
    check = ["sha256sum", "--check", "--strict", "--quiet", "envpack.sha256"]
    done = subprocess.run(check, cwd=pack, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (pack / "pyvenv.cfg").write_text("x")
    done = subprocess.run(check, cwd=pack, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "pyvenv.cfg: FAILED\n")
    assert hatch_envpack.verify(pack).changed == ("pyvenv.cfg",)


def test_a_real_pack(tmp_path: Path, example_pack: Built) -> None:
    """All files of a pack of the example have a line, and each is right; the verb says so of file and folder."""
    hatch_envpack.unpack(example_pack.pack, tmp_path / "app")
    check = ["sha256sum", "--check", "--strict", "--quiet", "envpack.sha256"]
    done = subprocess.run(check, cwd=tmp_path / "app", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    unpacked, packed = hatch_envpack.verify(tmp_path / "app"), hatch_envpack.verify(example_pack.pack)
    assert unpacked == packed
    assert (packed.ok, packed.added) == (True, ())
    text = (tmp_path / "app/envpack.sha256").read_text("utf-8", "surrogateescape")
    files = [path for path in (tmp_path / "app").rglob("*") if not path.is_dir() or path.is_symlink()]
    assert text.count("\n") == sum(not path.is_symlink() for path in files) - 1
    assert packed.files == len(files) - 1
    assert {str(path.relative_to(tmp_path / "app")) for path in files} >= set(OWN_FILES)


def test_names_are_those_of_the_program() -> None:
    """It stands alone, so that it has names of its own."""
    assert (verify_envpack.MANIFEST, verify_envpack.SUMS, verify_envpack.PROGRAM) == OWN_FILES
    assert program() == Path(verify_envpack.__file__).read_bytes()


@pytest.mark.parametrize("owner", ["nobody", "distribution"])
def test_names_that_are_taken(tmp_path: Path, owner: str) -> None:
    """Files of the environment that are called as the pack's own do not get into their place."""
    site = make_environment(tmp_path / "env")
    taken = set(OWN_FILES) - {MANIFEST}  # with that, an environment is refused
    for name in taken:
        if owner == "nobody":
            (tmp_path / "env" / name).write_text("other")
    install(site, "tool", {f"../../../{name}": "other" for name in taken} if owner == "distribution" else {})
    done = hatch_envpack.pack(
        tmp_path / "env", tmp_path / "pack.tar", exclude=["lib/**", "bin/**"], verify=False, bytecode=False
    )
    assert hatch_envpack.verify(done.path).ok
    assert sorted(part.name for part in parts_of(done.path) if part.name in OWN_FILES) == sorted(OWN_FILES)
    told = {each.path for each in done.findings if each.kind == "taken-name"}
    assert told == (taken if owner == "distribution" else set())


def test_what_the_cache_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where segments or all of a pack come from the cache, the list is that of a first build."""
    site = make_environment(tmp_path / "env")
    install(site, "one", {"one.py": "X = 1\n"})
    install(site, "two", {"two.py": "X = 1\n"})

    def packed(cache: str, name: str) -> Path:
        monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / cache))
        done = hatch_envpack.pack(
            tmp_path / "env", tmp_path / name, exclude=["bin/**", "lib/*.so*", "lib/python3.12/[a-r]*"],
            verify=False, bytecode=False,
        )  # fmt: skip
        return done.path

    packed("first", "old.tar")
    install(site, "two", {"two.py": "X = 2\n"})
    changed, whole, fresh = packed("first", "changed.tar"), packed("first", "whole.tar"), packed("other", "fresh.tar")
    assert hatch_envpack.verify(fresh).ok
    assert changed.read_bytes() == whole.read_bytes() == fresh.read_bytes()
