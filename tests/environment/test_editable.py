"""Editable installs of every kind, made by the tools themselves (C7)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.editable import find_editables
from hatch_envpack.environment.model import Environment
from hatch_envpack.errors import InstallError
from tests.conftest import find_pyenv
from tests.environment.made import SITE, export, install, make_environment, snapshot

_PROJECT = """
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"
[project]
name = "{name}"
version = "1.0"
description = "{name}"
[project.scripts]
{name}-run = "{module}:main"
"""

_BACKENDS = {
    "with-hatchling": ("hatchling", "hatchling.build", ""),
    "with-flit": ("flit_core", "flit_core.buildapi", ""),
    "with-poetry": ("poetry-core", "poetry.core.masonry.api", ""),
    "with-pdm": ("pdm-backend", "pdm.backend", ""),
    "with-setuptools-path": ("setuptools", "setuptools.build_meta", ""),
    "with-setuptools-finder": (
        "setuptools",
        "setuptools.build_meta",
        '[tool.setuptools]\npackages = ["with_setuptools_finder"]\npackage-dir = {with_setuptools_finder = "code"}\n',
    ),
}
"""Requirement, backend, and what it must be told; the finder of setuptools serves packages of other folders' names."""


def _write_project(folder: Path, name: str) -> Path:
    requires, backend, more = _BACKENDS[name]
    module = name.replace("-", "_")
    project = folder / f"source of {name}"
    package = project / ("code" if "finder" in name else module)
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f'"""A module."""\n\ndef main():\n    print("{name} works")\n')
    text = _PROJECT.format(requires=requires, backend=backend, name=name, module=module)
    (project / "pyproject.toml").write_text(text + more)
    return project


