"""The unpacked pack in which a proof was given, kept without the project's own files.

When nothing but the project has changed, its new files are put in their places, and they alone are asked about. One
tree is kept for each project; what was done to it in between is seen, and then it is not used.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_envpack.cache import witness
from hatch_envpack.cache.files import place, touch, write_aside
from hatch_envpack.cache.lock import held_alone
from hatch_envpack.cache.witness import tree_digest
from hatch_envpack.process import child_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
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
    digest: Callable[[], str] | None = None
    """Gives how the tree stood when it was taken, where somebody looks at that."""

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
        """Whether the tree was as when the notes were made when it was taken; nobody else writes into it since."""
        return notes.stamps == (tree_digest(str(self.root)) if self.digest is None else self.digest())

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
def keep_tree(root: Path, key: str, *, look: bool = False) -> Iterator[ProofTree | None]:
    """Take the tree of ``key``, which may be empty; None when another build uses it or the cache refuses it.

    With ``look`` it is looked at how the tree stands, beside what the caller does.
    """
    folder = place(root, KIND, key)
    with held_alone(folder) as free, ExitStack() as stack:
        if not free:
            yield None
            return
        touch(folder)
        tree = ProofTree(folder)
        if look and (folder / _NOTES).exists():
            tree = replace(tree, digest=stack.enter_context(_looked_at(tree.root)))
        yield tree


@contextmanager
def _looked_at(folder: Path) -> Iterator[Callable[[], str]]:
    """Let a process of its own look at the tree, since a thread would take turns with all others; give what it finds.

    Without an answer, as where there is no Python program to run, this process looks itself.
    """
    words = [sys.executable, "-I", "-S", witness.__file__, str(folder)]
    try:
        looking = subprocess.Popen(  # noqa: S603 - the command is made here, never by a shell
            words,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        yield lambda: tree_digest(str(folder))
        return

    def digest() -> str:
        found, _ = looking.communicate()
        return found if looking.returncode == 0 else tree_digest(str(folder))

    with looking:
        try:
            yield digest
        finally:
            looking.kill()  # nobody may have asked
