"""What was done to a pack is found in every format, by the verb and by the program that lies in the pack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

import hatch_envpack
from hatch_envpack import EnvpackError
from hatch_envpack.formats import FOLDER
from hatch_envpack.sums import verify_envpack
from hatch_envpack.sums.verify_envpack import NoPackError, Verified
from tests.cli.test_program import COMMAND
from tests.contents.web import Web, serve
from tests.sums.packs import DIRECTORY, FILE, FORMATS, LINK, Part, changed, parts_of, small_pack, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SITE = "lib/python3.12/site-packages"
_DATA = f"{_SITE}/tool data/größe.txt"


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one environment packed in every format."""
    folder = tmp_path_factory.mktemp("packs")
    return {name: small_pack(folder / name, name) for name in FORMATS}


def by_program(pack: Path) -> Verified:
    """Compare as the program in the pack does."""
    if pack.is_dir():
        return verify_envpack.verify_folder(str(pack))
    with pack.open("rb", buffering=0) as stream:
        return verify_envpack.verify_archive(stream)


def both(pack: Path, name: str) -> Verified:
    """Compare as the verb does; the program, where it can read the format, says the same."""
    verified = hatch_envpack.verify(pack)
    if name != "tar.zst":
        assert by_program(pack) == verified
    return verified


def _flip(part: Part) -> Part:
    middle = len(part.data) // 2
    return part._replace(data=part.data[:middle] + bytes([part.data[middle] ^ 1]) + part.data[middle + 1 :])


class _Damage(NamedTuple):
    name: str
    change: Callable[[Part], Part | None]
    kind: str
    """Which field of the result has the name, and no other has one."""


_DAMAGES = {
    "byte": _Damage("bin/activate", _flip, "changed"),
    "odd name": _Damage(_DATA, _flip, "changed"),
    "shorter": _Damage("bin/activate", lambda part: part._replace(data=part.data[:-1]), "changed"),
    "longer": _Damage("bin/activate", lambda part: part._replace(data=part.data + b"\n"), "changed"),
    "empty": _Damage("bin/activate", lambda part: part._replace(data=b""), "changed"),
    "file gone": _Damage("pyvenv.cfg", lambda _: None, "missing"),
    "can be run": _Damage("bin/activate", lambda part: part._replace(executable=True), "modes"),
    "cannot be run": _Damage("bin/pydoc3.12", lambda part: part._replace(executable=False), "modes"),
    "target": _Damage("bin/pydoc", lambda part: part._replace(data=b"pydoc3"), "changed"),
    "link gone": _Damage("bin/pydoc", lambda _: None, "missing"),
    "link is a file": _Damage("bin/pydoc", lambda part: part._replace(kind=FILE), "changed"),
    "file is a link": _Damage("bin/pydoc3.12", lambda part: part._replace(kind=LINK, data=b"idle3.12"), "changed"),
    "file is a folder": _Damage("pyvenv.cfg", lambda part: part._replace(kind=DIRECTORY, data=b""), "missing"),
    "manifest": _Damage(
        "envpack.json", lambda part: part._replace(data=part.data.replace(b"3.12.1", b"3.12.2", 1)), "changed"
    ),
    "manifest's mode": _Damage("envpack.json", lambda part: part._replace(executable=True), "modes"),
    "program": _Damage("verify_envpack.py", _flip, "changed"),
    "program gone": _Damage("verify_envpack.py", lambda _: None, "missing"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_as_packed(tmp_path: Path, packs: dict[str, Path], name: str) -> None:
    """Nothing is found in what was packed, nor where other programs packed the same again."""
    found = both(packs[name], name)
    parts = parts_of(packs["tar"])
    assert found.files == sum(part.kind != DIRECTORY for part in parts) - 1  # the list has all but itself
    assert found == Verified(found.sha256, found.files, (), (), (), (), ())
    assert found.ok
    again = both(write(parts, tmp_path / "again", name), name)
    assert again == replace(found, sha256=again.sha256)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != FOLDER])
def test_in_a_folder_of_the_archive(tmp_path: Path, name: str) -> None:
    """Names are those in the pack, wherever that is; nothing may be beside it."""
    pack = small_pack(tmp_path, name, root_directory="apps/tool")
    found = both(pack, name)
    assert found == Verified(found.sha256, found.files, (), (), (), (), ())
    parts = parts_of(small_pack(tmp_path / "plain", "tar", root_directory="apps/tool"))
    assert {part.name.split("/")[:2] == ["apps", "tool"] for part in parts if part.kind != DIRECTORY} == {True}
    where = "apps/tool/bin/activate"
    assert both(write(changed(parts, where, _flip), tmp_path / "damaged", name), name).changed == ("bin/activate",)
    for kind in (FILE, DIRECTORY, LINK):
        beside = write([*parts, Part("apps/other", kind, b"tool")], tmp_path / "beside", name)
        with pytest.raises(EnvpackError, match="'apps/other' is not in the folder that the pack is in, 'apps/tool/'"):
            both(beside, name)
        if name != "tar.zst":
            with pytest.raises(NoPackError, match="'apps/other' is not in the folder"):
                by_program(beside)


