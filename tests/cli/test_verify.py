"""``hatch-envpack verify`` as a user runs it."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

import hatch_envpack
from hatch_envpack.formats import FOLDER
from tests.cli.test_program import COMMAND, run
from tests.sums.packs import small_pack
from tests.terminal import look

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pack that is a folder."""
    return small_pack(tmp_path_factory.mktemp("packs"), FOLDER)


@pytest.fixture
def pack(tmp_path: Path, whole: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(whole, tmp_path / "app", symlinks=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _damage(pack: Path) -> None:
    (pack / "pyvenv.cfg").unlink()
    (pack / "bin/activate").write_text("x")
    (pack / "bin/activate.csh").chmod(0o755)
    (pack / "bin/pydoc").unlink()
    (pack / "bin/pydoc").symlink_to("pydoc3")
    (pack / "more").write_text("x")


def test_as_packed(pack: Path) -> None:
    """The result is told on standard output, what happens on standard error."""
    done = run("verify", pack)
    sha256 = hatch_envpack.verify(pack).sha256
    assert (done.returncode, done.stderr) == (0, f"Verifying {pack}...\n")
    assert done.stdout == f"all 24 files and links are as they were packed\nsha256 {sha256}\n"
    (pack / "more").write_text("x")
    done = run("verify", "-q", pack)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("verify", pack)
    assert done.stdout.startswith("all 24 files and links are as they were packed; added since: 1\n")
    assert run("verify", "--all", pack).stdout.startswith("added: more\nall 24 files")


def test_damage(pack: Path) -> None:
    """Each file is told with what is wrong with it; then one line says what to do."""
    _damage(pack)
    done = run("verify", pack)
    assert (done.returncode, done.stdout.splitlines()) == (
        1, ["missing: pyvenv.cfg", "changed: bin/activate", "changed: bin/pydoc", "other mode: bin/activate.csh"],
    )  # fmt: skip
    error = f"error: {pack}: it is not as it was packed, 1 missing, 2 changed, 1 other mode, 1 added"
    assert done.stderr.splitlines()[-1] == f"{error}: fetch or unpack it again"
    assert run("verify", "--strict", pack).stdout.splitlines()[-1] == "added: more"
    done = run("verify", "-q", pack)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_for_programs(pack: Path) -> None:
    """``--json`` gives all names, also where there is an error, and says whether there is."""
    told = json.loads(run("verify", "--json", pack).stdout)
    assert told == hatch_envpack.verify(pack).to_dict()
    assert (told["ok"], told["files"]) == (True, 24)
    _damage(pack)
    done = run("verify", "--json", "--quiet", pack)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert {key: told[key] for key in told if key not in ("sha256", "files")} == {
        "ok": False, "missing": ["pyvenv.cfg"], "changed": ["bin/activate", "bin/pydoc"], "modes": ["bin/activate.csh"],
        "unreadable": [], "added": ["more"],
    }  # fmt: skip


def test_strict(pack: Path) -> None:
    """What was added is an error then, and what to do is told."""
    (pack / "more").write_text("x")
    done = run("verify", "--strict", pack)
    assert (done.returncode, done.stdout) == (1, "added: more\n")
    error = "1 added since it was packed: remove what is not wanted, or leave out --strict"
    assert done.stderr.splitlines()[-1] == f"error: {pack}: {error}"
    told = json.loads(run("verify", "--strict", "--json", pack).stdout)
    assert (told["ok"], told["added"]) == (False, ["more"])


def test_the_digest_of_the_list(pack: Path) -> None:
    """Who changes files and digests makes another pack, and that is seen by who has the right digest."""
    right = hatch_envpack.verify(pack).sha256
    assert run("verify", "--sha256", f" {right.upper()}", pack).returncode == 0
    lists, changed = pack / "envpack.sha256", pack / "bin/activate"
    before = _digest(changed)
    changed.write_text("echo harm")
    lists.write_text(lists.read_text().replace(before, _digest(changed)))
    assert run("verify", pack).returncode == 0
    done = run("verify", "--sha256", right, pack)
    assert (done.returncode, done.stdout) == (1, "")
    error = f"it is another pack: the SHA-256 of its envpack.sha256 is {_digest(lists)}"
    assert done.stderr.splitlines()[-1] == f"error: {pack}: {error}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'PACK'"),
        (["a", "b"], "unexpected extra argument"),
        (["--sha256"], "requires an argument"),
    ],
)
def test_a_wrong_command_line(arguments: list[str], says: str) -> None:
    """It is told how it is right."""
    done = run("verify", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_terminal(pack: Path) -> None:
    """Of the bar nothing is left but the result."""
    seen = look([COMMAND, "verify", pack], columns=200)
    sha256 = hatch_envpack.verify(pack).sha256
    assert seen.code == 0
    assert seen.end.split() == f"all 24 files and links are as they were packed sha256 {sha256}".split()


def test_names_that_no_terminal_should_obey(pack: Path) -> None:
    """Line ends and escapes in names are shown as such."""
    (pack / "a\x1b[2J\nb").write_text("x")
    done = run("verify", "--strict", pack)
    assert done.stdout == "added: a\\x1b[2J\\nb\n"
