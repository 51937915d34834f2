"""Compiling the modules of a pack with its own interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.errors import InterpreterError
from hatch_envpack.process import child_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.segment.model import Segment

_BATCH = 150
"""Modules in one process: its start (20 ms) is small beside them, and two cores find enough batches to share."""

_LONGEST_NAME = 255
"""Bytes, on every file system of Linux: such a module Python itself does not cache either."""

_WORKER = Path(__file__).with_name("worker.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Job:
    source: Path
    module: PurePosixPath
    bytecode: PurePosixPath
    output: Path


def compile_segments(
    segments: Sequence[Segment], chain: Chain, interpreter: Interpreter, folder: Path
) -> dict[str, tuple[Entry, ...]]:
    """Return the bytecode entries of each segment, by the segment's name.

    ``folder`` takes the compiled files, and the changed sources where a fixer changed one. Raises `InterpreterError`
    when the interpreter cannot run the compiler.
    """
    jobs = {segment.name: list(_jobs(segment, chain, interpreter, folder)) for segment in segments}
    batches = [
        segment_jobs[start : start + _BATCH]
        for segment_jobs in jobs.values()
        for start in range(0, len(segment_jobs), _BATCH)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(_run, batch, interpreter) for batch in batches]:
            done.result()
    return {
        name: tuple(Entry(job.bytecode, source=job.output) for job in segment_jobs if job.output.is_file())
        for name, segment_jobs in jobs.items()
    }


def _jobs(segment: Segment, chain: Chain, interpreter: Interpreter, folder: Path) -> Iterator[_Job]:
    for entry in segment.entries:
        if entry.path.suffix != ".py" or entry.path.parts[0] != "lib" or entry.link is not None:
            continue
        bytecode = entry.path.parent / "__pycache__" / f"{entry.path.stem}.{interpreter.cache_tag}.pyc"
        if len(os.fsencode(bytecode.name)) > _LONGEST_NAME:
            continue
        source = entry.source
        changed = chain.fixed(entry)
        if source is None or changed is not None:
            source = folder / "sources" / entry.path
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_bytes(changed if changed is not None else entry.read())
        yield _Job(source, entry.path, bytecode, folder / "bytecode" / bytecode)


def _run(batch: Sequence[_Job], interpreter: Interpreter) -> None:
    words = [[os.fspath(job.source), str(job.module), os.fspath(job.output)] for job in batch]
    done = subprocess.run(  # noqa: S603 - a program and a script of known paths
        [interpreter.executable, "-S", "-s", "-c", _WORKER],
        # before 3.11 the order of a frozenset constant follows the hash seed
        env=child_environment({"PYTHONHASHSEED": "0"}),
        input=json.dumps(words).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise InterpreterError(
            f"{interpreter.executable} cannot compile bytecode (option `bytecode`); it says:",
            detail=done.stderr.decode(errors="replace"),
        )
