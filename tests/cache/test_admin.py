"""Looking after the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_envpack.cache.admin import Pruned, Usage, cache_folder, clean, prune, usage
from hatch_envpack.cache.entries import Entry, entries
from hatch_envpack.cache.lock import lock_path, taken
from hatch_envpack.cache.tag import claim
from hatch_envpack.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


DAY = 86_400
_NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a cache without entries."""
    claim(tmp_path / "cache")
    return tmp_path / "cache"


def put(root: Path, name: str, *, size: int = 1, days: float = 0) -> Path:
    """Write a file, which nobody used for some days."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return age(path, days)


def age(path: Path, days: float) -> Path:
    """Let the entry be unused for some days."""
    then = time.time() - days * DAY
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def put_folder(root: Path, name: str, *, days: float = 0) -> Path:
    """Make an entry of 11 bytes that is a folder, with what is hard to remove in it."""
    put(root, f"{name}/lib/module.py", size=10)
    put(root, f"{name}/bin/python")
    (root / name / "lib").chmod(0o555)
    return age(root / name, days)


def left(root: Path) -> list[str]:
    """Return all that is no folder, and not the tag."""
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted(str(path) for path in found if path.name != "CACHEDIR.TAG")


def test_the_folder_is_the_users_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable counts, made absolute; empty, it is the same as none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    for value, folder in [
        ("/somewhere", Path("/somewhere")),
        ("here", tmp_path / "here"),
        ("", Path("/xdg/hatch-envpack")),
    ]:
        monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", value)
        assert cache_folder() == folder
    monkeypatch.delenv("HATCH_ENVPACK_CACHE_DIR")
    assert cache_folder() == Path("/xdg/hatch-envpack")


def test_usage_counts_entries_not_files(root: Path) -> None:
    """An entry may lie in a folder of its first digits, and may be a folder; what is unfinished, or a lock, is none."""
    put(root, "frames/ab/abcdef", size=100)
    put(root, "frames/0123", size=20)
    put(root, "frames/ab/.tmp-x", size=1000)
    put(root, "unknown/entry", size=1000)
    put_folder(root, "environments/xyz")
    put(root, "environments/xyz.lock")
    found = {each.kind: each for each in usage(root)}
    assert found["frames"] == Usage("frames", 2, 120)
    assert found["environments"] == Usage("environments", 1, 11)
    assert sum(each.count for each in found.values()) == 3


def test_a_cache_that_was_never_used_is_empty(tmp_path: Path) -> None:
    """Nothing is there, nothing is removed, and nothing is made."""
    root = tmp_path / "cache"
    assert {(each.count, each.size) for each in usage(root)} == {(0, 0)}
    assert clean(root).removed == prune(root, timedelta(0), 0).removed == 0
    assert not root.exists()


def test_prune_by_age(root: Path) -> None:
    """What was not used for so long goes, files and folders alike."""
    put(root, "frames/ab/ab-old", size=5, days=31)
    put(root, "frames/ab/ab-new", size=7, days=29)
    put_folder(root, "environments/old", days=31)
    put_folder(root, "environments/new", days=29)
    done = prune(root, timedelta(days=30), None)
    assert left(root) == ["environments/new/bin/python", "environments/new/lib/module.py", "frames/ab/ab-new"]
    assert (done.removed, done.removed_size, done.kept, done.kept_size, done.in_use) == (2, 16, 2, 18, 0)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.dictionaries(st.integers(0, 255), st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12),
    limit=st.integers(0, 200),
    days=st.none() | st.integers(0, 20),
)
def test_prune_by_size(root: Path, sizes: dict[int, tuple[int, int]], limit: int, days: int | None) -> None:
    """What is left fits; nothing is kept that was unused for longer than what went, and nothing went without need."""
    shutil.rmtree(root / "frames", ignore_errors=True)
    used = {}
    for number, (size, unused) in sizes.items():
        # half a day apart, so that no entry is exactly as old as the limit
        used[put(root, f"frames/{number:02x}/{number:02x}aa", size=size, days=unused + 0.5)] = (unused + 0.5, size)
    done = prune(root, None if days is None else timedelta(days=days), limit)
    kept = {path for path in used if path.exists()}
    gone = used.keys() - kept
    size = sum(used[path][1] for path in kept)
    assert (done.kept, done.kept_size, done.removed) == (len(kept), size, len(gone))
    assert size <= limit
    assert all(days is None or used[path][0] < days for path in kept)
    assert max((used[path][0] for path in kept), default=0) <= min((used[path][0] for path in gone), default=99)
    young = [path for path in gone if days is None or used[path][0] < days]
    if young:
        # the last one to go had to: with all of its age and below, the limit was passed
        last = min(used[path][0] for path in young)
        assert size + sum(used[path][1] for path in young if used[path][0] == last) > limit


def test_clean_leaves_nothing_but_the_tag(root: Path) -> None:
    """Everything goes, and the folder is still the cache."""
    put(root, "frames/ab/abcdef")
    put(root, "plans/0123")
    put_folder(root, "environments/xyz")
    done = clean(root)
    assert left(root) == []
    assert (done.removed, done.removed_size, done.kept) == (3, 13, 0)
    assert clean(root).removed == 0


@pytest.mark.parametrize("remove", [clean, lambda root: prune(root, timedelta(0), 0)], ids=["clean", "prune"])
def test_what_another_process_uses_stays(root: Path, remove: Callable[[Path], Pruned]) -> None:
    """An entry that is locked is kept and counted; when its user was killed, the entry goes, and so does the lock."""
    entry = put_folder(root, "environments/used", days=1)
    put_folder(root, "environments/unused", days=1)
    code = (
        "import sys, time; from pathlib import Path; from hatch_envpack.cache.lock import taken\n"
        "with taken(Path(sys.argv[1])): print(flush=True); time.sleep(60)"
    )
    user = subprocess.Popen([sys.executable, "-c", code, entry], stdout=subprocess.PIPE)
    assert user.stdout is not None
    with user.stdout as told:
        assert told.readline()
        done = remove(root)
        assert (done.removed, done.kept, done.kept_size, done.in_use) == (1, 1, 11, 1)
        assert (entry / "lib/module.py").stat().st_size == 10
        user.kill()
        user.wait(30)
    assert remove(root).removed == 1
    assert left(root) == []


def test_a_locked_file_stays(root: Path) -> None:
    """A lock beside a file holds it too."""
    entry = put(root, "segments/ab/abc")
    with taken(entry):
        assert clean(root).in_use == 1
    assert entry.exists()


def test_what_was_used_in_the_meantime_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that comes while the cache is looked through keeps what it finds."""
    entry = put(root, "frames/ab/abc", days=100)

    def entries_and_a_build(root: Path, kind: str) -> Iterator[Entry]:
        yield from list(entries(root, kind))
        entry.touch()

    monkeypatch.setattr("hatch_envpack.cache.admin.entries", entries_and_a_build)
    assert prune(root, timedelta(days=30), None).in_use == 1
    assert entry.exists()