def _uv(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", "pip", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    """Return an environment with one editable install of each backend, half by uv and half by pip; and the projects."""
    folder = tmp_path_factory.mktemp("editable")
    root = folder / "environment"
    make_environment(root)
    tools = folder / "tools"
    # what the backends need to be installed is in the environment, so that nothing is built in isolation
    _uv("install", "-q", "--python", root / "bin/python", "editables", *{each[0] for each in _BACKENDS.values()})
    _uv("install", "-q", "--target", tools, "--python", root / "bin/python", "pip")
    projects = {name: _write_project(folder, name) for name in _BACKENDS}
    for number, project in enumerate(projects.values()):
        if number % 2:
            _uv("install", "--python", root / "bin/python", "--no-build-isolation", "--no-deps", "-e", project)
        else:
            subprocess.run(
                [root / "bin/python", "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "-e", project],
                env={**os.environ, "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}, check=True,
            )  # fmt: skip
    return root, projects


def _names(root: Path, site: str) -> dict[str, Path | None]:
    site_packages = PurePosixPath(site)
    environment = Environment(root, site_packages, read_distributions(root, site_packages))
    return {editable.name: editable.source for editable in find_editables(environment)}


def test_c7_every_backend_is_found(modern: tuple[Path, dict[str, Path]]) -> None:
    """Each is found with its source, by whichever tool it was installed; what is not editable is not."""
    root, projects = modern
    assert _names(root, SITE) == projects


def test_c7_error_names_each(modern: tuple[Path, dict[str, Path]], tmp_path: Path) -> None:
    """The first stands in the line with what to do, all others below it."""
    root, projects = modern
    with pytest.raises(
        InstallError, match=r"^with-flit from .*/source of with-flit \(.*/direct_url\.json\).*and 5 more"
    ) as caught:
        export(root, tmp_path)
    assert 'the policy "build"' in str(caught.value)
    lines = caught.value.detail.splitlines()
    assert len(lines) == len(projects) - 1
    assert all(f"source of {name}" in "\n".join(lines) for name in projects if name != "with-flit")


def test_c7_ignore_leaves_them_out(modern: tuple[Path, dict[str, Path]], tmp_path: Path) -> None:
    """Nothing of them is packed, each is told, and everything else is there and works."""
    root, projects = modern
    before = snapshot(root)
    packed = export(root, tmp_path / "output", editable="ignore", verify=True)
    assert snapshot(root) == before
    assert len(packed.findings("editable")) == len(projects)
    names = {each["name"] for each in packed.manifest["distributions"]}
    assert names.isdisjoint(projects)
    assert {"flit_core", "hatchling"} <= names
    members = packed.members().keys()
    assert not [member for member in members if "-run" in member or "__editable__" in member]
    assert not [finding for finding in packed.manifest["findings"] if finding["kind"] == "build-path"]
    sites = [member for member in members if member.endswith(".pth")]
    assert sites == [f"{SITE}/_envpack_site.pth", f"{SITE}/distutils-precedence.pth"]


def test_c7_build_packs_their_wheels(tmp_path: Path) -> None:
    """Wheels take the place of the links, and of an older installation; their commands run from the pack."""
    root = tmp_path / "environment"
    site = make_environment(root)
    for name in ("with-hatchling", "with-setuptools-finder"):
        project = _write_project(tmp_path, name)
        _uv("install", "--python", root / "bin/python", "--no-deps", "-e", project)
    install(site, "with_hatchling", {"of_old.py": ""}, version="0.9")
    before = snapshot(root)
    packed = export(root, tmp_path / "output", editable="build", verify=True)
    assert snapshot(root) == before
    place = packed.unpack(tmp_path / "place")
    for name in ("with-hatchling", "with-setuptools-finder"):
        done = subprocess.run([place / f"bin/{name}-run"], env={}, capture_output=True, text=True, check=True)
        assert done.stdout == f"{name} works\n"
    assert (place / SITE / "with_setuptools_finder/__init__.py").is_file()
    assert not list((place / SITE).glob("*__editable__*"))
    assert not (place / SITE / "of_old.py").exists()
    versions = {each["name"]: each["version"] for each in packed.manifest["distributions"]}
    assert versions == {"with-hatchling": "1.0", "with-setuptools-finder": "1.0"}
    assert {finding["kind"] for finding in packed.manifest["findings"]} == set()


_SETUP = """
from setuptools import setup
setup(name="Old.Name", version="1.0", packages=["old"], scripts=["old-script.py"],
      package_dir={"": "src"}, entry_points={"console_scripts": ["old-run=old:main"]})
"""


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return an environment of Python 3.9 in which an old setuptools ran ``setup.py develop``, and the project."""
    folder = tmp_path_factory.mktemp("legacy")
    root, project = folder / "environment", folder / "the source"
    subprocess.run([find_pyenv("3.9"), "-m", "venv", "--without-pip", root], check=True)
    _uv("install", "-q", "--python", root / "bin/python", "setuptools==58.0.4")
    (project / "src/old").mkdir(parents=True)
    (project / "src/old/__init__.py").write_text("def main():\n    print('works')\n")
    (project / "old-script.py").write_text("#!/usr/bin/env python\nimport old\nold.main()\n")
    (project / "setup.py").write_text(_SETUP)
    subprocess.run([root / "bin/python", "setup.py", "-q", "develop"], cwd=project, check=True, capture_output=True)
    return root, project


def test_c7_egg_link(legacy: tuple[Path, Path], tmp_path: Path) -> None:
    """The link is found with its source; ``ignore`` leaves out the link, its line, and both kinds of script."""
    root, project = legacy
    site = root / "lib/python3.9/site-packages"
    assert [*_names(root, "lib/python3.9/site-packages")] == ["Old.Name"]
    with pytest.raises(InstallError, match=r"^Old\.Name from .*/the source/src .*Old\.Name\.egg-link"):
        export(root, tmp_path / "output")
    easy = site / "easy-install.pth"
    lines = easy.read_text()
    assert str(project / "src") in lines
    members = export(root, tmp_path / "output", editable="ignore").members().keys()
    assert not [name for name in members if "old" in name.lower() and "site-packages" in name]
    assert members.isdisjoint({"bin/old-run", "bin/old-script.py", f"{site.relative_to(root)}/easy-install.pth"})
    try:
        easy.write_text(lines + "./other.egg\n")
        packed = export(root, tmp_path / "output", editable="ignore")
    finally:
        easy.write_text(lines)
    name = f"{site.relative_to(root)}/easy-install.pth"
    text = subprocess.run(["tar", "--zstd", "-xOf", packed.pack, name], capture_output=True, text=True, check=True)
    assert text.stdout == "./other.egg\n"


def test_c7_egg_link_is_built(legacy: tuple[Path, Path], tmp_path: Path) -> None:
    """Its wheel is packed, and both kinds of script run from the pack."""
    root, project = legacy
    (root / "lib/python3.9/site-packages/Old.Name.egg-link").write_text(f"{project}\n.")
    place = export(root, tmp_path / "output", editable="build", verify=True).unpack(tmp_path / "place")
    for name in ("old-run", "old-script.py"):
        done = subprocess.run([place / "bin" / name], env={}, capture_output=True, text=True, check=True)
        assert done.stdout == "works\n"


def test_c7_source_that_is_gone(tmp_path: Path) -> None:
    """``build`` names the project whose source is not there, and one whose source no file tells."""
    root = tmp_path / "environment"
    site = make_environment(root)
    install(site, "unknown", {"__editable__.unknown.pth": "/home/me/src\n"})
    with pytest.raises(
        InstallError, match=r"the source of unknown \(.*__editable__\.unknown\.pth\) is gone, or nothing"
    ):
        export(root, tmp_path / "output", editable="build")
    info = install(site, "moved", {})
    (info / "direct_url.json").write_text('{"url": "file:///gone/a%20b", "dir_info": {"editable": true}}')
    with pytest.raises(InstallError, match=r"the source of moved from /gone/a b \(.*\) is gone"):
        export(root, tmp_path / "output", editable="build")
    assert not (tmp_path / "output").exists()
