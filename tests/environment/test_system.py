"""What lies in an interpreter's own site-packages: borrowed by an environment, or packed as a whole installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import hatch_envpack
from hatch_envpack import EnvpackError
from tests.cli.test_pack import member_names
from tests.cli.test_program import COMMAND
from tests.conftest import find_debian, find_pyenv, missing
from tests.environment.made import SITE, install, snapshot
from tests.targets.roots import run_hiding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FAST: dict[str, Any] = {"bytecode": False, "level": 1}
_TELL = "import base_only, shared, sys; print(base_only.X, shared.X, *sys.path[4:], sep='\\n')"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation of its own, in which two distributions are installed, one of them with a command."""
    source = find_pyenv("3.12").parents[1]
    left_out = shutil.ignore_patterns("test", "*.a", "__pycache__", "site-packages", "share", "idlelib")
    root = tmp_path_factory.mktemp("installations") / "python"
    shutil.copytree(source, root, symlinks=True, ignore=left_out)
    site = root / SITE
    site.mkdir()
    tool = f"#!{root}/bin/python3.12\nimport base_only\nprint(base_only.X)\n"
    install(site, "base_only", {"base_only.py": "X = 'base'\n", "../../../bin/base-tool": tool})
    (root / "bin/base-tool").chmod(0o755)
    install(site, "shared", {"shared.py": "X = 'base'\n", "shared_of_base.py": ""})
    (site / "of_nobody.py").write_text("X = 'nobody'\n")
    (root / "notes.txt").write_text("not Python's, and of no distribution")
    return root


def _environment(python: Path, root: Path, *options: str) -> Path:
    subprocess.run([python, "-m", "venv", "--without-pip", *options, root], check=True)
    (site,) = root.glob("lib/python3.*/site-packages")
    install(site, "shared", {"shared.py": "X = 'own'\n"}, version="2.0")
    return root


def _unpack(pack: Path, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["tar", "-xf", pack, "-C", folder], check=True)
    return folder


def _run_without(hidden: Path, *command: str | Path) -> list[str]:
    done = run_hiding([hidden], *command)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_an_environment_borrows(installation: Path, tmp_path: Path) -> None:
    """It is packed when that is asked for, after the environment's own; commands, and what is hidden, are not."""
    root = _environment(installation / "bin/python3", tmp_path / "env", "--system-site-packages")
    before = snapshot(root) | snapshot(installation)
    done = hatch_envpack.pack(root, tmp_path / "e.tar", system_site_packages=True, strict=True, **_FAST)
    assert snapshot(root) | snapshot(installation) == before
    assert {each.name for each in done.segments} >= {"distribution:base-only", "distribution:shared"}
    place = _unpack(done.path, tmp_path / "place")
    told = _run_without(installation, place / "bin/python", "-c", _TELL)
    assert told == ["base", "own", str(place / SITE)]
    assert (place / SITE / "of_nobody.py").exists()
    for gone in ("bin/base-tool", "notes.txt", f"{SITE}/shared_of_base.py", f"{SITE}/shared-1.0.dist-info"):
        assert not (place / gone).exists()
    assert "base-tool" not in (place / SITE / "base_only-1.0.dist-info/RECORD").read_text()
    assert json.loads((place / "envpack.json").read_text())["console_scripts"] == []


def test_what_is_borrowed_changes(installation: Path, tmp_path: Path) -> None:
    """A pack that was made before is not laid out again when the interpreter's packages are others."""
    root = _environment(installation / "bin/python3", tmp_path / "env", "--system-site-packages")
    options: dict[str, Any] = {"system_site_packages": True, "verify": False, "force": True, **_FAST}
    hatch_envpack.pack(root, tmp_path / "e.tar", **options)
    (installation / SITE / "new.py").touch()
    try:
        assert f"{SITE}/new.py" in member_names(hatch_envpack.pack(root, tmp_path / "e.tar", **options).path)
    finally:
        (installation / SITE / "new.py").unlink()


def test_environment_that_borrows_nothing(installation: Path, tmp_path: Path) -> None:
    """The option changes nothing for it."""
    root = _environment(installation / "bin/python3", tmp_path / "env")
    done = hatch_envpack.pack(root, tmp_path / "e.tar", system_site_packages=True, verify=False, **_FAST)
    assert f"{SITE}/shared.py" in member_names(done.path)
    assert f"{SITE}/base_only.py" not in member_names(done.path)


