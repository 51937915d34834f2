"""Environments that are kept between builds: an installer that finds its work done is quick.

Nobody else writes into them, and only one build at a time uses one. Before it is touched its notes are taken away, so
that what a killed build left is never taken for whole.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.cache.lock import held_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hatch_envpack.entry import Stamp

KIND = "environments"
_NOTES = "stamps.json"


class Change(Enum):
    """In what a wheel differs from an earlier one."""

    NOTHING = auto()
    FILES = auto()
    """It requires what the other did."""
    METADATA = auto()


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder for one project's environment, held by this build."""

    folder: Path
    stamps: Mapping[str, list[int]] | None
    """How each file stood after the last build, by archive path; None when the folder is empty."""

    @property
    def root(self) -> Path:
        """Where the environment lies."""
        return self.folder / "environment"

    @property
    def is_new(self) -> bool:
        """Whether there is no environment in it yet."""
        return self.stamps is None

    def last_wheel(self) -> Path | None:
        """Return the project's wheel that is installed; None where there is none."""
        wheels = [] if self.is_new else list(self._wheels.glob("*.whl"))
        return wheels[0] if len(wheels) == 1 else None

    def compare(self, built: Path) -> Change:
        """Return in what a wheel differs from the one that is installed."""
        kept = self._wheels / built.name
        before, after = _contents(kept), _contents(built)
        if before is None or after is None:
            return Change.METADATA
        if before == after:
            return Change.NOTHING
        return Change.FILES if _metadata(before) == _metadata(after) != [] else Change.METADATA

    def wheel(self, built: Path) -> Path:
        """Take over the project's wheel; an unchanged one keeps its old file, so that nothing is installed again.

        Raises `OSError`.
        """
        kept = self._wheels / built.name
        if kept.is_file() and self.compare(built) is Change.NOTHING:
            return kept
        shutil.rmtree(self._wheels, ignore_errors=True)
        self._wheels.mkdir(parents=True)
        shutil.copyfile(built, kept)
        return kept

    @property
    def _wheels(self) -> Path:
        return self.folder / "wheel"

    def note(self, stamps: Mapping[str, Stamp]) -> None:
        """Note how the files stand, and with it that the environment is whole. Raises `OSError`."""
        write_aside(self.folder / _NOTES, [json.dumps(stamps).encode("ascii")])

    def still_stands(self) -> None:
        """Note that nothing has changed. Raises `OSError`."""
        if self.stamps is not None:
            write_aside(self.folder / _NOTES, [json.dumps(self.stamps).encode("ascii")])


@contextmanager
def keep_environment(root: Path, key: str, *, afresh: bool) -> Iterator[Kept | None]:
    """Take the kept environment of ``key``, or an empty folder for it; ``afresh``: the latter always.

    Gives None when another build uses it or the cache cannot be written to.
    """
    folder = place(root, KIND, key)
    with held_alone(folder) as free:
        if not free:
            yield None
            return
        stamps = None if afresh else _take_notes(folder)
        if stamps is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
        touch(folder)
        yield Kept(folder, stamps)


def _take_notes(folder: Path) -> dict[str, list[int]] | None:
    notes = folder / _NOTES
    stamps: dict[str, list[int]] | None = None
    with suppress(OSError, ValueError):
        stamps = dict(json.loads(notes.read_bytes()))
        notes.unlink()
    return stamps


def _contents(wheel: Path) -> list[tuple[str, int, int, int]] | None:
    """Return what is in a wheel, without the times at which that was written."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile):
        return None
    return sorted((member.filename, member.CRC, member.file_size, member.external_attr) for member in members)


def _metadata(contents: list[tuple[str, int, int, int]]) -> list[tuple[str, int, int, int]]:
    """Return what a wheel holds of the files that say what it requires."""
    return [each for each in contents if each[0].endswith(".dist-info/METADATA")]
