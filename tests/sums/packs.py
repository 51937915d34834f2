"""Small real packs, what they hold, and the same with any damage, in any format."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import zstandard

import hatch_envpack
from hatch_envpack.formats import FOLDER
from tests.environment.made import install, make_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

FORMATS = ("tar.zst", "tar.gz", "tar", "zip", FOLDER)
_LEFT_OUT = ["lib/**", "include/**", "bin/python*"]


class Part(NamedTuple):
    """A file, link or folder as it lies in a pack."""

    name: str
    kind: bytes
    data: bytes = b""
    """Content or target."""
    executable: bool = False


FILE, LINK, DIRECTORY = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE


def small_pack(folder: Path, name: str, *, root_directory: str = "", copy_links: bool = False) -> Path:
    """Pack an environment without the interpreter's large files: what verifies has no use for them."""
    site = make_environment(folder / "env")
    install(site, "tool", {"tool.py": "X = 1\n", "tool data/größe.txt": "data\n" * 300})
    done = hatch_envpack.pack(
        folder / "env", folder / f"pack.{name}", format=name, name="tool", exclude=_LEFT_OUT,
        include=["**/site-packages/**"], verify=False, bytecode=False, root_directory=root_directory,
        copy_links=copy_links,
    )  # fmt: skip
    return done.path


def parts_of(pack: Path) -> list[Part]:
    """Return what a tar archive holds, as Python's `tarfile` reads it."""
    found = []
    with tarfile.open(pack) as archive:
        for each in archive:
            content = archive.extractfile(each) if each.isreg() else None
            data = content.read() if content else each.linkname.encode()
            found.append(Part(each.name, each.type, data, bool(each.mode & stat.S_IXUSR)))
    return found


def changed(parts: Sequence[Part], name: str, change: Callable[[Part], Part | None]) -> list[Part]:
    """Return the parts with one of them changed, or left out."""
    assert name in {part.name for part in parts}
    made = [change(part) if part.name == name else part for part in parts]
    return [part for part in made if part is not None]


def write(parts: Sequence[Part], path: Path, name: str) -> Path:
    """Write a pack of these parts in a format, by other programs' means than ours."""
    if name == FOLDER:
        path.mkdir()
        _write_folder(parts, path)
    elif name == "zip":
        _write_zip(parts, path)
    else:
        stream = io.BytesIO()
        _write_tar(parts, stream, "w:gz" if name == "tar.gz" else "w")
        data = stream.getvalue()
        path.write_bytes(zstandard.compress(data) if name == "tar.zst" else data)
    return path


def _write_tar(parts: Sequence[Part], stream: io.BytesIO, mode: str) -> None:
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for part in parts:
            info = tarfile.TarInfo(part.name)
            info.type = part.kind
            info.mode = 0o755 if part.executable else 0o644
            if part.kind == FILE:
                info.size = len(part.data)
            elif part.kind != DIRECTORY:
                info.linkname = part.data.decode()
            archive.addfile(info, io.BytesIO(part.data))


def _write_zip(parts: Sequence[Part], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part in parts:
            info = zipfile.ZipInfo(f"{part.name}/" if part.kind == DIRECTORY else part.name)
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED
            kind = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, DIRECTORY: stat.S_IFDIR}[part.kind]
            info.external_attr = (kind | (0o755 if part.executable else 0o644)) << 16
            archive.writestr(info, part.data)


def _write_folder(parts: Sequence[Part], root: Path) -> None:
    for part in parts:
        path = root / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.kind == LINK:
            path.symlink_to(part.data.decode())
        elif part.kind == DIRECTORY:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(part.data)
            path.chmod(0o755 if part.executable else 0o644)
