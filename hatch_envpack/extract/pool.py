"""Sharing the tasks of a pack out between processes."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import zstandard

import hatch_envpack
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.worker import decode_late, encode_task

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from hatch_envpack.extract.frames import Task
    from hatch_envpack.extract.tree import Tree

_AHEAD = 2
"""Tasks that each process has at hand, so that it does not wait for the next one."""

_LARGE = 8 << 20

_PROGRAM = "import sys; sys.path += sys.argv[1:3]; from hatch_envpack.extract.worker import main; main()"


class _Worker:
    def __init__(self, pack: int, tree: Tree, held: Sequence[int]) -> None:
        packages = [str(Path(str(module.__file__)).parent.parent) for module in (hatch_envpack, zstandard)]
        # neither the environment nor what lies in site-packages slows its start
        command = [sys.executable, "-I", "-S", "-c", _PROGRAM, *packages, str(pack), str(tree.root), tree.place]
        try:
            self.process = subprocess.Popen(  # noqa: S603 - this very program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(pack, tree.root, *held),
                start_new_session=True,  # Ctrl-C is for the one process that cleans up
                bufsize=0,
            )
        except OSError as error:
            raise ArchiveError(f"{sys.executable} cannot be run: {error.strerror}") from error
        self._input, self.output = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        self.waiting = 0
        self._text = b""

    def give(self, task: Task) -> None:
        """Send a task; that the process is gone is noticed where its answer is read."""
        self.waiting += 1
        with contextlib.suppress(BrokenPipeError):
            self._input.write(encode_task(task).encode())

    def outcomes(self) -> list[dict[str, Any]]:
        """Return what came meanwhile. Raises `ArchiveError` for a task that failed, or a process that is gone."""
        data = os.read(self.output.fileno(), 1 << 20)
        if not data:
            code = self.process.wait()
            raise ArchiveError(f"the pack cannot be unpacked: a process ended with {code}: is there enough memory?")
        *lines, self._text = (self._text + data).split(b"\n")
        outcomes = [json.loads(line) for line in lines]
        for outcome in outcomes:
            if "error" in outcome:
                raise ArchiveError(outcome["error"])
        self.waiting -= len(outcomes)
        return outcomes


def perform_all(
    tasks: Sequence[Task], pack: int, tree: Tree, jobs: int, held: Sequence[int]
) -> Generator[int, None, None]:
    """Do all tasks in ``jobs`` processes; yield the size of each that is done.

    ``pack`` is the pack's descriptor. The processes inherit the descriptors ``held``, with the locks on them, and are
    gone when the generator is closed. Raises `ArchiveError`.
    """
    # the first has the folders; large ones early, so that no process is left with one at the end
    ready = deque(
        sorted(
            (task for task in tasks if task.after is None), key=lambda task: (task.number > 0, -(task.size // _LARGE))
        )
    )
    later: dict[int, list[Task]] = {}
    for task in tasks:
        if task.after is not None:
            later.setdefault(task.after, []).append(task)
    with _workers(jobs, pack, tree, held) as workers, selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.output, selectors.EVENT_READ, worker)
        _share_out(ready, workers)
        while any(worker.waiting for worker in workers):
            for key, _ in selector.select():
                for outcome in key.data.outcomes():
                    task = tasks[outcome["task"]]
                    if outcome["ended"] != (task is tasks[-1]):
                        raise ArchiveError("the pack is damaged: its end is not where it should be")
                    tree.files += outcome["files"]
                    tree.size += outcome["size"]
                    tree.late += map(decode_late, outcome["late"])
                    # large files first, they take longest
                    ready.extendleft(reversed(later.pop(task.number, [])))
                    yield task.size
            _share_out(ready, workers)


def _share_out(ready: deque[Task], workers: Sequence[_Worker]) -> None:
    for _ in range(_AHEAD):
        for worker in workers:
            if ready and worker.waiting < _AHEAD:
                worker.give(ready.popleft())


@contextlib.contextmanager
def _workers(jobs: int, pack: int, tree: Tree, held: Sequence[int]) -> Iterator[list[_Worker]]:
    """Start processes; at the end, however it comes, none of them is left."""
    workers: list[_Worker] = []
    try:
        workers.extend(_Worker(pack, tree, held) for _ in range(jobs))
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            with worker.process:
                pass
