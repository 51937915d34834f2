"""Packing environments that exist: each thing that is wrong is named, and nothing is changed, left or waited for."""

from __future__ import annotations

import csv
import os
import socket
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hatch_envpack.errors import EnvpackError, FindingsError, VerificationError
from hatch_envpack.prove.ask import Question
from hatch_envpack.prove.proof import prove
from tests.conftest import REPOSITORY, find_pyenv, missing
from tests.environment.made import SITE, Packed, export, install, make_environment, row, snapshot

_LATIN = b"caf\xe9".decode("utf-8", "surrogateescape")
_NFC, _NFD = unicodedata.normalize("NFC", "\u00e9.txt"), unicodedata.normalize("NFD", "\u00e9.txt")
_NAMES = ("new\nline", "\x1b[2Jclear", _LATIN, _NFC, _NFD, "n" * 255, "Case", "case", "-rf", "tab\t", 'quote"', "\\d")
_MODULE = "m" * 252 + ".py"
"""Its bytecode's name would be too long."""

_SECRETS = (".netrc", "pip.conf", "etc/tls.key", ".ssh/config", "new\nline/.netrc", "etc/[x]/.pypirc")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment in which much is odd, and nothing a reason to refuse it."""
    root = tmp_path_factory.mktemp("odd") / "environment"
    site = make_environment(root)
    rows = "gone.py,sha256=x,1\nmade/pipe,,\nlonger,sha256=AAAA,3\nodd-digest,crc32=abc,3\nsame-digest,,99\n"
    names = {f"names/{name}": name for name in _NAMES}
    install(site, "plain", {"plain.py": "X = 1\n", _MODULE: "X = 2\n", **names}, record=rows)
    for name in ("longer", "odd-digest", "same-digest"):
        (site / name).write_text("more")
    _add_special_files(root, site)
    _add_odd_distributions(site)
    _add_bytecode(site)
    _add_files_of_environments(root, site)
    for name in (*_SECRETS, ".cache/x", ".git/HEAD"):
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text("secret")
    return root


def _add_special_files(root: Path, site: Path) -> None:
    (site / "made").mkdir()
    os.mkfifo(site / "made/pipe")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # a socket's name has room for 107 bytes
        server.bind("socket")
        os.chdir(here)
    if os.geteuid() == 0:
        os.mknod(root / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    with (root / "sparse").open("wb") as stream:
        stream.truncate(100 << 20)


def _add_odd_distributions(site: Path) -> None:
    install(site, "first", {"shared.py": "first\n", "same.py": "same\n"})
    install(site, "second", {"shared.py": "second\n", "same.py": "same\n"})
    install(site, "twice", {"twice.py": "1\n"}, version="1.0")
    install(site, "twice", {"twice.py": "1\n"}, version="2.0")
    for folder in ("broken-1.0.dist-info", "unlisted-1.0.dist-info", "old-1.0.egg-info"):
        (site / folder).mkdir()
    (site / "broken-1.0.dist-info/RECORD").write_text("broken.py,,\n")
    (site / "unlisted-1.0.dist-info/METADATA").write_text("Name: unlisted\nVersion: 1.0\n")
    (site / "unlisted-1.0.dist-info/direct_url.json").write_text('{"url": "file:///home/me/unlisted"}')
    (site / "old-1.0.egg-info/PKG-INFO").write_text("Name: old\nVersion: 1.0\n")
    (site / "old-1.0.egg-info/entry_points.txt").write_text("[console_scripts]\nold-run = old:main\n")
    (site / "older.egg-info").write_text("Name: older\nVersion: 1.0\n")


def _add_bytecode(site: Path) -> None:
    code = "import importlib.util as u; print(u.MAGIC_NUMBER.hex())"
    magic = subprocess.run([find_pyenv("3.12"), "-c", code], capture_output=True, text=True, check=True).stdout
    (site / "foreign.pyc").write_bytes(b"\x55\x0d\r\n" + bytes(12))
    (site / "own.pyc").write_bytes(bytes.fromhex(magic) + bytes(12))
    (site / "plain.pyc").write_bytes(bytes.fromhex(magic) + bytes(12))
    (site / "plain.pyo").write_bytes(b"")
    (site / "__pycache__").mkdir()
    (site / "__pycache__/plain.cpython-36.pyc").write_bytes(b"")


def _add_files_of_environments(root: Path, site: Path) -> None:
    (site / "inside.pth").write_text(f"# folders\n{site}/made\nimport plain\n")
    (root / "here").symlink_to("lib")
    (root / "there").symlink_to(root / "lib/python3.12")
    (root / "loop").symlink_to(".")
    (root / "bin/pyvenv.cfg").write_text("home = /usr/bin\n")
    (root / "lib/python3.12/EXTERNALLY-MANAGED").write_text("[externally-managed]\n")
    program = root / "bin/tool"
    program.write_text(f"#!{root}/bin/python\nimport sys\nprint(sys.prefix)\n")
    program.chmod(0o6755)
    with suppress(OSError):  # not on every file system
        os.setxattr(program, "user.note", b"secret")


@pytest.fixture(scope="module")
def odd_pack(odd: Path, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """Return its pack; the environment is the same before and after (A2)."""
    before = snapshot(odd)
    packed = export(odd, tmp_path_factory.mktemp("output"), bytecode=True)
    assert snapshot(odd) == before
    return packed


def test_a6_names_survive(odd_pack: Packed, tmp_path: Path) -> None:
    """Newline, escape, bytes that are no UTF-8, both forms of an accent, 255 bytes: GNU tar makes the same names."""
    folder = odd_pack.unpack(tmp_path / "place") / SITE
    assert set(os.listdir(folder / "names")) == set(_NAMES)
    for name in _NAMES:
        assert (folder / "names" / name).read_bytes() == name.encode("utf-8", "surrogateescape")
    assert (folder / _MODULE).exists()
    with (folder / "plain-1.0.dist-info/RECORD").open(newline="", errors="surrogateescape") as stream:
        rows = {row[0] for row in csv.reader(stream)}
    assert {f"names/{name}" for name in _NAMES} < rows


def test_a4_names_that_differ_only_in_case(odd_pack: Packed) -> None:
    """The manifest lists them, and the two forms of an accent, which macOS takes for one name."""
    collisions = odd_pack.manifest["needs"]["case_collisions"]
    names = [f"{SITE}/names/{name}" for name in ("Case", "case")]
    assert names in collisions
    assert sorted(f"{SITE}/names/{name}" for name in (_NFC, _NFD)) in collisions


def test_a9_modes_and_attributes(odd_pack: Packed) -> None:
    """A setuid program with an extended attribute is an ordinary program."""
    member = odd_pack.members()["bin/tool"]
    assert (member.mode, member.uid, member.gid) == (0o755, 0, 0)
    assert not [name for name in member.pax_headers if "xattr" in name.lower()]


def test_special_files_are_left_out(odd_pack: Packed) -> None:
    """A FIFO, a socket and a device are named, whether ``RECORD`` lists them or not, and never opened."""
    found = odd_pack.findings("special-file")
    expected = {f"{SITE}/made/pipe": "a FIFO", "pipe": "a FIFO", "socket": "a socket"}
    if os.geteuid() == 0:
        expected["zero"] = "a device"
    assert found == {path: f"is {kind} and is left out" for path, kind in expected.items()}
    assert odd_pack.members().keys().isdisjoint(expected)


def test_c9_rows_that_do_not_fit(odd_pack: Packed, tmp_path: Path) -> None:
    """Digest, size, an algorithm that nobody knows: each is named, and the pack's ``RECORD`` fits."""
    found = odd_pack.findings("record-mismatch")
    # the second of two distributions wrote the file that both list
    names = {"longer", "odd-digest", "same-digest", "shared.py"}
    assert found.keys() == {f"{SITE}/{name}" for name in names}
    assert "'crc32=abc'" in found[f"{SITE}/odd-digest"]
    assert odd_pack.findings("missing-file").keys() == {f"{SITE}/gone.py"}
    site = odd_pack.unpack(tmp_path / "place") / SITE
    record = (site / "plain-1.0.dist-info/RECORD").read_text(errors="surrogateescape")
    assert row("longer", b"more") in record
    assert row("odd-digest", b"more") in record
    assert "same-digest,,4\n" in record
    assert "gone.py" not in record
    assert "made/pipe" not in record


