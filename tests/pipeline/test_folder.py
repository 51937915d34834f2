"""Packs that are folders: what lies under the name is always all of one pack, and nobody else's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_envpack.clone import can_clone
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.unpack import unpack
from hatch_envpack.umask import umask
from tests.conftest import REPOSITORY, missing
from tests.pipeline.projects import App, Told, make_app

if TYPE_CHECKING:
    from collections.abc import Callable

_OPTIONS = "bytecode = false\nverify = false\n"
FAST = {"bytecode": False, "verify": False}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache for all builds of these tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> App:
    """Return a project for all these tests, so that what it needs is installed once."""
    return replace(make_app(tmp_path_factory.mktemp("project") / "app", _OPTIONS), options=FAST)


@pytest.fixture
def app(made: App, cache: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """Return the project as it was made."""
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(cache))
    made.edit()
    return made


def _build(app: App, folder: Path, **settings: Any) -> tuple[Path, Told]:  # noqa: ANN401
    return app.build(folder, format_name="dir", **settings)


def _run(folder: Path) -> str:
    return subprocess.run([folder / "bin/lone-app"], capture_output=True, text=True, check=True, env={}).stdout


def _tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time in nanoseconds, and content or target of a folder and all in it."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        mtime, content = status.st_mtime_ns, b""
        if path.is_symlink():
            content = os.fsencode(os.readlink(path))  # noqa: PTH115 - the text, not a path
        elif not path.is_dir():
            content = path.read_bytes()
        elif path == folder:
            mtime = 0  # of its last change: a pack says nothing about it
        found[str(path.relative_to(folder))] = (status.st_mode, mtime, content)
    return found


def test_the_folder_is_what_the_file_unpacks_to(app: App, tmp_path: Path) -> None:
    """Names, modes, times, bytes and links; and after the file, the folder is made from its frames and its plan."""
    pack, _ = app.build(tmp_path / "one")
    unpack(pack, tmp_path / "unpacked")
    folder, told = _build(app, tmp_path / "two")
    tree = _tree(folder)
    assert tree == _tree(tmp_path / "unpacked")
    assert pack.name == f"{folder.name}.tar.zst"
    assert told.made == set()
    assert "Packing" not in told.stages
    (summary,) = told.summaries
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert summary.size == sum(path.stat().st_size for path in files)
    assert summary.pack == folder
    assert os.listdir(tmp_path / "two") == [folder.name]


def test_again(app: App, tmp_path: Path) -> None:
    """Unchanged, an equal folder is put in its place; edited, one with the edit, and what was added goes."""
    output = tmp_path / "out"
    folder, _ = _build(app, output)
    before, inode = _tree(folder), folder.stat().st_ino
    (folder / "added").touch()
    assert _build(app, output)[0] == folder
    assert _tree(folder) == before
    assert folder.stat().st_ino != inode
    app.edit("other")
    _, told = _build(app, output)
    assert told.made == {"distribution:lone-app"}
    assert _run(folder) == "other\n"
    assert os.listdir(output) == [folder.name]


def test_it_is_proven(app: App, tmp_path: Path) -> None:
    """The proof takes place before anything lies under the name; what fails it leaves nothing."""
    (app.root / "src/lone_app/__init__.py").write_text("raise RuntimeError\n")
    with pytest.raises(Exception, match="lone_app"):
        _build(app, tmp_path / "out", verify=True)
    assert not (tmp_path / "out").exists()
    app.edit()
    folder, told = _build(app, tmp_path / "out", verify=True)
    assert "Unpacking and proving the pack" in told.stages
    assert _run(folder) == "hello\n"


def _foreign_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


def _file(path: Path) -> None:
    path.write_text("mine")


def _link(path: Path) -> None:
    path.with_name("elsewhere").mkdir()
    path.symlink_to("elsewhere")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("put", [_foreign_folder, _file, _link, _dangling])
def test_what_is_no_pack_is_refused_and_untouched(app: App, tmp_path: Path, put: Callable[[Path], None]) -> None:
    """A folder without a manifest, a file, links: whoever put them there may want them back."""
    name = _build(app, tmp_path / "one")[0].name
    output = tmp_path / "out"
    output.mkdir()
    put(output / name)
    before = _tree(output)
    with pytest.raises(ArchiveError, match="is in the way, and is no pack that could be replaced") as error:
        _build(app, output)
    assert str(error.value).startswith(str(output / name))
    assert _tree(output) == before


def test_an_empty_folder_is_replaced(app: App, tmp_path: Path) -> None:
    """Nobody misses it."""
    name = _build(app, tmp_path / "one")[0].name
    (tmp_path / "out" / name).mkdir(parents=True)
    assert _run(_build(app, tmp_path / "out")[0]) == "hello\n"


def test_what_fails_at_the_last_moment_leaves_the_old_one(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is whole and on the disk before the old one is touched, and a failed exchange is taken back."""
    folder, _ = _build(app, tmp_path / "out")
    before = _tree(folder)
    app.edit("other")
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == "content":
            assert (self / "bin/lone-app").exists()
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ArchiveError, match="cannot be made: Permission denied"):
        _build(app, tmp_path / "out")
    assert _tree(folder) == before
    assert os.listdir(tmp_path / "out") == [folder.name]


