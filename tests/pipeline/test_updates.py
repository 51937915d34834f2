"""A kept environment becomes what a new one would be, most of it while the wheel is built."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

import hatch_envpack.environment.uv
from hatch_envpack.environment.uv import Uv
from hatch_envpack.errors import InstallError
from tests.pipeline.projects import App, make_app

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> None:
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD")))


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose wheels can be installed."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cache"))
    _wheel(folder, "envpack_part", "1.0")
    return folder


@pytest.fixture
def app(wheels: Path, tmp_path: Path) -> App:
    """Return a project that needs one of the wheels, and was built."""
    app = make_app(tmp_path / "app")
    _require(app, "envpack-part")
    app.build(tmp_path / "first")
    assert wheels.is_dir()
    return app


def _require(app: App, *names: str) -> None:
    config = app.root / "pyproject.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("dependencies")]
    lines.insert(lines.index("[project]") + 1, f"dependencies = {list(names)}")
    config.write_text("\n".join(lines) + "\n")


def _versions(pack: Path, folder: Path) -> dict[str, str]:
    """Return the versions that the unpacked modules have of themselves."""
    folder.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", folder], check=True)
    site = folder / "lib/python3.12/site-packages"
    return {path.stem: path.read_text().split("'")[1] for path in sorted(site.glob("envpack_*.py"))}


class _Installs:
    """Notes what uv is asked to install, and when."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[bool, bool]] = []
        original = Uv.install

        def install(uv: Uv, *rest: Any, dependencies: bool = True, again: bool = False) -> None:  # noqa: ANN401
            self.asked.append((dependencies, again))
            original(uv, *rest, dependencies=dependencies, again=again)

        monkeypatch.setattr(hatch_envpack.environment.uv.Uv, "install", install)


def test_new_release_is_taken_though_the_project_is_the_same(app: App, wheels: Path, tmp_path: Path) -> None:
    """As a new environment would have it."""
    _wheel(wheels, "envpack_part", "2.0")
    pack, told = app.build(tmp_path / "two")
    assert _versions(pack, tmp_path / "unpacked") == {"envpack_part": "2.0"}
    assert told.made == {"distribution:envpack-part"}


def test_new_release_and_a_changed_line(
    app: App, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own files are installed alone, and a cold build gives the same pack."""
    _wheel(wheels, "envpack_part", "2.0")
    app.edit("changed")
    installs = _Installs(monkeypatch)
    pack, told = app.build(tmp_path / "two")
    assert installs.asked == [(True, True), (False, False)]
    assert _versions(pack, tmp_path / "unpacked") == {"envpack_part": "2.0"}
    assert told.made == {"distribution:envpack-part", "distribution:lone-app"}
    monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / "cold"))
    cold, _ = app.build(tmp_path / "three")
    assert cold.read_bytes() == pack.read_bytes()


def test_other_requirements(app: App, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is required anew is installed with all that it needs, and what nothing requires any more is gone."""
    _wheel(wheels, "envpack_other", "1.0", ["envpack-inner"])
    _wheel(wheels, "envpack_inner", "1.0")
    _require(app, "envpack-other")
    installs = _Installs(monkeypatch)
    pack, _ = app.build(tmp_path / "two")
    assert installs.asked == [(True, True), (True, True)]
    assert _versions(pack, tmp_path / "unpacked") == {"envpack_inner": "1.0", "envpack_other": "1.0"}


def test_what_fails_early_is_told_late(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be installed beside the last wheel is asked for again beside the new one, and told then."""
    installs = _Installs(monkeypatch)
    with pytest.raises(InstallError, match="cannot be installed") as error:
        app.build(tmp_path / "two", extra_dependencies=("envpack-part==7",))
    assert "envpack-part==7" in error.value.detail
    assert installs.asked == [(True, True), (True, True)]
    assert not list((tmp_path / "two").glob("*"))
    pack, _ = app.build(tmp_path / "three")
    assert _versions(pack, tmp_path / "unpacked") == {"envpack_part": "1.0"}


def test_project_that_is_not_built(app: App, tmp_path: Path) -> None:
    """The error of the build is told, whatever is done meanwhile; the next build is as good as ever."""
    config = app.root / "pyproject.toml"
    text = config.read_text()
    config.write_text(text + "\n[tool.hatch.build.targets.wheel]\npackages = 3\n")
    with pytest.raises(InstallError, match="cannot be built"):
        app.build(tmp_path / "two")
    config.write_text(text)
    pack, _ = app.build(tmp_path / "three")
    assert _versions(pack, tmp_path / "unpacked") == {"envpack_part": "1.0"}
