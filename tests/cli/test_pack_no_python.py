"""``hatch-envpack pack --no-python``: the interpreter is the target's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import hatch_envpack
from hatch_envpack import EnvpackError
from tests.cli.test_pack import member_names, run
from tests.cli.test_program import COMMAND
from tests.conftest import find_pyenv, missing
from tests.environment.made import SITE, install, make_environment, snapshot
from tests.sums.packs import FILE, LINK, Part, changed, parts_of, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FAST = ("--no-verify", "--no-bytecode", "--level", "1")
_TELL = "import sys, tool; print(sys.prefix, sys.base_prefix, tool.X, sep='\\n')"
_TOOL = "import sys\nX = 1\n\n\ndef main():\n    print(sys.prefix, sys.base_prefix, *sys.argv[1:], sep='\\n')\n"
_POINTS = "[console_scripts]\ntool = tool:main\n"
_WAYS = {"tar": "e.tar.gz", "unpack": "e.tar.zst"}


def _install(root: Path) -> Path:
    (site,) = root.glob("lib/python3.*/site-packages")
    script = f"#!{root}/bin/python\nimport sys\nfrom tool import main\nsys.exit(main())\n"
    files = {"tool.py": _TOOL, "tool-1.0.dist-info/entry_points.txt": _POINTS, "../../../bin/tool": script}
    install(site, "tool", files)
    (root / "bin/tool").chmod(0o755)
    return root


def _made(maker: str, root: Path) -> Path:
    """Make an environment with a command."""
    if maker == "venv":
        make_environment(root)
    else:
        uv = shutil.which("uv", path=f"{COMMAND.parent}:{os.environ['PATH']}")
        if uv is None:
            missing("uv is not installed")
        subprocess.run([str(uv), "venv", "-q", "--no-project", "-p", find_pyenv("3.12"), root], check=True)
    return _install(root)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment made by ``venv``."""
    return _made("venv", tmp_path_factory.mktemp("environments") / "tool")


@contextmanager
def _hidden(root: Path) -> Iterator[None]:
    other = root.with_name("hidden")
    root.rename(other)
    try:
        yield
    finally:
        other.rename(root)


def _unpack(way: str, pack: Path, folder: Path) -> Path:
    if way == "unpack":
        hatch_envpack.unpack(pack, folder)
    else:
        folder.mkdir()
        subprocess.run(["tar", "-xf", pack, "-C", folder], check=True)
    return folder


def _lines(*command: str | Path) -> list[str]:
    return subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("maker", ["venv", "uv"])
def test_the_interpreter_is_the_targets(tmp_path: Path, maker: str, way: str) -> None:
    """Unpacked and moved, with the environment gone, it runs with the interpreter that this was made with."""
    root = _made(maker, tmp_path / "work/.venv")
    before = snapshot(root)
    done = run(tmp_path, root, "-o", _WAYS[way], "--no-python", "--strict")
    assert done.returncode == 0, done.stderr
    assert snapshot(root) == before
    base = str(find_pyenv("3.12").parents[1])
    with _hidden(root):
        place = _unpack(way, tmp_path / _WAYS[way], tmp_path / "first place")
        for folder in (place, tmp_path / "second"):
            if folder != place:
                place.rename(folder)
            assert _lines(folder / "bin/tool", "a b") == [str(folder), base, "a b"]
            assert _lines(folder / "bin/python", "-c", _TELL) == [str(folder), base, "1"]
            assert hatch_envpack.verify(folder).ok
        (tmp_path / "link").symlink_to("second/bin/tool")
        assert _lines(tmp_path / "link") == [str(tmp_path / "second"), base]
    assert "Unpacking and proving the pack" in done.stderr
    assert "proven with" not in done.stderr


def test_what_is_in_it(tmp_path: Path, environment: Path) -> None:
    """A virtual environment, and nothing of Python's."""
    pack = hatch_envpack.pack(environment, tmp_path / "e.tar", python=False, strict=True).path
    names = member_names(pack)
    own = {name for name in names if name and not name.endswith("/") and not name.startswith((f"{SITE}/", "bin/"))}
    assert own == {"envpack.json", "envpack.sha256", "verify_envpack.py", "pyvenv.cfg"}
    assert f"{SITE}/__pycache__/tool.cpython-312.pyc" in names
    place = _unpack("tar", pack, tmp_path / "place")
    base = find_pyenv("3.12")
    links = {path.name: os.readlink(path) for path in (place / "bin").iterdir() if path.is_symlink()}  # noqa: PTH115
    assert links == {"python": str(base), "python3": "python", "python3.12": "python"}
    full = _lines(base, "-c", "import platform; print(platform.python_version())")[0]
    assert (place / "pyvenv.cfg").read_text().splitlines() == [
        f"home = {base.parent}",
        "include-system-site-packages = false",
        f"version = {full}",
    ]
    script = '. "$1/bin/activate" && command -v python && command -v tool && tool && deactivate'
    done = subprocess.run(["sh", "-ec", script, "sh", place], cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:3] == [f"{place}/bin/python", f"{place}/bin/tool", str(place)]


