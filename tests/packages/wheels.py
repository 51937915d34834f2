"""The wheels that were packed, downloaded once more: what their own ``RECORD`` says of their compiled files (N2).

A file may have other bytes for two reasons alone, and both are looked for with ``readelf``: its search path has
folders of the machine that the wheel was built on (N1), or it is a program, which inherits no way to the libraries that
the pack brings (N3).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MAGIC = b"\x7fELF"
_DATA = re.compile(r"[^/]+\.data/(?P<scheme>\w+)/(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class Compared:
    """How the compiled files of a pack compare with those of the wheels."""

    equal: int
    edited: tuple[str, ...]
    """Files with other bytes, for a reason that stands behind each."""
    changed: tuple[str, ...]
    """Files with other bytes for no reason, or that are not there."""
    without_wheel: tuple[str, ...]
    """Distributions that were built from source."""


def compare(place: Path, distributions: Mapping[str, str], python: Path, folder: Path) -> Compared:
    """Compare the tree at ``place`` with the wheels of the distributions (name and version) for ``python``."""
    folder.mkdir()
    (site,) = place.glob("lib/python3.*/site-packages")
    equal = 0
    edited: list[str] = []
    changed: list[str] = []
    built: list[str] = []
    for name, version in distributions.items():
        if _is_pure(site, name, version):
            continue
        wheel = _download(f"{name}=={version}", python, folder)
        if wheel is None:
            built.append(name)
            continue
        for path, digest, data in _compiled(wheel):
            packed = _place(path, place, site)
            if packed.is_file() and _digest(packed.read_bytes()) == digest:
                equal += 1
                continue
            (folder / "file").write_bytes(data)
            reason = _reason(folder / "file", place) if packed.is_file() else ""
            (edited if reason else changed).append(f"{name}: {path}{reason}")
        wheel.unlink()
    return Compared(equal, tuple(edited), tuple(changed), tuple(built))


def _is_pure(site: Path, name: str, version: str) -> bool:
    """Whether a distribution says that it is for any machine, and keeps to it: some wheels are only renamed."""
    (info,) = (
        path
        for path in site.glob(f"*-{version}.dist-info")
        if canonicalize_name(path.name.partition("-")[0]) == canonicalize_name(name)
    )
    if not re.search(r"^Tag: .*-none-any$", (info / "WHEEL").read_text(), re.MULTILINE):
        return False
    with (info / "RECORD").open(newline="") as stream:
        return not any(is_elf(site / row[0]) for row in csv.reader(stream))


def is_elf(path: Path) -> bool:
    """Whether a file begins like an ELF file."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _download(requirement: str, python: Path, folder: Path) -> Path | None:
    """Return the wheel; None where the index has none for this Python."""
    words = ["-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", requirement, "--dest"]
    done = subprocess.run([python, *words, folder], capture_output=True, text=True, check=False)
    if done.returncode and "No matching distribution" not in done.stderr:
        raise RuntimeError(done.stderr)
    return next(folder.glob("*.whl"), None)


def _compiled(wheel: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, digest and content of the wheel's compiled files; the digest is what its ``RECORD`` says."""
    with zipfile.ZipFile(wheel) as archive:
        # setuptools carries other distributions within itself, with a RECORD each
        (record,) = (name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", name))
        rows = {row[0]: row[1] for row in csv.reader(io.StringIO(archive.read(record).decode())) if row}
        for name in archive.namelist():
            with archive.open(name) as stream:
                if stream.read(len(_MAGIC)) != _MAGIC:
                    continue
            yield name, rows[name], archive.read(name)


def _place(path: str, place: Path, site: Path) -> Path:
    """https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-data-directory."""
    match = _DATA.fullmatch(path)
    if match is None:
        return site / path
    return {"scripts": place / "bin", "data": place}.get(match["scheme"], site) / match["rest"]


def _reason(file: Path, place: Path) -> str:
    text = subprocess.run(["readelf", "-dlW", file], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", text)
    if found and not all(entry.startswith("$ORIGIN") for entry in found[1].split(":")):
        return f" (N1: {found[1]})"
    packed = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", text) if (place / "lib" / name).exists()]
    return f" (N3: a program that needs {', '.join(packed)})" if "INTERP" in text and packed else ""


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
