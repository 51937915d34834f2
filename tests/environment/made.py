"""Small real environments, whatever is wrong with them, and their packs."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import zstandard

from hatch_envpack.pipeline.export import export_pack
from hatch_envpack.pipeline.job import Export
from hatch_envpack.settings import Settings
from tests.conftest import find_pyenv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.report import Summary

SITE = "lib/python3.12/site-packages"


def make_environment(root: Path, *options: str) -> Path:
    """Make an empty virtual environment of Python 3.12; return its ``site-packages``."""
    subprocess.run([find_pyenv("3.12"), "-m", "venv", "--without-pip", *options, root], check=True)
    return root / SITE


def row(name: str, data: bytes) -> str:
    """Return the row of ``RECORD`` that an installer writes."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow((name, f"sha256={digest}", len(data)))
    return text.getvalue()


def install(site: Path, name: str, files: Mapping[str, str], *, record: str = "", version: str = "1.0") -> Path:
    """Write a distribution with these files, relative to ``site``; return its ``.dist-info`` folder.

    ``record`` are further rows.
    """
    info = site / f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    for path, content in {f"{info.name}/METADATA": metadata, f"{info.name}/INSTALLER": "pip\n", **files}.items():
        data = content.encode("utf-8", "surrogateescape")
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(data)
        record += row(path, data)
    (info / "RECORD").write_bytes(f"{record}{info.name}/RECORD,,\n".encode("utf-8", "surrogateescape"))
    return info


@dataclass
class Words:
    """A report that remembers."""

    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)

    def stage(self, text: str) -> None:
        """Forget it."""

    def progress(self, done: int, total: int) -> None:
        """Forget it."""

    def summary(self, summary: Summary) -> None:
        """Remember it."""
        self.summaries.append(summary)

    def info(self, text: str) -> None:
        """Remember it."""
        self.infos.append(text)

    def detail(self, text: str) -> None:
        """Remember it."""
        self.details.append(text)

    def warning(self, text: str) -> None:
        """Remember it."""
        self.warnings.append(text)


@dataclass(frozen=True)
class Packed:
    """A pack, what it says about itself, and what was said."""

    pack: Path
    manifest: dict[str, Any]
    words: Words

    def findings(self, kind: str) -> dict[str, str]:
        """Return path and text of the findings of a kind."""
        return {each["path"]: each["what"] for each in self.manifest["findings"] if each["kind"] == kind}

    def members(self) -> dict[str, tarfile.TarInfo]:
        """Return all members, read by Python's ``tarfile``."""
        with self.pack.open("rb") as stream:
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
            with tarfile.open(fileobj=reader, mode="r|") as archive:
                return {member.name: member for member in archive}

    def unpack(self, folder: Path) -> Path:
        """Unpack with GNU tar."""
        folder.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "-xf", self.pack, "-C", folder], check=True)
        return folder


def export(root: Path, output: Path, *, editable: Policy = "error", **options: Any) -> Packed:  # noqa: ANN401
    """Pack an environment, as fast as it goes unless the options say otherwise."""
    words = Words()
    settings = Settings(**{"verify": False, "bytecode": False, "compression_level": 1, **options})
    pack = export_pack(Export(root, "demo", "1.0", editable, settings, output, 1_600_000_000, words, force=True))
    text = subprocess.run(["tar", "--zstd", "-xOf", pack, "envpack.json"], capture_output=True, check=True).stdout
    return Packed(pack, json.loads(text), words)


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return all that would show a change, of everything below a folder.

    How many links a file has is not among it: other environments come and go.
    """
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else None
        if content is None and path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        fields = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, status.st_uid)
        found[os.fspath(path)] = (*fields, content)
    return found
