"""A pack that was made before, from the same: its frames are laid end to end again, and nothing else is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from hatch_envpack.cache.cache import PLANS
from hatch_envpack.cache.records import key_of
from hatch_envpack.cache.witness import stamp_digest, tree_paths, with_folders
from hatch_envpack.libraries.host import search_folders
from hatch_envpack.pipeline.made import Made

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hatch_envpack.environment.model import Environment
    from hatch_envpack.pipeline.job import Export, Job
    from hatch_envpack.pipeline.session import Session


def plan_key(job: Job | Export, now: Session, root: Path, subject: Sequence[str]) -> str:
    """Return the key of all that a pack depends on, but for the files of the environment in ``root``.

    ``subject`` is what else it is made of.
    """
    host = stamp_digest(["/etc/ld.so.cache", *search_folders()])
    settings = sorted(asdict(job.settings).items())
    fixed = [now.program, now.plugins, now.container.fingerprint, now.known.signature, host]
    return key_of(fixed, repr(settings), list(subject), str(root))


def environment_paths(environments: Iterable[Environment]) -> list[str]:
    """Return every file and folder of the environments, but for what distributions have elsewhere."""
    return [path for environment in environments for folder in environment.folders for path in tree_paths(folder)]


def remember(key: str, made: Made, paths: Sequence[str], stamps: str, others: Iterable[str], now: Session) -> None:
    """Keep a pack's plan.

    ``paths`` and ``stamps`` tell how the environments stood before they were read; ``others`` are files outside of
    them, and of the interpreter, which a pack was made from too.
    """
    outside = with_folders(set(others) - set(paths))
    document = {
        "paths": paths,
        "stamps": stamps,
        "outside": outside,
        "outside_stamps": stamp_digest(outside),
        "made": made.to_dict(),
    }
    now.cache.write(PLANS, key, document)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a pack was made."""

    made: Made
    _witnesses: tuple[tuple[tuple[str, ...], str], ...]

    def stands(self) -> bool:
        """Whether everything that it was made from is as it was."""
        return all(stamp_digest(paths) == stamps for paths, stamps in self._witnesses)


def recall(key: str, now: Session) -> Plan | None:
    """Return the plan that was kept, if all its frames are there."""
    known = now.cache.read(PLANS, key)
    if known is None:
        return None
    made = Made.from_dict(known["made"])
    if now.cache.frames.lacking(frame for _, frames in made.groups for frame in frames):
        return None
    witnesses = [("paths", "stamps"), ("outside", "outside_stamps")]
    return Plan(made, tuple((tuple(known[paths]), known[stamps]) for paths, stamps in witnesses))
