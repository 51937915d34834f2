"""The proof, which is not given twice for the same.

All of a pack is remembered under the digests of its frames. When the project alone has changed, the rest is still
proven: the project's new files are put into the tree that was unpacked then, and they alone are asked about. That goes
on beside the writing of the pack.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from os.path import realpath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_envpack.archive.writer import write_archive
from hatch_envpack.cache.cache import PROOFS
from hatch_envpack.cache.records import key_of
from hatch_envpack.cache.trees import ProofTree, keep_tree
from hatch_envpack.cache.witness import stamp_digest
from hatch_envpack.extract.engine import unpack_into
from hatch_envpack.finding import Finding
from hatch_envpack.libraries.host import search_folders
from hatch_envpack.pipeline.place import write
from hatch_envpack.prove.proof import prove, question
from hatch_envpack.prove.stand_in import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    from hatch_envpack.archive.segments import PackedSegment
    from hatch_envpack.cache.trees import Notes
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.pipeline.job import Subject
    from hatch_envpack.pipeline.made import Made
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.prove.ask import Question
    from hatch_envpack.settings import Settings


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of a pack: what of it needs no pack is under way while that is described and written."""

    expected: tuple[Finding, ...]
    """What is known to be found in all that has not changed: most likely that is all."""
    give: Callable[[Made], tuple[Finding, ...]]
    """Prove the pack, and return what was found; its manifest has the expected findings. Raises `VerificationError`."""


UNPROVEN = Proof((), lambda _: ())
"""Of a pack that is not to be proven."""


def proof_tree(subject: Subject, settings: Settings, now: Session) -> AbstractContextManager[ProofTree | None]:
    """Take the tree in which the last pack of this project was proven; None where there is none to be had."""
    if not settings.verify or now.root_directory:
        return nullcontext()
    whose = key_of(str(subject.root), str(subject.interpreter.executable))
    return keep_tree(now.cache.root, whose, look=settings.verify is True)


@contextmanager
def proof(
    tree: ProofTree | None,
    segments: Sequence[PackedSegment],
    own_files: Sequence[PurePosixPath],
    subject: Subject,
    plan: LibraryPlan,
    site_packages: PurePosixPath,
    settings: Settings,
    now: Session,
) -> Iterator[Proof]:
    """Begin the proof of a pack with these segments, in the `proof_tree` if there is one.

    ``own_files`` are those of the project's own distribution.
    """
    asked = question(subject.distributions, site_packages, canonicalize_name(subject.name))
    prover = _Prover(tuple(segments), subject, plan, asked, tuple(own_files), now)
    key = prover.key(segments, asked)
    known = now.cache.read(PROOFS, key) if settings.verify is True else None
    if known is not None:
        found = _findings(known["findings"])
        yield Proof(found, lambda _: found)
        return
    now.report.stage("Unpacking and proving the pack")
    with ThreadPoolExecutor(1) as side:
        if tree is None or not own_files:
            begun = Proof((), partial(prover.whole, ProofTree(now.work / "proof")))
        else:
            begun = prover.in_tree(tree, side, always=settings.verify == "always")

        def give(made: Made) -> tuple[Finding, ...]:
            found = begun.give(made)
            now.cache.write(PROOFS, key, {"findings": [finding.to_dict() for finding in found]})
            return found

        yield Proof(begun.expected, give)


def _findings(documents: Iterable[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(**document) for document in documents)


@dataclass(frozen=True, slots=True)
class _Prover:
    segments: tuple[PackedSegment, ...]
    subject: Subject
    plan: LibraryPlan
    asked: Question
    own_files: tuple[PurePosixPath, ...]
    now: Session

    def key(self, segments: Sequence[PackedSegment], asked: Question) -> str:
        host = stamp_digest(["/etc/ld.so.cache", *search_folders()])
        digests = [[each.name, *(frame.digest for frame in each.frames)] for each in segments]
        return key_of(self.now.program, self.now.plugins, host, self._outside, asked.words, digests)

    @property
    def _outside(self) -> list[str]:
        """How the interpreter stands that is not among the segments."""
        expected = self.subject.elsewhere
        if expected is None:
            return []
        return [self.now.known.signature, stamp_digest([expected.program, realpath(expected.program)])]

    def whole(self, tree: ProofTree, made: Made) -> tuple[Finding, ...]:
        """Unpack everything, and ask about everything."""
        tree.empty()
        tree.root.mkdir()
        write(made, self.now)
        unpack_into(self.now.partial.path, tree.root, progress=self.now.report.progress)
        return self._ask(tree, self.asked)

    def in_tree(self, tree: ProofTree, side: Executor, *, always: bool) -> Proof:
        """Ask about what the kept tree does not prove already, and leave one for the next build."""
        own, others = self.asked.split()
        closure = self.key([each for each in self.segments if each.name != self._own_name], others)
        notes = None if always else tree.take_notes(closure)
        # not in the thread: reading and writing small files there, it would wait for its turn at every one
        ready = notes is not None and self._is_ready(tree, notes)
        begun = side.submit(self._ask, tree, own) if ready else None

        def give(made: Made) -> tuple[Finding, ...]:
            if begun is not None and notes is not None:
                found, known = (*_findings(notes.findings), *begun.result()), notes
                tree.take(self.own_files)
            else:
                found = self.whole(tree, made)
                tree.take(self.own_files)
                known = tree.proven(closure, [each.to_dict() for each in found if not self._is_own(each, own)])
            tree.keep(known)
            return found

        return Proof(_findings(notes.findings) if notes is not None else (), give)

    def _is_ready(self, tree: ProofTree, notes: Notes) -> bool:
        """Put the project's files into the tree; false where the tree is not what it was."""
        if not tree.stands(notes):
            return False
        self._unpack_own(tree)
        return True

    @property
    def _own_name(self) -> str:
        return f"distribution:{canonicalize_name(self.subject.name)}"

    def _is_own(self, finding: Finding, own: Question) -> bool:
        return finding.path in (*own.modules, *(f"bin/{point.name}" for point in own.entry_points))

    def _unpack_own(self, tree: ProofTree) -> None:
        groups = [(each.name, each.frames) for each in self.segments if each.name == self._own_name]
        # not in the place of the pack: the next one is written over what lies there
        pack, files = self.now.work / "own.envpack", self.now.work / "own"
        with pack.open("w+b") as stream:
            write_archive(groups, self.now.container, self.now.cache.frames, stream)
        files.mkdir()
        unpack_into(pack, files)
        tree.put(files)

    def _ask(self, tree: ProofTree, asked: Question) -> tuple[Finding, ...]:
        nowhere = self.now.work / "nowhere"
        nowhere.mkdir()
        original = self.subject.original
        plan, program = self.plan, self.subject.interpreter.program
        place, expected = tree.root / self.now.root_directory, self.subject.elsewhere
        if expected and (other := stand_in(place, expected)):
            self.now.report.info(f"there is no {expected.program} of this version here: proven with {other} instead")
        return tuple(prove(place, program, asked, plan.allows, plan.needs, original, nowhere, python=expected is None))
