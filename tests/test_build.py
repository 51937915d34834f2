"""The build itself: options that change what is packed, the user's installer and its settings, the project's hooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from hatch_envpack.sums.sums import OWN_FILES
from tests.conftest import build, find_pyenv, hatchling_build, missing

_PROJECT = """
[build-system]
requires = ["hatchling", "six"]
build-backend = "hatchling.build"

[project]
name = "tiny"
version = "1.0"
dependencies = ["only-here"]

[project.optional-dependencies]
more = ["only-here-too"]

[dependency-groups]
group = ["click"]

[project.scripts]
tiny = "tiny:main"

[tool.hatch.build.hooks.custom]

[tool.hatch.build.targets.envpack]
python = "{python}"
{options}
"""

_HOOK = """
import os, six
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        with open(os.environ["HOOK_LOG"], "a") as log:
            log.write(self.target_name + chr(10))
        build_data["force_include"][__file__] = "tiny/made_by_hook.py"
"""


def _wheel(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    module = name.replace("-", "_")
    files = {
        f"{module}.py": f"NAME = '{name}'\n",
        f"{module}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{module}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{module}-1.0.dist-info/RECORD": f"{module}.py,,\n",
    }
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make wheels that only the user's own settings lead to; return the file that the project's hook writes to."""
    for name in ("only-here", "only-here-too"):
        _wheel(tmp_path / "links", name)
    links = [str(tmp_path / "links"), *os.environ.get("PIP_FIND_LINKS", "").split()]
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setenv("PIP_FIND_LINKS", " ".join(links))
    # what would send an installer elsewhere has no effect
    monkeypatch.setenv("VIRTUAL_ENV", "/nonexistent")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "nowhere"))
    monkeypatch.setenv("UV_PYTHON", "/nonexistent/python")
    monkeypatch.setenv("HOOK_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def _tiny(folder: Path, **options: object) -> Path:
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny/__init__.py").write_text("def main():\n    import only_here\n    print(only_here.NAME)\n")
    (folder / "hatch_build.py").write_text(_HOOK)
    lines = "\n".join(f"{name.replace('_', '-')} = {json.dumps(value)}" for name, value in options.items())
    (folder / "pyproject.toml").write_text(_PROJECT.format(python=find_pyenv("3.12"), options=lines))
    return folder


def _manifest(pack: Path) -> dict[str, list[dict[str, str]]]:
    text = subprocess.run(["tar", "--zstd", "-xOf", pack, "envpack.json"], capture_output=True, check=True).stdout
    manifest: dict[str, list[dict[str, str]]] = json.loads(text)
    return manifest


def _count(pack: Path) -> int:
    """Return the number of members but for folders and the pack's own files."""
    names = subprocess.run(["tar", "--zstd", "-tf", pack], capture_output=True, text=True, check=True).stdout
    return sum(not name.endswith("/") for name in names.splitlines()) - len(OWN_FILES)


def _distributions(pack: Path) -> set[str]:
    return {each["name"] for each in _manifest(pack)["distributions"]}


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_user_settings_and_hooks(tmp_path: Path, settings: Path, installer: str) -> None:
    """The installer finds what the user's settings lead to; the project's hook runs once, where the wheel is built."""
    project = _tiny(tmp_path / "p", installer=installer)
    before = sorted(project.rglob("*"))
    pack = build(project, find_pyenv("3.12")).pack
    assert _distributions(pack) == {"tiny", "only-here"}
    assert settings.read_text() == "wheel\n"
    assert [path for path in sorted(project.rglob("*")) if "dist" not in path.parts] == before
    assert not (tmp_path / "nowhere").exists()
    names = subprocess.run(["tar", "--zstd", "-tf", pack], capture_output=True, text=True, check=True).stdout
    assert "site-packages/tiny/made_by_hook.py" in names
    (tmp_path / "place").mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", tmp_path / "place"], check=True)
    ran = subprocess.run([tmp_path / "place/bin/tiny"], env={}, capture_output=True, text=True, check=True)
    assert ran.stdout == "only-here\n"


def test_extras_groups_and_more(tmp_path: Path, settings: Path) -> None:
    """Features, groups and further requirements are installed, and nothing else."""
    options = {"features": ["more"], "dependency_groups": ["group"], "extra_dependencies": ["six"]}
    pack = build(_tiny(tmp_path / "p", **options), find_pyenv("3.12")).pack
    assert settings.exists()
    assert _distributions(pack) == {"tiny", "only-here", "only-here-too", "click", "six"}


@pytest.mark.usefixtures("settings")
def test_n14_strip_bytecode_exclude_and_level(tmp_path: Path) -> None:
    """Each option changes what it says; the stripped interpreter passes the proof."""
    usual = build(_tiny(tmp_path / "usual"), find_pyenv("3.12")).pack
    options = {"strip": True, "bytecode": False, "exclude": ["lib/python3.12/idlelib"], "compression_level": 9}
    small = build(_tiny(tmp_path / "small", **options), find_pyenv("3.12")).pack
    names = subprocess.run(["tar", "--zstd", "-tf", small], capture_output=True, text=True, check=True).stdout
    assert ".pyc" not in names
    assert "idlelib/__init__.py" not in names
    assert small.stat().st_size < usual.stat().st_size / 2


def test_s12_build_paths_are_reported(tmp_path: Path, settings: Path) -> None:
    """A path of the build machine in a packed file is a warning and stands in the manifest, with the file."""
    project = _tiny(tmp_path / "p", verify=False, bytecode=False)
    assert not (project / "dist").exists()
    (project / "tiny/where.txt").write_text(f"built in {project}/tiny\n")
    done = hatchling_build(project)
    assert done.returncode == 0, done.stdout + done.stderr
    name = "lib/python3.12/site-packages/tiny/where.txt"
    assert f"build-path: {name}: holds the build path {project}" in done.stdout + done.stderr
    (pack,) = (project / "dist").iterdir()
    assert "Python 3.12." in done.stdout + done.stderr
    assert f"2 distributions, {_count(pack)} files" in done.stdout + done.stderr
    (finding,) = _manifest(pack)["findings"]
    assert (finding["kind"], finding["path"]) == ("build-path", name)
    assert settings.exists()


@pytest.mark.usefixtures("settings")
def test_n5_libraries_of_the_hosts_display(tmp_path: Path) -> None:
    """A project that imports tkinter passes the proof: what the host's libX11 needs is the host's too."""
    if not list(Path("/usr/lib").glob("*/libX11.so.6")):
        missing("libX11 is not installed")
    project = _tiny(tmp_path / "p")
    with (project / "tiny/__init__.py").open("a") as stream:
        stream.write("import tkinter\n")
    build(project, find_pyenv("3.12"))


@pytest.mark.usefixtures("settings")
def test_n5_library_that_is_opened_by_name(tmp_path: Path) -> None:
    """A library that nothing is linked to may be missing at the target: a finding names it and its opener.

    What that library itself is linked to is not told: it comes and goes with it.
    """
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    (tmp_path / "a.c").write_text("int a;\n")
    inner: list[str | Path] = ["-Wl,--no-as-needed", tmp_path / "libinner.so"]
    libraries: dict[str, list[str | Path]] = {"libinner.so": [], "libouter.so": inner}
    for name, needed in libraries.items():
        flags = ["-shared", f"-Wl,-soname,{name}", f"-Wl,-rpath,{tmp_path}", "-o", str(tmp_path / name)]
        subprocess.run(["gcc", tmp_path / "a.c", *flags, *needed], check=True)
    project = _tiny(tmp_path / "p")
    opening = f"import ctypes\nctypes.CDLL({str(tmp_path / 'libouter.so')!r})\nmain = id\n"
    (project / "tiny/__init__.py").write_text(opening)
    findings = _manifest(build(project, find_pyenv("3.12")).pack)["findings"]
    (finding,) = [each for each in findings if each["kind"] != "build-path"]
    assert (finding["kind"], finding["path"]) == ("host-library", "libouter.so")
    assert finding["what"] == "is the build machine's, and module tiny opens it by name"


@pytest.mark.usefixtures("settings")
def test_crash_of_the_unpacked_interpreter_is_told(tmp_path: Path) -> None:
    """When a module ends the process, the step is named, and nothing is kept."""
    project = _tiny(tmp_path / "p")
    (project / "tiny/__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    done = hatchling_build(project)
    assert done.returncode == 1
    assert "the unpacked interpreter ended with signal 11 at module tiny" in done.stdout + done.stderr
    assert os.listdir(project / "dist") == []


@pytest.mark.usefixtures("settings")
def test_time_stamps(tmp_path: Path) -> None:
    """``SOURCE_DATE_EPOCH`` is every member's time."""
    pack = build(_tiny(tmp_path / "p", verify=False), find_pyenv("3.12"), SOURCE_DATE_EPOCH="1700000000").pack
    listing = subprocess.run(
        ["tar", "--zstd", "--utc", "--full-time", "-tvf", pack], capture_output=True, text=True, check=True
    ).stdout
    assert {tuple(line.split()[3:5]) for line in listing.splitlines()} == {("2023-11-14", "22:13:20")}


@pytest.mark.usefixtures("settings")
def test_clean_removes_only_packs(tmp_path: Path) -> None:
    """``--clean`` takes away this project's packs and leaves everything else in the output folder."""
    project = _tiny(tmp_path / "p", verify=False)
    dist = project / "dist"
    dist.mkdir()
    for name in (
        "tiny-1.0-cp39-manylinux_2_17_x86_64.envpack.tar.zst",
        "tiny-1.0-py3-none-any.whl",
        "other.envpack.tar.zst",
    ):
        (dist / name).write_text("")
    assert hatchling_build(project, "--clean-only").returncode == 0
    assert sorted(os.listdir(dist)) == ["other.envpack.tar.zst", "tiny-1.0-py3-none-any.whl"]
