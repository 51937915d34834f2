"""The proof, which is not given twice for the same.

All of a pack is remembered under the digests of its frames. When the project alone has changed, the rest is still
proven: the project's new files are put into the tree that was unpacked then, and they alone are asked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import realpath
from typing import TYPE_CHECKING

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
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from hatch_envpack.archive.segments import PackedSegment
    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.pipeline.job import Subject
    from hatch_envpack.pipeline.made import Made
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.prove.ask import Question
    from hatch_envpack.settings import Settings


def proven(
    draft: Made,
    own_files: Sequence[PurePosixPath],
    subject: Subject,
    plan: LibraryPlan,
    site_packages: PurePosixPath,
    settings: Settings,
    now: Session,
) -> list[Finding]:
    """Prove the pack, and return what was found. Raises `VerificationError`.

    The draft's manifest has not the findings of the proof yet: what is proven is the pack without them. ``own_files``
    are those of the project's own distribution.
    """
    asked = question(subject.distributions, site_packages, canonicalize_name(subject.name))
    prover = _Prover(draft, subject, plan, asked, tuple(own_files), now)
    key = prover.key(draft.segments, asked)
    known = now.cache.read(PROOFS, key) if settings.verify is True else None
    if known is not None:
        return [Finding(**finding) for finding in known["findings"]]
    now.report.stage("Unpacking and proving the pack")
    with keep_tree(now.cache.root, key_of(str(subject.root), str(subject.interpreter.executable))) as tree:
        if tree is None or not own_files or now.root_directory:
            found = prover.whole(ProofTree(now.work / "proof"))
        else:
            found = prover.with_tree(tree, always=settings.verify == "always")
    now.cache.write(PROOFS, key, {"findings": [finding.to_dict() for finding in found]})
    return found


@dataclass(frozen=True, slots=True)
class _Prover:
    draft: Made
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

    def whole(self, tree: ProofTree) -> list[Finding]:
        """Unpack everything, and ask about everything."""
        tree.empty()
        tree.root.mkdir()
        write(self.draft, self.now)
        unpack_into(self.now.partial.path, tree.root, progress=self.now.report.progress)
        return self._ask(tree, self.asked)

    def with_tree(self, tree: ProofTree, *, always: bool) -> list[Finding]:
        """Ask about what the kept tree does not prove already, and leave one for the next build."""
        own, others = self.asked.split()
        segments = [each for each in self.draft.segments if each.name != self._own_name]
        closure = self.key(segments, others)
        known = None if always else tree.known(closure)
        if known is None:
            found = self.whole(tree)
            tree.take(self.own_files)
            known = tree.proven(closure, [each.to_dict() for each in found if not self._is_own(each, own)])
        else:
            self._unpack_own(tree)
            found = [*(Finding(**finding) for finding in known.findings), *self._ask(tree, own)]
            tree.take(self.own_files)
        tree.keep(known)
        return found

    @property
    def _own_name(self) -> str:
        return f"distribution:{canonicalize_name(self.subject.name)}"

    def _is_own(self, finding: Finding, own: Question) -> bool:
        return finding.path in (*own.modules, *(f"bin/{point.name}" for point in own.entry_points))

    def _unpack_own(self, tree: ProofTree) -> None:
        groups = [(each.name, each.frames) for each in self.draft.segments if each.name == self._own_name]
        # not in the place of the pack: the next one is written over what lies there
        pack, files = self.now.work / "own.envpack", self.now.work / "own"
        with pack.open("w+b") as stream:
            write_archive(groups, self.now.container, self.now.cache.frames, stream)
        files.mkdir()
        unpack_into(pack, files)
        tree.put(files)

    def _ask(self, tree: ProofTree, asked: Question) -> list[Finding]:
        nowhere = self.now.work / "nowhere"
        nowhere.mkdir()
        original = self.subject.original
        plan, program = self.plan, self.subject.interpreter.program
        place, expected = tree.root / self.now.root_directory, self.subject.elsewhere
        if expected and (other := stand_in(place, expected)):
            self.now.report.info(f"there is no {expected.program} of this version here: proven with {other} instead")
        return prove(place, program, asked, plan.allows, plan.needs, original, nowhere, python=expected is None)