def test_what_is_told(tmp_path: Path, environment: Path) -> None:
    """Python is not in it, and where it is expected is in the last line, the manifest, `inspect` and `diff`."""
    done = run(tmp_path, environment, "-o", "e.tar.zst", "--no-python", "--python-prefix", "/opt/py//3/", *_FAST)
    assert done.returncode == 0, done.stderr
    assert "(not packed, expected in /opt/py/3), 1 distributions" in done.stderr
    assert run(tmp_path, environment, "-o", "f.tar.zst", *_FAST).returncode == 0
    told = subprocess.run([COMMAND, "inspect", tmp_path / "e.tar.zst"], capture_output=True, text=True, check=True)
    assert "\nneeds Python 3.12 in /opt/py/3: it is not packed\n" in told.stdout
    contents, whole = (hatch_envpack.inspect(tmp_path / name) for name in ("e.tar.zst", "f.tar.zst"))
    assert contents.to_dict()["python_prefix"] == "/opt/py/3"
    assert whole.to_dict()["python_prefix"] is None
    assert {part.name for part in contents.parts} == {"environment", "distribution:tool"}
    # nothing in it asks for more than any glibc has
    assert contents.platform_tag == "manylinux_2_17_x86_64" != whole.platform_tag
    facts = hatch_envpack.diff(tmp_path / "f.tar.zst", tmp_path / "e.tar.zst").to_dict()["facts"]
    assert facts["python_prefix"] == {"old": "", "new": "/opt/py/3"}


def test_python_at_another_place(tmp_path: Path, environment: Path) -> None:
    """It runs with the interpreter that lies there, and is proven with it."""
    there = tmp_path / "opt/python"
    there.parent.mkdir()
    there.symlink_to(find_pyenv("3.12").parents[1])
    done = run(tmp_path, environment, "-o", "e.tar", "--no-python", "--python-prefix", there, "--strict")
    assert done.returncode == 0, done.stderr
    assert "proven with" not in done.stderr
    place = _unpack("tar", tmp_path / "e.tar", tmp_path / "place")
    for command in ([place / "bin/tool"], [place / "bin/python3", "-c", _TELL]):
        assert _lines(*command)[:2] == [str(place), str(there)]
    there.unlink()
    assert subprocess.run([place / "bin/tool"], capture_output=True, check=False).returncode == 127


