"""The proof, which is not given twice for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_envpack.cache.cache import PROOFS
from hatch_envpack.cache.records import key_of
from hatch_envpack.cache.witness import stamp_digest
from hatch_envpack.finding import Finding
from hatch_envpack.libraries.host import search_folders
from hatch_envpack.pipeline.place import write
from hatch_envpack.verify.proof import prove, question

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.libraries.plan import LibraryPlan
    from hatch_envpack.pipeline.job import Subject
    from hatch_envpack.pipeline.made import Made
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.settings import Settings


def proven(
    draft: Made, subject: Subject, plan: LibraryPlan, site_packages: PurePosixPath, settings: Settings, now: Session
) -> list[Finding]:
    """Prove the pack, and return what was found. Raises `VerificationError`.

    The draft's manifest has not the findings of the proof yet: what is proven is the pack without them.
    """
    asked = question(subject.distributions, site_packages, canonicalize_name(subject.name))
    words = [list(asked.modules), repr(asked.entry_points), sorted(asked.own)]
    host = stamp_digest(["/etc/ld.so.cache", *search_folders()])
    digests = [[each.name, *(frame.digest for frame in each.frames)] for each in draft.segments]
    key = key_of(now.program, now.plugins, host, words, digests)
    known = now.cache.read(PROOFS, key) if settings.verify is True else None
    if known is not None:
        return [Finding(**finding) for finding in known["findings"]]
    write(draft, now)
    now.report.stage("Unpacking and proving the pack")
    original = subject.environments[0].root / "bin" / "python"
    found = prove(
        now.partial.path, subject.interpreter.program, asked, plan.allows, plan.needs, original, now.work / "proof"
    )
    now.cache.write(PROOFS, key, {"findings": [finding.to_dict() for finding in found]})
    return found