@pytest.mark.parametrize("name", FORMATS)
def test_copies_of_links(tmp_path: Path, name: str) -> None:
    """What stands in the place of a link is a file like others."""
    pack = small_pack(tmp_path, name, copy_links=True)
    found = both(pack, name)
    assert found == Verified(found.sha256, found.files, (), (), (), (), ())
    parts = parts_of(small_pack(tmp_path / "plain", "tar", copy_links=True))
    assert "bin/pydoc" in {part.name for part in parts if part.kind == FILE and part.executable}
    assert LINK not in {part.kind for part in parts}
    assert both(write(changed(parts, "bin/pydoc", _flip), tmp_path / "damaged", name), name).changed == ("bin/pydoc",)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("damage", _DAMAGES)
def test_damage(tmp_path: Path, packs: dict[str, Path], damage: str, name: str) -> None:
    """What was changed is named, and nothing else is."""
    where, change, kind = _DAMAGES[damage]
    found = both(write(changed(parts_of(packs["tar"]), where, change), tmp_path / "damaged", name), name)
    kinds = ("missing", "changed", "modes", "unreadable", "added")
    assert {each: getattr(found, each) for each in kinds} == {each: (where,) if each == kind else () for each in kinds}
    assert not found.ok


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_added(tmp_path: Path, packs: dict[str, Path], name: str) -> None:
    """Files and links that nobody packed are told, and are no damage."""
    parts = parts_of(packs["tar"])
    parts += [Part(f"{_SITE}/__pycache__/tool.pyc", FILE, b"x"), Part("link", LINK, b"pyvenv.cfg")]
    found = both(write(parts, tmp_path / "more", name), name)
    assert found == Verified(found.sha256, found.files, (), (), (), (), (f"{_SITE}/__pycache__/tool.pyc", "link"))
    assert found.ok


_SUMS = "envpack.sha256"
_LISTS: list[tuple[str, Callable[[Part], Part | None], str]] = [
    (_SUMS, lambda _: None, "envpack.sha256"),
    (_SUMS, lambda part: part._replace(data=part.data.partition(b"\n")[2]), "has not the"),
    (_SUMS, lambda part: part._replace(data=part.data + part.data[-100:].rpartition(b"\n")[0]), "damaged: line"),
    (_SUMS, lambda part: part._replace(data=part.data[:-1]), "damaged: line"),
    (_SUMS, lambda part: part._replace(data=part.data.replace(b"  ", b" *", 1)), "damaged: line 1 is no digest"),
    (_SUMS, lambda part: part._replace(data=part.data + part.data.splitlines(keepends=True)[0]), "has not the"),
    ("envpack.json", lambda _: None, "envpack.json"),
    ("envpack.json", lambda part: part._replace(data=part.data[:-9]), "envpack.json is not what this program writes"),
    ("envpack.json", lambda part: part._replace(data=b"[" * 100_000), "envpack.json is not what this program writes"),
    ("envpack.json", lambda part: part._replace(data=b"{}"), "envpack.json is not what this program writes"),
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("where", "change", "words"), _LISTS)
def test_without_what_is_compared_with(
    tmp_path: Path, packs: dict[str, Path], where: str, change: Callable[[Part], Part | None], words: str, name: str
) -> None:
    """Where a list is damaged nothing can be compared, and that is an error by itself."""
    pack = write(changed(parts_of(packs["tar"]), where, change), tmp_path / "damaged", name)
    with pytest.raises(EnvpackError) as caught:
        hatch_envpack.verify(pack)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{pack}: ")
    if name != "tar.zst":
        with pytest.raises(NoPackError, match=words):
            by_program(pack)


def test_a_changed_digest(tmp_path: Path, packs: dict[str, Path]) -> None:
    """It is the file's that it stands for: which of the two is right nobody can tell."""
    parts = parts_of(packs["tar"])

    def change(part: Part) -> Part:
        at = part.data.index(b"  pyvenv.cfg") - 1
        other = b"1" if part.data[at : at + 1] == b"0" else b"0"
        return part._replace(data=part.data[:at] + other + part.data[at + 1 :])

    assert both(write(changed(parts, _SUMS, change), tmp_path / "damaged", "tar"), "tar").changed == ("pyvenv.cfg",)


@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar", "zip"])
def test_unpacked_and_moved(tmp_path: Path, packs: dict[str, Path], name: str) -> None:
    """An unpacked pack has the digests of its file, wherever it is moved."""
    hatch_envpack.unpack(packs[name], tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "a moved one")
    assert hatch_envpack.verify(tmp_path / "a moved one") == hatch_envpack.verify(packs[name])
    shutil.copytree(tmp_path / "a moved one", tmp_path / "copy", symlinks=True)
    assert by_program(tmp_path / "copy") == hatch_envpack.verify(packs[name])


