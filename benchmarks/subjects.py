"""What is packed: projects with pinned dependencies, and synthetic trees; made once and kept in the work folder."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).parent

IMPORTS = {
    "tiny": "click",
    "small": "flask, requests, click, rich, sqlalchemy",
    "medium": "numpy",
    "large": "numpy",
}
"""By subject, what its program imports at start."""

GROWTH_FILES = (0, 1_000, 10_000, 100_000)
GROWTH_BYTES = (100_000_000, 1_000_000_000, 4_000_000_000)

_PER_DISTRIBUTION = 1_000
_LARGE_FILE = 100_000_000

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "app"
version = "1.0"
dependencies = {dependencies}

[project.scripts]
app = "app.main:main"

[tool.hatch.build.targets.envpack]
python = "{python}"
"""

_MAIN = """\
import argparse
import {imports}

NUMBER = 0


def main():
    argparse.ArgumentParser().parse_args()
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One that is ready to be packed."""

    name: str
    folder: Path
    python: Path

    @property
    def environment(self) -> Path:
        """A virtual environment as installed, without bytecode."""
        return self.folder / "environment"

    @property
    def tree(self) -> Path:
        """Our pack of it, unpacked: what others pack when all pack the same files."""
        return self.folder / "tree"

    @property
    def project(self) -> Path:
        """The project that is built."""
        return self.folder / "project"

    @property
    def module(self) -> Path:
        """The project's one module."""
        return self.project / "app" / "main.py"

    @property
    def wheels(self) -> Path:
        """Everything that is installed, so that no network is measured."""
        return self.folder / "wheels"

    @property
    def site_packages(self) -> Path:
        """Of the virtual environment."""
        return next((self.environment / "lib").glob("python3*/site-packages"))


def variables(subject: Subject) -> dict[str, str]:
    """Return the environment of every process that is measured: nothing comes from the network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "UV_"))}
    folder = os.fspath(subject.wheels)
    return {
        **kept,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": folder,
        "PIP_CACHE_DIR": os.fspath(subject.folder / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": folder,
        "UV_CACHE_DIR": os.fspath(subject.folder / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }


def make_project(name: str, python: Path, work: Path) -> Subject:
    """Return a subject with dependencies, made unless it is there. The first time needs a package index."""
    subject = Subject(name, work / name, python)
    if (subject.folder / "ready").exists():
        return subject
    listed = HERE / "subjects" / f"{name}.txt"
    lines = [line for line in listed.read_text().splitlines() if line and line[0] not in "-#"]
    subject.module.parent.mkdir(parents=True, exist_ok=True)
    (subject.module.parent / "__init__.py").write_text("")
    subject.module.write_text(_MAIN.format(imports=IMPORTS[name]))
    text = _PYPROJECT.format(dependencies=json.dumps(lines), python=python)
    (subject.project / "pyproject.toml").write_text(text)
    if not (subject.folder / "collected").exists():
        collect: list[str | Path] = [
            python, "-m", "pip", "wheel", "-q", "-w", subject.wheels, "-r", listed, "hatchling", "editables",
        ]  # fmt: skip
        _run(collect, {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")})
        (subject.folder / "collected").touch()
    install(subject, subject.environment)
    for folder in sorted(subject.environment.rglob("__pycache__")):
        shutil.rmtree(folder)
    _make_tree(subject)
    (subject.folder / "ready").touch()
    return subject


def install(subject: Subject, environment: Path) -> None:
    """Install the project with its dependencies and their bytecode, as pip does it."""
    shutil.rmtree(environment, ignore_errors=True)
    _run([subject.python, "-m", "venv", environment], variables(subject))
    _run([environment / "bin" / "python", "-m", "pip", "install", "-q", subject.project], variables(subject))


def make_growth(files: int, size: int, python: Path, work: Path) -> Subject:
    """Return a subject of so many small files, or of files of 100 MB with so many bytes together."""
    subject = Subject(f"{files} files" if not size else f"{size / 1e9:g} GB", work / f"growth-{files}-{size}", python)
    if (subject.folder / "ready").exists():
        return subject
    subject.folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(subject.environment, ignore_errors=True)
    _run([python, "-m", "venv", "--without-pip", subject.environment], variables(subject))
    chance = random.Random(files + size)
    words = [chance.randbytes(chance.randrange(2, 6)).hex() for _ in range(4_000)]
    for number in range(files // _PER_DISTRIBUTION):
        names = (f"part{index % 50}/module{index}.py" for index in range(_PER_DISTRIBUTION))
        contents = ((name, " ".join(chance.choices(words, k=300)).encode()) for name in names)
        _distribution(subject.site_packages, f"files{number}", contents)
    for number in range(size // _LARGE_FILE):
        _distribution(subject.site_packages, f"bytes{number}", [("data.bin", _bytes(chance, words))])
    _make_tree(subject)
    (subject.folder / "ready").touch()
    return subject


def _bytes(chance: random.Random, words: list[str]) -> bytes:
    """Return the content of a large file, half of it text: it compresses about as libraries do."""
    block = 1 << 16
    text = " ".join(chance.choices(words, k=2_000_000)).encode()
    parts = []
    for start in range(0, _LARGE_FILE, 2 * block):
        offset = start // 2 % (len(text) - block)
        parts += [text[offset : offset + block], chance.randbytes(block)]
    return b"".join(parts)[:_LARGE_FILE]


def _distribution(site: Path, name: str, contents: Iterable[tuple[str, bytes]]) -> None:
    info = f"{name}-1.0.dist-info"
    rows = [f"{info}/RECORD,,"]
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    for path, content in [*((f"{name}/{path}", content) for path, content in contents), (f"{info}/METADATA", metadata)]:
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
        rows.append(f"{path},sha256={_digest(content)},{len(content)}")
    (site / info / "RECORD").write_text("\n".join([*rows, ""]))


def _digest(content: bytes) -> str:
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - the only use

    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _make_tree(subject: Subject) -> None:
    """Unpack our pack, and add what the other packers want to see of an environment."""
    packed = subject.folder / "packed"
    for folder in (packed, subject.tree):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    cache = {"HATCH_ENVPACK_CACHE_DIR": os.fspath(subject.folder / "first-cache")}
    export: list[str | Path] = [sys.executable, HERE / "export.py", subject.environment, packed, "tar.zst"]
    _run(export, {**variables(subject), **cache})
    shutil.rmtree(cache["HATCH_ENVPACK_CACHE_DIR"])
    _run(["tar", "--zstd", "-xf", next(packed.iterdir()), "-C", subject.tree], variables(subject))
    (subject.tree / "pyvenv.cfg").write_text(f"home = {subject.python.parent}\n")
    meta = subject.tree / "conda-meta"
    meta.mkdir()
    (meta / "history").touch()


def _run(words: Iterable[str | Path], environment: Mapping[str, str]) -> None:
    subprocess.run(list(words), env=environment, check=True, stdout=subprocess.DEVNULL)