def test_python_that_is_not_there(tmp_path: Path, environment: Path) -> None:
    """It is proven with this machine's, which is said; where it is missing, the shell says which program it is."""
    options = ("-o", "e.tar", "--no-python", "--python-prefix", "/opt/no/python", "--force")
    for _ in range(2):
        done = run(tmp_path, environment, *options, "--strict")
        assert done.returncode == 0, done.stderr
        place = _unpack("tar", tmp_path / "e.tar", tmp_path / "place")
        # the proof changed its own tree alone
        assert (place / "bin/python").readlink().as_posix() == "/opt/no/python/bin/python3.12"
        assert (place / "pyvenv.cfg").read_text().startswith("home = /opt/no/python/bin\n")
        ran = subprocess.run([place / "bin/tool"], env={}, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (127, "")
        assert f"{place}/bin/python3.12: not found" in ran.stderr
        shutil.rmtree(place)
    (tmp_path / "e.tar").unlink()
    (environment / SITE / "broken.py").write_text("import no_such_module\n")
    try:
        install(environment / SITE, "broken", {"broken.py": "X = \n"})
        done = run(tmp_path, environment, *options)
        assert "error: the unpacked pack does not work: module broken: SyntaxError" in done.stderr or (
            "does-not-load: broken" in done.stderr
        )
    finally:
        shutil.rmtree(environment / SITE / "broken-1.0.dist-info")
        (environment / SITE / "broken.py").unlink()


def test_caches_do_not_mix(tmp_path: Path, environment: Path) -> None:
    """With an interpreter, without, with it in another place, and each of them again."""
    for prefix in (None, "/opt/a", "/opt/b", None, "/opt/a"):
        pack = hatch_envpack.pack(
            environment, tmp_path / "e.tar", python=prefix is None, python_prefix=prefix, verify=False, force=True
        ).path
        targets = {part.name: part.data.decode() for part in parts_of(pack) if part.kind == LINK}
        assert (targets["bin/python"] == f"{prefix}/bin/python3.12") is (prefix is not None)
        assert (f"{SITE[: -len('site-packages')]}os.py" in member_names(pack)) is (prefix is None)


def test_what_the_targets_python_has_can_be_seen(tmp_path: Path) -> None:
    """An environment that borrows goes on to do so, from the target's interpreter; nothing of that is packed."""
    make_environment(tmp_path / "env", "--system-site-packages")
    _install(tmp_path / "env")
    done = run(tmp_path, tmp_path / "env", "-o", "e.tar", "--no-python", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "use `--system-site-packages` where the target's interpreter has that too" in done.stderr
    done = run(tmp_path, tmp_path / "env", "-o", "e.tar", "--no-python", "--system-site-packages", "--no-bytecode")
    assert done.returncode == 0, done.stderr
    place = _unpack("tar", tmp_path / "e.tar", tmp_path / "place")
    assert [path.name for path in (place / SITE).glob("*.dist-info")] == ["tool-1.0.dist-info"]
    found = _lines(place / "bin/python", "-c", "import sys; print(*sys.path, sep='\\n')")
    assert str(find_pyenv("3.12").parents[1] / SITE) in found


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--python-prefix", "/opt/python"), "use it with `--no-python`"),
        (("--no-python", "--python-prefix", "opt/python"), "'opt/python', must be an absolute path"),
        (("--no-python", "--python-prefix", "/opt/a\nb"), "must be an absolute path of printable"),
        (("--no-python", "--copy-links"), "leave out one of the two"),
        (("--no-python", "--for", "ray"), "Ray unpacks no links"),
    ],
)
def test_bad_options(tmp_path: Path, environment: Path, options: tuple[str, ...], says: str) -> None:
    """One line, and nothing is written."""
    done = run(tmp_path, environment, *options, "-q")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("error: ")
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_installation_is_nothing_without_its_python(tmp_path: Path) -> None:
    """It is refused in one line."""
    done = run(tmp_path, find_pyenv("3.12").parents[1], "--no-python", "-q")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is a whole installation, which is nothing without its Python: leave out `--no-python`" in done.stderr
    assert done.stderr.count("\n") == 1


def _other_prefix(part: Part) -> Part:
    document = json.loads(part.data)
    document["python_prefix"] = None
    return part._replace(data=json.dumps(document).encode())


_HOSTILE: dict[str, Callable[[list[Part]], list[Part]]] = {
    "another target": lambda parts: changed(parts, "bin/python", lambda part: part._replace(data=b"/bin/sh")),
    "up and out": lambda parts: changed(parts, "bin/python", lambda part: part._replace(data=b"../../python3.12")),
    "another link": lambda parts: changed(parts, "bin/python3", lambda part: part._replace(data=b"/opt/a")),
    "a second link": lambda parts: [*parts, Part("bin/sh", LINK, b"/opt/py/bin/python3.12")],
    "a pack with its Python": lambda parts: changed(parts, "envpack.json", _other_prefix),
    "a file behind it": lambda parts: [*parts, Part("bin/python/evil", FILE, b"x")],
    "a link through it": lambda parts: [*parts, Part("bin/evil", LINK, b"python/../../../etc")],
}


@pytest.mark.parametrize("name", ["tar", "tar.zst", "zip"])
@pytest.mark.parametrize("what", _HOSTILE)
def test_a13_no_other_link_leads_out(tmp_path: Path, environment: Path, what: str, name: str) -> None:
    """Neither unpacked nor verified, and nothing is written."""
    pack = hatch_envpack.pack(
        environment, tmp_path / "e.tar", python=False, python_prefix="/opt/py", verify=False, bytecode=False
    ).path
    parts = parts_of(pack)
    assert hatch_envpack.verify(write(parts, tmp_path / "same", name)).ok
    assert hatch_envpack.unpack(tmp_path / "same", tmp_path / "place").links
    bad = write(_HOSTILE[what](parts), tmp_path / "bad", name)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(EnvpackError, match="bin/"):
        hatch_envpack.unpack(bad, tmp_path / "out")
    with pytest.raises(EnvpackError, match="bin/"):
        hatch_envpack.verify(bad)
    assert {path.name for path in tmp_path.iterdir()} == before