def test_killed_between_the_two_renames(app: App, tmp_path: Path) -> None:
    """Then nothing has the name, and the next build removes what is left under temporary ones."""
    folder, _ = _build(app, tmp_path / "out")
    script = (
        "import os, sys; from pathlib import Path; from hatch_envpack.workspace import partial_folder\n"
        "rename = Path.rename\n"
        "def killed(self, target):\n"
        "    os.kill(os.getpid(), 9) if self.name == 'content' else rename(self, target)\n"
        "Path.rename = killed\n"
        "with partial_folder(Path(sys.argv[1])) as partial: partial.keep(replace=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, folder], check=False)
    assert done.returncode == -9
    assert not folder.exists()
    assert len(os.listdir(tmp_path / "out")) == 1
    assert _run(_build(app, tmp_path / "out")[0]) == "hello\n"
    assert os.listdir(tmp_path / "out") == [folder.name]


def test_full_disk_leaves_the_old_one(app: App, cache: Path) -> None:
    """And nothing else; the line says what to do."""
    if os.geteuid() != 0:
        missing("mounting a small file system needs to be root")
    (app.root / "dist").mkdir()
    script = (
        'mount -t tmpfs -o size=400m none "$0/dist"; cd "$0"; "$@" >&2; '
        'dd if=/dev/zero of=dist/other bs=1M 2>/dev/null; truncate -s -30M dist/other; "$@" && exit 9; ls -A dist'
    )
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack:dir"]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, app.root, *command],
        env={**os.environ, "HATCH_ENVPACK_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, other = done.stdout.split()
    assert (name.endswith(".envpack"), other) == (True, "other")
    assert "No space left on device: make room for" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_umask_counts_as_with_unpacking(app: App, tmp_path: Path) -> None:
    """The folder is the temporary one, which was nobody else's; under its name it has the mode of any folder."""
    assert umask() == 0o022
    folder, _ = _build(app, tmp_path / "out")
    assert folder.stat().st_mode & 0o777 == 0o755


_MOUNTED = """\
truncate -s 600M "$1/disk"
mkfs.xfs -q -m reflink=1 "$1/disk"
mount -o loop "$1/disk" "$1/mounted"
shift
exec "$@"
"""
_PROGRAM = """\
import json, os, pathlib, sys
from hatch_envpack.cache.lock import taken
from hatch_envpack.extract.unpack import unpack
from tests.pipeline.projects import App
from tests.pipeline.test_folder import _tree
mounted, root = map(pathlib.Path, sys.argv[1:])
def used():
    os.sync()
    status = os.statvfs(mounted)
    return (status.f_blocks - status.f_bfree) * status.f_frsize
def build(name):
    return app.build(mounted / name, format_name="dir")[0]
app = App(root, {"bytecode": False, "verify": False})
first = build("one")
unpack(app.build(mounted / "file")[0], mounted / "unpacked")
same = _tree(first) == _tree(mounted / "unpacked")
before = used()
second = build("two")
added = used() - before
edited = next(second.glob("lib/python3*/abc.py"))
wanted = edited.read_bytes()
with edited.open("ab") as stream:
    stream.write(b"# edited")
third = build("three")
kept = next((mounted / "cache/folders").rglob("abc.py"))
intact = {path.read_bytes() == wanted for path in (kept, third / edited.relative_to(second))}
kept.write_bytes(b"# harmed")
again = build("four") / edited.relative_to(second)
entry = max((mounted / "cache/folders").glob("*/*"))
with taken(entry):
    beside = _tree(build("five")) == _tree(mounted / "unpacked")
size = sum(path.lstat().st_size for path in first.rglob("*") if path.is_file())
print(json.dumps([same, size, added, sorted(intact), again.read_bytes() == wanted, beside]))
"""


def test_clones_share_their_blocks_and_an_edit_reaches_nothing_else(app: App, tmp_path: Path) -> None:
    """On xfs a second folder takes room for names alone; neither an edit of it nor harm to the cache spreads."""
    if os.geteuid() != 0 or shutil.which("mkfs.xfs") is None:
        missing("a loop-mounted xfs needs mkfs.xfs and root")
    (tmp_path / "mounted").mkdir()
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path / "mounted"), str(app.root)]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _MOUNTED, "sh", str(tmp_path), *command],
        cwd=REPOSITORY,
        env={**os.environ, "HATCH_ENVPACK_CACHE_DIR": str(tmp_path / "mounted/cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    same, size, added, intact, again, beside = json.loads(done.stdout.splitlines()[-1])
    assert same
    assert added < size / 4
    assert intact == [True]
    assert again
    assert beside, "another build that holds an entry costs time alone"


def test_where_nothing_can_be_shared_nothing_is_kept(app: App, tmp_path: Path, cache: Path) -> None:
    """Another file system than the cache's: the frames are unpacked."""
    if can_clone(cache, tmp_path):
        pytest.skip("this file system shares blocks")
    folder, _ = _build(app, tmp_path / "out")
    assert _run(folder) == "hello\n"
    assert not (cache / "folders").exists()
