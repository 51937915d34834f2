"""A process that does tasks: each is a line of JSON on standard input, its outcome one on standard output.

It is started anew, not forked: the caller may have threads, such as one that draws a progress bar. It ends when its
standard input does, which is also when its caller is gone.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.frames import Frame, Performer, Task
from hatch_envpack.extract.tree import Late, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def encode_task(task: Task) -> str:
    """Return the line that `serve` reads."""
    return json.dumps(task) + "\n"


def decode_task(line: str) -> Task:
    """Return what `encode_task` was given."""
    number, after, head, before, frames, cut = json.loads(line)
    return Task(number, after, head and Frame(*head), before, tuple(Frame(*frame) for frame in frames), cut)


def decode_late(fields: list[str]) -> Late:
    """Return what an outcome has under ``late``."""
    kind, name, mtime, target = fields
    return Late(kind.encode(), os.fsencode(name), int(mtime), os.fsencode(target))


def serve(lines: Iterable[str], performer: Performer, tree: Tree) -> Iterator[str]:
    """Yield the outcome of each task; end after one that fails."""
    for line in lines:
        files, size = tree.files, tree.size
        task = decode_task(line)
        try:
            ended = performer.perform(task)
        except ArchiveError as error:
            yield json.dumps({"task": task.number, "error": str(error)}) + "\n"
            return
        late = [
            (each.kind.decode(), os.fsdecode(each.name), each.mtime, os.fsdecode(each.target)) for each in tree.late
        ]
        tree.late.clear()
        outcome = {
            "task": task.number,
            "ended": ended,
            "files": tree.files - files,
            "size": tree.size - size,
            "late": late,
        }
        yield json.dumps(outcome) + "\n"


def main() -> None:
    """Run as a program; its arguments are the descriptors of pack and folder, and the folder's name."""
    pack, root, place = sys.argv[-3:]
    tree = Tree(int(root), place)
    for outcome in serve(sys.stdin, Performer(int(pack), tree), tree):
        sys.stdout.write(outcome)
        sys.stdout.flush()