def test_c9_bytecode_that_is_not_there(tmp_path: Path) -> None:
    """Folders of bytecode, and files that no interpreter writes, are not missed, as virtualenv lists both."""
    root = tmp_path / "environment"
    site = make_environment(root)
    listed = "pkg/__pycache__,,\nother/__pycache__,,\npkg/a.cpython-312.pyc,,\npkg/gone.pyc,sha256=AAAA,3\npkg/b.py,,\n"
    install(site, "demo", {"pkg/a.py": ""}, record=listed)
    (site / "pkg/__pycache__").mkdir()
    packed = export(root, tmp_path / "output")
    assert packed.findings("missing-file").keys() == {f"{SITE}/pkg/b.py", f"{SITE}/pkg/gone.pyc"}
    assert packed.findings("special-file") == {}


def test_odd_distributions_are_named(odd_pack: Packed) -> None:
    """One without ``RECORD``, one without a name, one that is there twice, two that own one file."""
    infos = ("unlisted-1.0.dist-info", "old-1.0.egg-info", "older.egg-info")
    assert odd_pack.findings("no-record").keys() == {f"{SITE}/{info}" for info in infos}
    assert odd_pack.findings("no-metadata").keys() == {f"{SITE}/broken-1.0.dist-info"}
    assert odd_pack.findings("double-distribution").keys() == {f"{SITE}/twice-2.0.dist-info"}
    shared = odd_pack.findings("shared-file")
    assert shared == {f"{SITE}/shared.py": "is listed by first and by second, with other content"}
    names = [each["name"] for each in odd_pack.manifest["distributions"]]
    assert names == ["first", "old", "older", "plain", "second", "twice", "twice", "unlisted"]
    assert "old-run" in odd_pack.manifest["console_scripts"]
    segments = [each["name"] for each in odd_pack.manifest["segments"]]
    assert len(segments) == len(set(segments))


