"""The frames of all segments: those that are in the cache from there, the others made now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hatch_envpack.archive.segments import Packable, PackedSegment, pack_segments
from hatch_envpack.bytecode.compile import compile_segments
from hatch_envpack.cache.cache import SEGMENTS
from hatch_envpack.cache.recipe import by_record, by_stamp, pack_key, place_key, segment_key, unchanged_since
from hatch_envpack.cache.records import key_of
from hatch_envpack.errors import ArchiveError
from hatch_envpack.interpreter.model import is_shared
from hatch_envpack.relocate.leaks import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hatch_envpack.cache.environments import Kept
    from hatch_envpack.cache.recipe import Identity
    from hatch_envpack.entry import Entry
    from hatch_envpack.pipeline.session import Session
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.relocate.fixer import Context
    from hatch_envpack.segment.model import Segment


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the files of the segments come from."""

    roots: tuple[Path, ...]
    """Folders whose paths must not be left in the pack."""
    kept: Kept | None
    """The environment, where this program had it installed."""
    bytecode: bool
    """Whether modules are compiled."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What came of it."""

    segments: tuple[PackedSegment, ...]
    reused: frozenset[str]
    """The names of those that came from the cache."""


def pack_frames(segments: Sequence[Segment], chain: Chain, context: Context, sources: Sources, now: Session) -> Packed:
    """Return all segments, packed, in their order. Raises `ArchiveError`, `RelocationError`, `InterpreterError`."""
    roots = [str(root) for root in sources.roots if not is_shared(str(root))]
    leaks = [*context.layout.build_paths, *roots]
    common = pack_key(context, now.program, now.plugins)
    keys = {}
    for each in segments:
        place = place_key(each, context, leaks, foreign=sources.kept is None)
        identity = _identity(each, sources, now)
        keys[each.name] = key_of(segment_key(each, identity, chain, context, common), place)
    frame_keys = {name: key_of(key, now.container.fingerprint, sources.bytecode) for name, key in keys.items()}
    known = _known(frame_keys, now)
    missing = [segment for segment in segments if segment.name not in known]
    bytecode = _bytecode(missing, keys, chain, context, now) if sources.bytecode else {}
    if missing:
        now.report.stage("Packing")
    entries = [entry for segment in missing for entry in segment.entries]
    # a module's bytecode is about as large as the module
    modules = [entry for entry in entries if entry.path.suffix == ".py"] if sources.bytecode else []
    total = sum(entry.expected_size for entry in (*entries, *modules))
    done = 0

    def progress(size: int) -> None:
        nonlocal done
        done += size
        now.report.progress(min(done, total), total)

    waiting = [Packable(each, bytecode.get(each.name, tuple), LeakScanner([*leaks, str(now.work)])) for each in missing]
    fresh = {}
    made = pack_segments(
        waiting, chain, context.site_packages, now.container, now.cache.frames, progress, workers=now.jobs
    )
    for packed in made:
        fresh[packed.name] = packed
        # the folder of this build is another one the next time
        if not any(str(now.work) in finding.what for finding in packed.findings):
            now.cache.write(SEGMENTS, frame_keys[packed.name], packed.to_dict())
    return Packed(tuple({**known, **fresh}[each.name] for each in segments), frozenset(known))


def _identity(segment: Segment, sources: Sources, now: Session) -> Identity:
    if segment.name == "interpreter":
        return now.known.identity
    if sources.kept is None:
        return by_stamp
    return by_record(unchanged_since(sources.kept.stamps))


def _known(keys: Mapping[str, str], now: Session) -> dict[str, PackedSegment]:
    documents = {name: now.cache.read(SEGMENTS, key) for name, key in keys.items()}
    found = {name: PackedSegment.from_dict(document) for name, document in documents.items() if document is not None}
    lacking = now.cache.frames.lacking(frame for packed in found.values() for frame in packed.frames)
    return {
        name: packed for name, packed in found.items() if lacking.isdisjoint(frame.digest for frame in packed.frames)
    }


def _bytecode(
    segments: Sequence[Segment], keys: Mapping[str, str], chain: Chain, context: Context, now: Session
) -> dict[str, Callable[[], tuple[Entry, ...]]]:
    missing = [segment for segment in segments if not now.cache.has_bytecode(keys[segment.name])]
    compiled: dict[str, tuple[Entry, ...]] = {}
    if missing:
        now.report.stage("Compiling bytecode")
        compiled = compile_segments(missing, chain, context.interpreter, now.work / "compiled")
        for segment in missing:
            now.cache.write_bytecode(keys[segment.name], compiled[segment.name])

    def entries(name: str) -> tuple[Entry, ...]:
        found = compiled[name] if name in compiled else now.cache.read_bytecode(keys[name])
        if found is None:
            raise ArchiveError("the cache was emptied while the pack was made: build again")
        return found

    return {segment.name: partial(entries, segment.name) for segment in segments}