def test_hard_links(tmp_path: Path, packs: dict[str, Path]) -> None:
    """Another tar may have written one name of a file for the other: what it leads to counts."""
    as_link = partial(Part._replace, kind=b"1")
    same = changed(parts_of(packs["tar"]), "bin/deactivate.bat", lambda part: as_link(part, data=b"bin/activate"))
    assert both(write(same, tmp_path / "other", "tar"), "tar").changed == ("bin/deactivate.bat",)
    gone = changed(same, "bin/deactivate.bat", lambda part: part._replace(data=b"nothing"))
    write(gone, tmp_path / "gone", "tar")
    for verify, error in ((hatch_envpack.verify, EnvpackError), (by_program, NoPackError)):
        with pytest.raises(error, match="is a hard link to"):
            verify(tmp_path / "gone")


@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar"])
def test_from_a_pipe(packs: dict[str, Path], name: str) -> None:
    """Standard input need not be a file."""
    with subprocess.Popen(["cat", packs[name]], stdout=subprocess.PIPE) as cat:
        done = subprocess.run([COMMAND, "verify", "-"], stdin=cat.stdout, capture_output=True, text=True, check=False)
    verified = hatch_envpack.verify(packs[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"sha256 {verified.sha256}\n")


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", ["tar.zst", "tar.gz", "tar", "zip"])
def test_from_the_web(packs: dict[str, Path], name: str, *, ranges: bool) -> None:
    """All is fetched, and little of it twice; a zip needs ranges."""
    data = packs[name].read_bytes()
    with serve(Web({"/pack": data}, ranges)) as web:
        if name == "zip" and not ranges:
            with pytest.raises(EnvpackError, match="a zip says at its end what is in it"):
                hatch_envpack.verify(f"{web.url}/pack")
            return
        assert hatch_envpack.verify(f"{web.url}/pack") == hatch_envpack.verify(packs[name])
    assert web.sent <= len(data) + 65536


def test_a_connection_that_ends(packs: dict[str, Path]) -> None:
    """What the server does not send is told with the address."""
    data = packs["tar.gz"].read_bytes()
    with (
        serve(Web({"/pack": data[: len(data) // 2]}, ranges=False)) as web,
        pytest.raises(EnvpackError, match=rf"^{web.url}/pack: .*ends too early"),
    ):
        hatch_envpack.verify(f"{web.url}/pack")


def test_progress(packs: dict[str, Path]) -> None:
    """It grows to the size of the file, or of what lies in the folder."""
    for name in FORMATS:
        seen: list[tuple[int, int]] = []

        def progress(*place: int) -> None:
            seen.append((place[0], place[1]))  # noqa: B023 - it is called before the next one

        hatch_envpack.verify(packs[name], progress=progress)
        assert seen == sorted(seen)
        totals = {total for _, total in seen}
        if name != FOLDER:
            assert totals == {packs[name].stat().st_size}
        assert len(totals) == 1
        assert 0 < seen[-1][0] <= seen[-1][1]


def test_odd_things_in_a_folder(tmp_path: Path, packs: dict[str, Path]) -> None:
    """A FIFO is not waited for, a link not followed, and what may not be read is told as such."""
    root = tmp_path / "pack"
    shutil.copytree(packs[FOLDER], root, symlinks=True)
    (root / "pyvenv.cfg").unlink()
    os.mkfifo(root / "pyvenv.cfg")
    os.mkfifo(root / "other")
    (root / "bin/activate").rename(tmp_path / "activate")
    (root / "bin/activate").symlink_to(tmp_path / "activate")
    (root / "outside").symlink_to("/")
    found = both(root, FOLDER)
    assert found.changed == ("bin/activate", "pyvenv.cfg")
    assert found.added == ("other", "outside")
    (root / "envpack.json").unlink()
    os.mkfifo(root / "envpack.json")
    with pytest.raises(EnvpackError, match=r"its envpack\.json is not what this program writes"):
        hatch_envpack.verify(root)


_AS_NOBODY = """
import os, sys
from hatch_envpack.sums.verify_envpack import verify_folder
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(verify_folder("."))
"""


def test_unreadable(tmp_path: Path, packs: dict[str, Path]) -> None:
    """A user who may not read a file or a folder hears which: the file is neither missing nor changed."""
    root = tmp_path / "pack"
    shutil.copytree(packs[FOLDER], root, symlinks=True)
    root.chmod(0o755)
    (root / "pyvenv.cfg").chmod(0)
    (root / "lib").chmod(0)
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY, root], capture_output=True, text=True, check=False)
    (root / "lib").chmod(0o755)
    assert "unreadable=('lib', 'pyvenv.cfg')" in done.stdout, done.stderr
    assert "changed=()" in done.stdout
    assert f"'{_DATA}'" in done.stdout  # what lies in a folder that is not read is missing
