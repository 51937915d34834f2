"""Building again: what is done, what is not, and that nothing that happens to the cache can be seen in a pack."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

import hatch_envpack.cache.interpreters
import hatch_envpack.cache.libraries
import hatch_envpack.pipeline.pack
import hatch_envpack.pipeline.proof
import hatch_envpack.prove.proof
from hatch_envpack.errors import ArchiveError, VerificationError
from tests.conftest import missing
from tests.pipeline.projects import App, make_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return the project."""
    return make_app(tmp_path / "app")


def _forbid(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail(f"{name} was called")

    monkeypatch.setattr(module, name, refuse)


def test_unchanged_project_is_only_laid_out(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter is neither asked, walked nor read; nothing is compressed, compiled or proven; the same bytes."""
    first, told = app.build(tmp_path / "one")
    assert "Unpacking and proving the pack" in told.stages
    for module, name in [
        (hatch_envpack.cache.interpreters, "probe"),
        (hatch_envpack.cache.interpreters, "interpreter_entries"),
        (hatch_envpack.cache.interpreters, "by_content"),
        (hatch_envpack.pipeline.pack, "pack_frames"),
        (hatch_envpack.pipeline.proof, "prove"),
    ]:
        _forbid(monkeypatch, module, name)
    second, told = app.build(tmp_path / "two")
    assert _digest(first) == _digest(second)
    assert told.stages == ["Building the wheel of lone-app"]
    assert told.made == set()


def test_changed_line_packs_the_project_alone(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the project's segment is packed again, and only the project is asked about; a cold build gives the same."""
    app.build(tmp_path / "one")
    app.edit("changed")
    asked = []
    prove = hatch_envpack.prove.proof.prove

    def spy(place: Path, program: str, question: object, *rest: object, python: bool) -> object:
        asked.append(question)
        return prove(place, program, question, *rest, python=python)  # type: ignore[arg-type]

    monkeypatch.setattr(hatch_envpack.pipeline.proof, "prove", spy)
    for module, name in [
        (hatch_envpack.cache.interpreters, "probe"),
        (hatch_envpack.cache.interpreters, "interpreter_entries"),
        (hatch_envpack.cache.interpreters, "by_content"),
        (hatch_envpack.cache.libraries, "plan_libraries"),
    ]:
        _forbid(monkeypatch, module, name)
    pack, told = app.build(tmp_path / "two")
    assert told.made == {"distribution:lone-app"}
    assert [question.modules for question in asked] == [("lone_app",)]  # type: ignore[attr-defined]
    monkeypatch.undo()
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cold"))
    cold, told = app.build(tmp_path / "three", verify=False)
    assert _digest(cold) == _digest(pack)
    assert "interpreter" in told.made


def test_project_that_breaks_is_found_though_the_rest_was_proven(app: App, tmp_path: Path) -> None:
    """The proof of the rest does not cover for the project, and leaves nothing behind that does."""
    app.build(tmp_path / "one")
    (app.root / "src/lone_app/__init__.py").write_text("import no_such_module\n")
    for _ in range(2):
        with pytest.raises(VerificationError, match=r"module lone_app: .*no_such_module"):
            app.build(tmp_path / "two")
    app.edit("mended")
    pack, _ = app.build(tmp_path / "two")
    assert pack.is_file()


def test_module_that_is_gone_is_gone_from_the_proof(app: App, tmp_path: Path) -> None:
    """A module of the last build does not make up for one that the new one lacks."""
    (app.root / "src/lone_app/part").mkdir()
    (app.root / "src/lone_app/part/__init__.py").write_text("")
    (app.root / "src/lone_app/__init__.py").write_text("import lone_app.part\n\ndef main():\n    pass\n")
    app.build(tmp_path / "one")
    (app.root / "src/lone_app/part/__init__.py").unlink()
    (app.root / "src/lone_app/part").rmdir()
    with pytest.raises(VerificationError, match=r"lone_app\.part"):
        app.build(tmp_path / "two")


def test_verify_always_proves_again(app: App, tmp_path: Path) -> None:
    """``verify = "always"`` unpacks the whole pack again; otherwise what was proven is proven."""
    app.build(tmp_path / "one", verify="always")
    _, told = app.build(tmp_path / "one", verify="always")
    assert "Unpacking and proving the pack" in told.stages
    app.build(tmp_path / "one", bytecode=False)
    _, told = app.build(tmp_path / "one", bytecode=False, max_glibc=(2, 99))
    assert "Unpacking and proving the pack" not in told.stages


@pytest.mark.parametrize("change", ["everything", "the project", "nothing"])
def test_disk_that_fails_once(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """The kernel tells of lost pages at the first sync, which may be one that goes on beside other work."""
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cache"))
    if change != "everything":
        app.build(tmp_path / "one", bytecode=False)
    if change == "the project":
        app.edit("changed")
    failures = [OSError(errno.EIO, os.strerror(errno.EIO))]

    def fsync(descriptor: int) -> None:
        del descriptor
        if failures:
            raise failures.pop()

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ArchiveError, match=r"two/lone_app-1.0-\S+ cannot be made: Input/output error"):
        app.build(tmp_path / "two", bytecode=False)
    assert not (tmp_path / "two").exists()


def test_harmed_tree_of_the_proof_is_not_used(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree in which somebody changed a file is unpacked anew."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(cache))
    app.build(tmp_path / "one", bytecode=False)
    (module,) = (cache / "trees").glob("*/*/*/lib/python3.12/json/__init__.py")
    module.write_text("raise SystemExit\n")
    app.edit("changed")
    app.build(tmp_path / "two", bytecode=False)
    assert "raise SystemExit" not in module.read_text()


def test_finding_of_the_projects_own_comes_and_goes(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the proof finds in the new files is in the manifest, though the pack was written before that was known."""
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    (tmp_path / "a.c").write_text("int a;\n")
    library = tmp_path / "libouter.so"
    subprocess.run(["gcc", tmp_path / "a.c", "-shared", "-Wl,-soname,libouter.so", "-o", library], check=True)
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cache"))
    module = app.root / "src/lone_app/__init__.py"
    plain = module.read_text()
    for number, wanted in enumerate([[], ["libouter.so"], [], ["libouter.so"]]):
        opening = f"import ctypes\nctypes.CDLL({str(library)!r})\n" if wanted else ""
        module.write_text(f"{opening}{plain}\n# {number}\n")
        pack, told = app.build(tmp_path / str(number), bytecode=False)
        command = ["tar", "--zstd", "-xOf", str(pack), "envpack.json"]
        manifest = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        found = [each["path"] for each in manifest["findings"] if each["kind"] == "host-library"]
        assert found == wanted
        assert [each.path for each in told.summaries[-1].findings if each.kind == "host-library"] == wanted


def test_environment_that_others_changed(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was put into a kept environment is seen, and packed: the plan of the last build does not stand."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(cache))
    first, _ = app.build(tmp_path / "one", bytecode=False, verify=False)
    (site,) = (cache / "environments").glob("*/*/environment/lib/python3.12/site-packages")
    (site / "stray.py").write_text("")
    second, told = app.build(tmp_path / "two", bytecode=False, verify=False)
    assert told.made == {"unowned"}
    assert _digest(first) != _digest(second)


def _harm_plan(cache: Path) -> None:
    for kind in ("plans", "interpreters", "proofs"):
        for path in (cache / kind).rglob("*"):
            if path.is_file():
                path.write_bytes(path.read_bytes()[:-2])


def _harm_bytecode(cache: Path) -> None:
    for path in [*(cache / "bytecode").rglob("*"), *(cache / "segments").rglob("*")]:
        if path.is_file():
            path.write_bytes(b"\0" + path.read_bytes())


def _harm_notes(cache: Path) -> None:
    for path in [*cache.glob("environments/*/*/stamps.json"), *cache.glob("trees/*/*/notes.json")]:
        path.write_bytes(b"[]")


@pytest.mark.parametrize("harm", [_harm_plan, _harm_bytecode, _harm_notes])
def test_harmed_cache_gives_the_same_pack(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    """Whatever is damaged in the cache costs time alone."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(cache))
    first, _ = app.build(tmp_path / "one")
    harm(cache)
    second, _ = app.build(tmp_path / "two")
    assert _digest(first) == _digest(second)


_OPTIONS = "bytecode = false\nverify = false\n"


def _start(project: Path, cache: Path, output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hatchling", "build", "-t", "envpack", "-d", output],
        cwd=project,
        env={**os.environ, "HATCH_ENVPACK_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen[str], output: Path) -> tuple[str, str]:
    words = "".join(process.communicate())
    assert process.returncode == 0, words
    (pack,) = output.glob("*.envpack.tar.zst")
    return _digest(pack), words


def test_two_builds_at_once_on_a_cold_cache(tmp_path: Path) -> None:
    """Neither fails, waits for ever or sees half of what the other writes: both packs are the same."""
    project = make_app(tmp_path / "app", _OPTIONS).root
    cache = tmp_path / "cache"
    running = [_start(project, cache, tmp_path / name) for name in ("one", "two")]
    (one, _), (two, _) = (
        _finish(process, tmp_path / name) for process, name in zip(running, ("one", "two"), strict=True)
    )
    assert one == two
    assert not list(cache.rglob(".tmp-*"))


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Builds that are killed leave a cache that the next build can use, and that gives what a fresh one gives."""
    project = make_app(tmp_path / "app", _OPTIONS).root
    cache, output = tmp_path / "cache", tmp_path / "out"
    moments = random.Random(3)
    wanted, _ = _finish(_start(project, tmp_path / "fresh", tmp_path / "wanted"), tmp_path / "wanted")
    for _ in range(6):
        process = _start(project, cache, output)
        time.sleep(moments.uniform(0.3, 2.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for pack in output.glob("*.tar.zst"):  # it may have been done before
            assert _digest(pack) == wanted
            pack.unlink()
    found, _ = _finish(_start(project, cache, output), output)
    assert found == wanted


def _mounted(project: Path, mount: str, cache: Path) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0:
        missing("a file system of its own takes root")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    script = f'{mount}; cd "$0"; exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, project, *command],
        env={**os.environ, "HATCH_ENVPACK_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_full_disk_under_the_cache(tmp_path: Path) -> None:
    """The pack is made all the same, with a warning that says what to do, and the same bytes."""
    project = make_app(tmp_path / "app", _OPTIONS).root
    wanted, _ = _finish(_start(project, tmp_path / "fresh", tmp_path / "wanted"), tmp_path / "wanted")
    cache = tmp_path / "small"
    cache.mkdir()
    done = _mounted(project, f"mount -t tmpfs -o size=3m tmpfs '{cache}'", cache)
    assert done.returncode == 0, done.stderr
    (pack,) = (project / "dist").glob("*.tar.zst")
    assert _digest(pack) == wanted
    assert f"the cache {cache} cannot be written to (No space left on device)" in done.stdout + done.stderr


def test_read_only_cache(tmp_path: Path) -> None:
    """What is in it is used, and what is not is told; nothing is written."""
    project = make_app(tmp_path / "app", _OPTIONS).root
    cache = tmp_path / "cache"
    wanted, _ = _finish(_start(project, cache, tmp_path / "wanted"), tmp_path / "wanted")
    before = sorted(str(path) for path in cache.rglob("*"))
    (project / "src/lone_app/__init__.py").write_text("def main():\n    print('other')\n")
    done = _mounted(project, f"mount --bind '{cache}' '{cache}'; mount -o remount,bind,ro '{cache}'", cache)
    assert done.returncode == 0, done.stderr
    words = done.stdout + done.stderr
    assert f"the cache {cache} cannot be written to (Read-only file system)" in words
    assert sorted(str(path) for path in cache.rglob("*")) == before
    (pack,) = (project / "dist").glob("*.tar.zst")
    assert _digest(pack) != wanted


def test_another_project_uses_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from an index is packed once on a machine, its scripts included, though they name an environment."""
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cache"))
    options: dict[str, Any] = {"bytecode": False, "verify": False, "extra_dependencies": ("tabulate",)}
    make_app(tmp_path / "first").build(tmp_path / "one", **options)
    second = make_app(tmp_path / "second")
    second.edit("another")
    _, told = second.build(tmp_path / "two", **options)
    assert (
        "bin/tabulate"
        in subprocess.run(
            ["tar", "--zstd", "-tf", told.summaries[-1].pack], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert told.made == {"distribution:lone-app"}
