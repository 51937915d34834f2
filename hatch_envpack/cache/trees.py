"""The unpacked pack in which a proof was given, kept without the project's own files.

When nothing but the project has changed, its new files are put in their places, and they alone are asked about. One
tree is kept for each project; what was done to it in between is seen, and then it is not used.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.cache.lock import held_alone
from hatch_envpack.cache.witness import tree_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path, PurePosixPath

KIND = "trees"
_NOTES = "notes.json"


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of a tree."""

    closure: str
    """A digest of everything that was proven."""
    stamps: str
    """How the tree stood, without the project's own files."""
    findings: list[dict[str, Any]]
    """About everything but the project."""


@dataclass(frozen=True, slots=True)
class ProofTree:
    """The folder of one project's tree, held by this build."""

    folder: Path

    @property
    def root(self) -> Path:
        """Where the pack is unpacked: elsewhere than at its target, and with a space, which scripts stumble over."""
        return self.folder / "an other place"

    def take_notes(self, closure: str) -> Notes | None:
        """Return what was proven here, if it was just this closure; it counts while the tree `stands`.

        The notes are gone then: a build that is killed meanwhile leaves a tree that nobody uses.
        """
        path = self.folder / _NOTES
        with suppress(OSError, ValueError, TypeError):
            known = Notes(**json.loads(path.read_bytes()))
            path.unlink()
            if known.closure == closure:
                return known
        return None

    def stands(self, notes: Notes) -> bool:
        """Whether the tree is as it was when the notes were made."""
        return notes.stamps == tree_digest(str(self.root))

    def empty(self) -> None:
        """Make the folder anew. Raises `OSError`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def proven(self, closure: str, findings: list[dict[str, Any]]) -> Notes:
        """Return notes on what was just proven of the tree as it stands."""
        return Notes(closure, tree_digest(str(self.root)), findings)

    def keep(self, notes: Notes) -> None:
        """Keep the notes for the next build, which looks whether the tree still stands so. Raises `OSError`."""
        write_aside(self.folder / _NOTES, [json.dumps(asdict(notes)).encode("ascii")])

    def put(self, files: Path) -> None:
        """Move what lies below ``files`` into the tree. Raises `OSError`."""
        for path in sorted(files.rglob("*")):
            target = self.root / path.relative_to(files)
            if path.is_dir() and not path.is_symlink():
                target.mkdir(exist_ok=True)
            else:
                shutil.move(path, target)

    def take(self, paths: Sequence[PurePosixPath]) -> None:
        """Remove these files, and the folders that are empty without them. Raises `OSError`."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)
        folders = {parent for path in paths for parent in path.parents if parent.parts}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            with suppress(OSError):  # it is not empty
                (self.root / folder).rmdir()


@contextmanager
def keep_tree(root: Path, key: str) -> Iterator[ProofTree | None]:
    """Take the tree of ``key``, which may be empty; None when another build uses it or the cache refuses it."""
    folder = place(root, KIND, key)
    with held_alone(folder) as free:
        if free:
            touch(folder)
        yield ProofTree(folder) if free else None