def test_b4_bytecode_of_another_python(odd_pack: Packed) -> None:
    """A module without source stays when this Python compiled it; other bytecode goes, and of a module it is told."""
    assert odd_pack.findings("foreign-bytecode").keys() == {f"{SITE}/foreign.pyc"}
    names = odd_pack.members().keys()
    assert f"{SITE}/own.pyc" in names
    assert f"{SITE}/__pycache__/plain.cpython-312.pyc" in names
    for name in ("foreign.pyc", "plain.pyc", "plain.pyo", "__pycache__/plain.cpython-36.pyc"):
        assert f"{SITE}/{name}" not in names


def test_c8_local_url_without_record(odd_pack: Packed) -> None:
    """A path of the build machine goes too where nobody owns the file that has it."""
    assert f"{SITE}/unlisted-1.0.dist-info/METADATA" in odd_pack.members()
    assert f"{SITE}/unlisted-1.0.dist-info/direct_url.json" not in odd_pack.members()


def test_c13_i4_i6_what_makes_an_environment_is_left_out(odd_pack: Packed, odd: Path, tmp_path: Path) -> None:
    """Neither the environment's own marks come along, nor a stray one, nor what makes pip refuse."""
    names = odd_pack.members().keys()
    assert names.isdisjoint({"bin/pyvenv.cfg", "lib/python3.12/EXTERNALLY-MANAGED"})
    assert odd_pack.findings("stray-pyvenv").keys() == {"bin/pyvenv.cfg"}
    place = odd_pack.unpack(tmp_path / "place")
    assert "home" in (odd / "pyvenv.cfg").read_text()
    assert "home" not in (place / "pyvenv.cfg").read_text()
    assert str(odd) in (odd / "bin/activate").read_text()
    assert str(odd) not in (place / "bin/activate").read_text()
    done = subprocess.run([place / "bin/tool"], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == f"{place}\n"


def test_i4_pyvenv_cfg_above_the_unpacked_tree(odd_pack: Packed, tmp_path: Path) -> None:
    """Python sees one beside its program and in the folder above that, where a pack has its own: not further up."""
    (tmp_path / "pyvenv.cfg").write_text("home = /nonexistent\n")
    place = odd_pack.unpack(tmp_path / "place")
    code = "import sys; print(sys.prefix, sys.base_prefix)"
    done = subprocess.run([place / "bin/python", "-c", code], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == f"{place} {place}\n"


@pytest.mark.parametrize(("name", "text"), [("bin/pyvenv.cfg", ""), ("pyvenv.cfg", "home = /usr/bin\n")])
def test_i4_stray_pyvenv_cfg_is_detected(odd_pack: Packed, tmp_path: Path, name: str, text: str) -> None:
    """A pack that has one all the same fails the proof, which names the file."""
    place = odd_pack.unpack(tmp_path / "place")
    (place / name).write_text(text)
    with pytest.raises(VerificationError, match=f"^{name} in the pack makes a virtual environment of it"):
        prove(place, "python3.12", Question((), ()), bool, bool, place / "bin/python", tmp_path)


def test_c14_a15_credentials_and_caches(odd_pack: Packed) -> None:
    """Credentials are left out with a finding each; caches are counted, in the manifest and in what is said."""
    assert odd_pack.findings("credentials").keys() == set(_SECRETS)
    assert odd_pack.members().keys().isdisjoint({*_SECRETS, ".cache/x", ".git/HEAD"})
    assert odd_pack.manifest["left_out"] == {"caches": 2, "credentials": len(_SECRETS)}
    assert "2 files left out (caches)" in odd_pack.words.infos[-1]


def test_c14_what_the_finding_says_brings_it_back(odd: Path, odd_pack: Packed, tmp_path: Path) -> None:
    """The pattern of each finding's advice, taken as it is, brings that file into the pack."""
    todos = [each["todo"] for each in odd_pack.manifest["findings"] if each["kind"] == "credentials"]
    patterns = [todo.partition("exclude = ['")[2].rpartition("']")[0] for todo in todos]
    packed = export(odd, tmp_path, exclude=(*patterns, "!.cache/"))
    assert packed.members().keys() >= {*_SECRETS, ".cache/x"}
    assert packed.manifest["left_out"] == {"caches": 1}
    assert packed.findings("unused-exclude") == {}


def test_c15_a1_folders_and_links_inside(odd_pack: Packed) -> None:
    """Absolute ones become relative, and a link that leads to its own folder stays."""
    members = odd_pack.members()
    assert members["there"].linkname == "lib/python3.12"
    assert (members["here"].linkname, members["loop"].linkname) == ("lib", ".")
    text = subprocess.run(
        ["tar", "--zstd", "-xOf", odd_pack.pack, f"{SITE}/inside.pth"], capture_output=True, text=True, check=True
    ).stdout
    assert text == "# folders\nmade\nimport plain\n"


def test_every_word_is_printable(odd_pack: Packed) -> None:
    """No name of a file clears the user's terminal or begins a second line."""
    words = [*odd_pack.words.warnings, *odd_pack.words.infos]
    assert any("new\\nline" in word for word in words)
    assert all(word.isprintable() for word in words)


def test_strict_names_every_finding(odd: Path, tmp_path: Path) -> None:
    """Under ``strict`` they are one error, with a printable line for each, and nothing is left."""
    with pytest.raises(FindingsError, match=r"^\d+ findings, and `strict`") as caught:
        export(odd, tmp_path / "output", strict=True)
    lines = caught.value.detail.splitlines()
    assert len(lines) == int(str(caught.value).split()[0])
    assert all(line.isprintable() for line in (str(caught.value), *lines))
    assert any(line.startswith("special-file: pipe: ") for line in lines)
    assert not (tmp_path / "output").exists()


_Break = Callable[[Path, Path], object]

_REFUSED: dict[str, tuple[_Break, str]] = {
    "a1-dangling": (lambda root, _: (root / "lost").symlink_to("gone"), "lost is a link to gone, which is not in"),
    "a1-outside": (lambda root, _: (root / "out").symlink_to("/etc/passwd"), "out is a link to /etc/passwd, which is"),
    "a1-through-the-root": (
        lambda root, _: (root / "out").symlink_to(f"{root}/../../etc"),
        r"out is a link to .*/\.\./\.\./etc, which is outside",
    ),
    "a1-escaping": (lambda root, _: (root / "up").symlink_to("../x"), r"up is a link to \.\./x, which is outside"),
    "a1-file-loop": (
        lambda root, _: _link(root / "one", "two", root / "two", "one"),
        "one is a link to two, which leads back to itself",
    ),
    "a1-folder-loop": (lambda root, _: (root / "x").symlink_to("x/y"), "x is a link to x/y, which "),
    "a1-folder-outside": (
        lambda _, site: _move_away(install(site, "demo", {"pkg/a.py": ""}).parent / "pkg"),
        f"{SITE}/pkg is a link to /.*, and {SITE}/pkg/a.py lies behind it",
    ),
    "c15-outside": (
        lambda _, site: (site / "x.pth").write_text("# x\n/opt/libs\n"),
        rf"{SITE}/x\.pth, line 2: the folder /opt/libs is outside",
    ),
    "c15-escaping": (
        lambda _, site: (site / "x.pth").write_text("../../../../libs\n"),
        r"x\.pth, line 1: the folder \.\./\.\./\.\./\.\./libs is outside",
    ),
    "c7-flit-symlink": (
        lambda _, site: (site / "mine").symlink_to("/home/me/src/mine"),
        f"{SITE}/mine is a link to /home/me/src/mine, which is outside",
    ),
    "c8-damaged-url": (
        lambda _, site: (install(site, "demo", {}) / "direct_url.json").write_text("[" * 100_000),
        rf"{SITE}/demo-1\.0\.dist-info/direct_url\.json cannot be read",
    ),
    "c8-fifo": (
        lambda _, site: os.mkfifo(install(site, "demo", {}) / "direct_url.json"),
        r"demo-1\.0\.dist-info/direct_url\.json cannot be read: not a regular file",
    ),
    "c9-outside": (
        lambda _, site: install(site, "demo", {}, record="../../../../x,,\n"),
        r"demo-1\.0\.dist-info/RECORD lists '\.\./\.\./\.\./\.\./x', which is outside",
    ),
    "c9-the-root-itself": (
        lambda _, site: install(site, "demo", {}, record="../../..,,\n"),
        r"demo-1\.0\.dist-info/RECORD lists '\.\./\.\./\.\.', which is outside",
    ),
    "c9-nul": (
        lambda _, site: install(site, "demo", {}, record="a\0b,,\n"),
        r"demo-1\.0\.dist-info/RECORD ",
    ),
    "c9-csv": (
        lambda _, site: install(site, "demo", {}, record=f"{'x' * 200_000},,\n"),
        r"demo-1\.0\.dist-info/RECORD cannot be read: field larger",
    ),
    "no-name": (
        lambda _, site: (install(site, "demo", {}) / "METADATA").write_text("Version: 1.0\n"),
        r"demo-1\.0\.dist-info/METADATA has no name or no version",
    ),
    "entry-points": (
        lambda _, site: (install(site, "demo", {}) / "entry_points.txt").write_bytes(b"\xff\n"),
        r"demo-1\.0\.dist-info/entry_points\.txt cannot be read",
    ),
    "control-characters": (
        lambda root, _: (root / "\x1b[2J\n").symlink_to("\x07"),
        r"\\x1b\[2J\\n is a link to \\x07, which is not in",
    ),
    "damaged-elf": (
        lambda root, _: (root / "lib/x.so").write_bytes(b"\x7fELF\2\1\1" + bytes(20)),
        r"lib/x\.so is damaged: the file is truncated",
    ),
}


def _link(first: Path, to: str, second: Path, back: str) -> None:
    first.symlink_to(to)
    second.symlink_to(back)


def _move_away(folder: Path) -> None:
    """Put a link in the place of a folder, to where it lies then: outside of the environment."""
    target = folder.parents[4] / "away"
    folder.rename(target)
    folder.symlink_to(target)


@pytest.mark.parametrize("name", _REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    """The error names the file in one printable line; the environment is as it was, and nothing is left."""
    breaks, message = _REFUSED[name]
    root = tmp_path / "environment"
    breaks(root, make_environment(root))
    _check_refused(root, tmp_path / "output", message)


def _check_refused(root: Path, output: Path, message: str) -> None:
    before = snapshot(root)
    with pytest.raises(EnvpackError, match=message) as caught:
        export(root, output)
    assert str(caught.value).isprintable()
    assert list(output.glob("*")) == []
    assert snapshot(root) == before


_EXPORT = """
import sys
from pathlib import Path
from hatch_envpack.errors import EnvpackError
from tests.environment.made import export
try:
    export(Path(sys.argv[1]), Path(sys.argv[2]), bytecode=sys.argv[3] == "mod.py")
except EnvpackError as error:
    print(error)
"""


def _export_without_override(root: Path, output: Path, name: str) -> str:
    """Pack in a process to which modes of files mean something, as they do not to root; return the error."""
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", _EXPORT, root, output, name],
        cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert list(output.glob("*")) == []
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("data", 0), ("mod.py", 0), ("x.pth", 0), ("lib.so", 0), ("folder", 0), ("folder", 0o400), ("owned", 0),
        ("demo-1.0.dist-info/RECORD", 0), ("demo-1.0.dist-info/METADATA", 0), ("demo-1.0.dist-info", 0),
        ("demo-1.0.dist-info", 0o400), ("../../../bin/tool", 0), ("../../../pyvenv.cfg", 0), (".", 0),
    ],
)  # fmt: skip
def test_unreadable(name: str, mode: int, tmp_path: Path) -> None:
    """A file or folder that may not be read is named in one line, whichever stage is the first to read it."""
    root = tmp_path / "environment"
    site = make_environment(root)
    install(site, "demo", {"demo.py": "", "owned/data": "x"})
    for file in ("data", "mod.py", "x.pth", "lib.so", "folder/file", "../../../bin/tool"):
        (site / file).parent.mkdir(exist_ok=True)
        (site / file).write_text("#!/bin/sh\n")
        (site / file).chmod(0o755)
    path = Path(os.path.normpath(site / name))
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        words = _export_without_override(root, tmp_path / "output", name)
    finally:
        path.chmod(before)
    assert str(path) in words
    assert "cannot be read: Permission denied" in words
    assert "\n" not in words


def test_output_inside_the_environment(tmp_path: Path) -> None:
    """The pack would hold itself: that is told before anything is written."""
    root = tmp_path / "environment"
    make_environment(root)
    before = snapshot(root)
    with pytest.raises(EnvpackError, match=r"the output folder, .*/environment/dist, lies in the environment"):
        export(root, root / "dist")
    assert snapshot(root) == before


def test_a2_uvs_cache_is_unchanged(tmp_path: Path) -> None:
    """Files that uv hard-linked from its cache are packed with relocation, proof and strip; the cache stays as it was.

    Through links of uv's ``symlink`` mode the same files are packed as files.
    """
    cache, wheels = tmp_path / "cache", tmp_path / "wheels"
    for mode in ("hardlink", "symlink"):
        root = tmp_path / mode
        make_environment(root)
        subprocess.run(
            [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", root / "bin/python", "--cache-dir", cache,
             "--link-mode", mode, "markupsafe", "click"],
            check=True,
        )  # fmt: skip
        (compiled,) = (root / SITE / "markupsafe").glob("*.so")
        assert compiled.is_symlink() if mode == "symlink" else compiled.stat().st_nlink > 1
        before = snapshot(root) | snapshot(cache)
        packed = export(root, wheels / mode, verify=mode == "hardlink", strip=True, strict=True)
        assert snapshot(root) | snapshot(cache) == before
        assert packed.members()[str(compiled.relative_to(root))].isreg()


def test_c9_link_to_another_file(tmp_path: Path) -> None:
    """A link out of the environment in a distribution's place is packed as what ``RECORD`` says, or told not to be."""
    root = tmp_path / "environment"
    site = make_environment(root)
    install(site, "demo", {"demo.py": "X = 1\n"})
    (site / "demo.py").rename(tmp_path / "demo.py")
    (site / "demo.py").symlink_to(tmp_path / "demo.py")
    assert export(root, tmp_path / "right").findings("record-mismatch") == {}
    (tmp_path / "demo.py").write_text("X = 2\n")
    assert export(root, tmp_path / "wrong").findings("record-mismatch").keys() == {f"{SITE}/demo.py"}


def test_a1_folder_behind_a_link(tmp_path: Path) -> None:
    """Where a link to a folder stands in the way to a distribution's files, each is packed once, and the link too."""
    root = tmp_path / "environment"
    site = make_environment(root)
    install(site, "demo", {"demo/__init__.py": "X = 1\n"})
    (site / "demo").rename(site / "real")
    (site / "demo").symlink_to("real")
    packed = export(root, tmp_path / "output", verify=True)
    assert packed.members()[f"{SITE}/demo"].linkname == "real"
    place = packed.unpack(tmp_path / "place")
    assert "real/__init__.py,sha256=" in (place / SITE / "demo-1.0.dist-info/RECORD").read_text()
    code = "import demo; print(demo.X)"
    done = subprocess.run([place / "bin/python", "-c", code], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_a16_licences_of_copied_libraries(odd_pack: Packed) -> None:
    """Each library of the build machine has its package's licence in the pack, and both stand in the manifest."""
    libraries = odd_pack.manifest["libraries"]
    if not Path("/var/lib/dpkg/status").exists():
        missing("this is no Debian")
    assert libraries
    members = odd_pack.members()
    for library in libraries:
        assert members[library["path"]].isreg()
        (licence,) = library["licenses"]
        assert licence == f"share/licenses/{library['package']}/copyright"
        text = Path("/usr/share/doc", library["package"], "copyright").read_bytes()
        assert members[licence].size == len(text) > 0
        show = ["dpkg-query", "--show", "--showformat=${Version}", library["package"]]
        assert subprocess.run(show, capture_output=True, text=True, check=True).stdout == library["version"]
