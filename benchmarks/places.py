"""Where packs are unpacked: an empty file system each time, since a disk that has just removed a large tree is slow."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHM = Path("/dev/shm")
_IMAGE_SIZE = 12 << 30
"""Bytes; the image is sparse."""


@dataclass(frozen=True, slots=True)
class Places:
    """Makes them."""

    kind: str
    folder: Path

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Yield an empty folder, and remove it and all that was written there."""
        top = Path(mkdtemp(prefix="hatch-envpack-benchmark-", dir=self.folder))
        try:
            if self.kind == "ext4":
                with _mounted(top) as place:
                    yield place
            else:
                yield top
        finally:
            shutil.rmtree(top)


def choose_places(work: Path) -> Places:
    """Return the best that this machine lets us have: ext4 on a loop device, else tmpfs, else a folder on the disk."""
    folder = _SHM if os.access(_SHM, os.W_OK) else work
    places = Places("ext4", folder)
    try:
        with places.fresh():
            return places
    except (OSError, subprocess.CalledProcessError):
        return Places("tmpfs" if folder == _SHM else "disk", folder)


@contextmanager
def _mounted(top: Path) -> Iterator[Path]:
    image, point = top / "image", top / "point"
    point.mkdir()
    with image.open("wb") as stream:
        stream.truncate(_IMAGE_SIZE)
    _quietly("mkfs.ext4", "-q", "-E", "nodiscard,root_owner", image)
    _quietly("mount", "-o", "loop,noinit_itable", image, point)
    try:
        place = point / "place"
        place.mkdir()
        yield place
    finally:
        _quietly("umount", point)


def _quietly(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)