@pytest.mark.parametrize("where", ["its own", "/usr/local"])
def test_whole_installation(installation: Path, tmp_path: Path, where: str) -> None:
    """What is installed in it is packed, with commands that run elsewhere; what else lies beside it is not."""
    root = str(installation) if where == "its own" else where
    before = snapshot(installation)
    done = _packed(root, tmp_path, {root: installation})
    assert done.returncode == 0, done.stderr
    assert snapshot(installation) == before
    place = _unpack(tmp_path / "e.tar", tmp_path / "place")
    assert _run_without(installation, place / "bin/base-tool") == ["base"]
    told = _run_without(installation, place / "bin/python", "-c", _TELL)
    assert told == ["base", "base", str(place / SITE)]
    assert not (place / "notes.txt").exists()


def _packed(
    prefix: str | Path, folder: Path, binds: Mapping[str, Path], *options: str
) -> subprocess.CompletedProcess[str]:
    """Run the command where folders lie in the places of others."""
    if os.geteuid() != 0:
        missing("mounting needs to be root")
    script = 'while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift; exec "$@"'
    pairs = [word for name, path in binds.items() if name != str(path) for word in (path, name)]
    command = [COMMAND, "pack", prefix, "-o", folder / "e.tar", "--no-bytecode", "--strict", *options]
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *pairs, "--", *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_an_environment_borrows_from_debian(tmp_path: Path) -> None:
    """The three folders stay apart, in the order that Debian's Python has."""
    python = find_debian()
    version = python.name
    root = _environment(python, tmp_path / "env", "--system-site-packages")
    local, system = tmp_path / "local", tmp_path / "system"
    install(local, "base_only", {"base_only.py": "X = 'local'\n"})
    install(system, "base_only", {"base_only.py": "X = 'system'\n"})
    install(system, "shared", {"shared.py": "X = 'system'\n"})
    install(system, "third", {"third.py": "X = 'system'\n"})
    binds = {f"/usr/local/lib/{version}/dist-packages": local, "/usr/lib/python3/dist-packages": system}
    before = snapshot(tmp_path)
    done = _packed(root, tmp_path / "out", binds, "--system-site-packages")
    assert done.returncode == 0, done.stderr
    (tmp_path / "out").rename(tmp_path.parent / f"{tmp_path.name}-out")
    assert snapshot(tmp_path).keys() == before.keys()
    place = _unpack(tmp_path.parent / f"{tmp_path.name}-out/e.tar", tmp_path / "place")
    told = _run_without(local, place / "bin/python", "-c", f"{_TELL}; import third; print(third.X)")
    folders = [f"lib/{version}/site-packages", f"lib/{version}/dist-packages", "lib/python3/dist-packages"]
    assert told == ["local", "own", *(str(place / folder) for folder in folders), "system"]


def test_systems_own_python_is_refused() -> None:
    """Nobody but the package manager knows what lies there; the error says what to do instead."""
    find_debian()
    with pytest.raises(
        EnvpackError, match=r"/usr is the system's own Python.*--system-site-packages`\), and pack that"
    ):
        hatch_envpack.pack("/usr", "/nonexistent/e.tar")


def test_editable_in_what_is_borrowed(installation: Path, tmp_path: Path) -> None:
    """It is refused as the environment's own would be."""
    root = _environment(installation / "bin/python3", tmp_path / "env", "--system-site-packages")
    info = install(installation / SITE, "linked", {"linked.pth": str(tmp_path)})
    (info / "direct_url.json").write_text('{"url": "file:///src", "dir_info": {"editable": true}}')
    try:
        with pytest.raises(EnvpackError, match=r"linked from /src .*is installed in editable mode"):
            hatch_envpack.pack(root, tmp_path / "e.tar", system_site_packages=True)
        done = hatch_envpack.pack(
            root, tmp_path / "e.tar", system_site_packages=True, editable="ignore", verify=False, **_FAST
        )
        assert f"{SITE}/linked.pth" not in member_names(done.path)
    finally:
        shutil.rmtree(info)
        (installation / SITE / "linked.pth").unlink()