def test_unfinished_files_go_when_their_writer_must_be_gone(root: Path) -> None:
    """Those of killed writers go after an hour; a folder is as young as the youngest file in it."""
    put(root, ".tmp-tag", days=1)
    put(root, "frames/.tmp-flat", days=1)
    put(root, "frames/ab/.tmp-old", days=1)
    put(root, "frames/ab/.tmp-young", days=0.01)
    put(root, "environments/.tmp-dead/lib/x", days=1)
    put(root, "environments/.tmp-alive/lib/x", days=0.01)
    for path in root.glob("environments/.tmp-*/**"):
        if path.is_dir():
            age(path, 1)
    assert prune(root, timedelta(days=30), None).removed == 0
    assert left(root) == ["environments/.tmp-alive/lib/x", "frames/ab/.tmp-young"]
    assert not (root / "environments/.tmp-dead").exists()


@pytest.mark.parametrize("remove", [clean, lambda root: prune(root, timedelta(0), 0)], ids=["clean", "prune"])
def test_a_folder_that_is_not_the_cache_is_not_emptied(tmp_path: Path, remove: Callable[[Path], Pruned]) -> None:
    """A wrong variable must not cost anybody the plans in a home folder."""
    put(tmp_path, "plans/house.pdf", days=999)
    (tmp_path / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# of another program\n")
    with pytest.raises(CacheError, match=r"is not a cache of hatch-envpack .* nothing is removed"):
        remove(tmp_path)
    with pytest.raises(CacheError, match="is not a cache of hatch-envpack"):
        remove(Path("/"))
    assert left(tmp_path) == ["plans/house.pdf"]


def test_only_what_is_known_is_removed(root: Path) -> None:
    """What somebody else put into the cache's folder stays."""
    put(root, "notes.txt")
    put(root, "pictures/cat.png")
    put(root, "frames/ab/abc")
    clean(root)
    assert left(root) == ["notes.txt", "pictures/cat.png"]


def test_no_link_is_followed(root: Path, tmp_path: Path) -> None:
    """A link that is an entry goes itself, and nothing beyond a link is counted or removed."""
    outside = tmp_path / "outside"
    put(outside, "ab/abc", size=50_000)
    outside.chmod(0o755)
    (root / "proofs").symlink_to(outside)
    (root / "frames").mkdir()
    (root / "frames/ab").symlink_to(outside / "ab")
    (root / "plans").mkdir()
    (root / "plans/entry").symlink_to(outside)
    put_folder(root, "environments/xyz")
    (root / "environments/xyz/outside").symlink_to(outside)
    (root / "environments/.tmp-dead").symlink_to(outside)
    age(root / "environments/.tmp-dead", 1)
    assert sum(each.size for each in usage(root)) < 50_000
    clean(root)
    assert left(root) == ["proofs"]
    assert left(outside) == ["ab/abc"]
    assert outside.stat().st_mode & 0o777 == 0o755


@pytest.fixture
def shown() -> Iterator[Path]:
    """Return a folder into which other users may look, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_cache_that_cannot_be_written_to(shown: Path) -> None:
    """A cache of another user is named in one line, and stays as it is."""
    root = shown / "cache"
    claim(root)
    put(root, "frames/ab/abc")
    for path in (root / "frames/ab", root / "frames", root):
        path.chmod(0o555)
    (root / "CACHEDIR.TAG").chmod(0o444)
    message = _as_nobody(lambda: clean(root))
    assert message == f"the cache {root} cannot be emptied: {root}/frames/ab/abc: Permission denied"
    assert left(root) == ["frames/ab/abc"]


def test_an_entry_without_write_permission(shown: Path) -> None:
    """A folder that was made read-only goes as any other, without the rights of root."""
    root = shown / "cache"
    claim(root)
    put_folder(root, "environments/xyz").chmod(0o555)
    if not os.getuid():
        for path in (root, *root.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)
    assert _as_nobody(lambda: clean(root)) == ""
    assert left(root) == []


def _as_nobody(function: Callable[[], object]) -> str:
    """Run a function in a process without the rights of root; return the error's text."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        try:
            if not os.getuid():
                os.setuid(_NOBODY)
            function()
        except BaseException as error:  # noqa: BLE001 - everything is told to the parent
            os.write(sender, str(error).encode())
        finally:
            os._exit(0)
    os.close(sender)
    os.waitpid(child, 0)
    with os.fdopen(receiver) as told:
        return told.read()


_BUILD = """
import sys, time
from pathlib import Path
from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.cache.lock import taken
root = Path(sys.argv[1])
end = time.monotonic() + 1.5
rounds = 0
while time.monotonic() < end:
    rounds += 1
    for number in range(40):
        path = place(root, "frames", f"{number % 4:02x}{number:04x}")
        try:
            assert path.read_bytes() == bytes(1000), "half a file"
            touch(path)
        except FileNotFoundError:
            write_aside(path, [bytes(500), bytes(500)])
    entry = root / "environments" / "kept"
    entry.parent.mkdir(exist_ok=True)
    with taken(entry) as alone:
        if not alone:
            continue
        if not entry.exists():
            aside = entry.with_name(".tmp-" + str(time.time_ns()))
            (aside / "lib").mkdir(parents=True)
            (aside / "lib/a").touch()
            (aside / "lib/b").touch()
            aside.rename(entry)
        assert sorted(path.name for path in (entry / "lib").iterdir()) == ["a", "b"], "half a folder"
print(rounds)
"""


def test_removing_beside_running_builds(root: Path) -> None:
    """Builds that write, read and use entries while others remove them never see half of one, nor fail."""
    command = [sys.executable, "-c", _BUILD, str(root)]
    builds = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    removed = 0
    while any(build.poll() is None for build in builds):
        removed += clean(root).removed + prune(root, timedelta(0), 5000).removed
    for build in builds:
        output, errors = build.communicate()
        assert (build.returncode, errors) == (0, "")
        assert int(output) > 1
    assert removed > 40
    clean(root)
    assert left(root) == []
    assert not lock_path(root / "environments/kept").exists()
