"""What a process that helps with unpacking answers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.archive.index import read_index
from hatch_envpack.extract.frames import Frame, Performer, Task, frames_of, plan
from hatch_envpack.extract.tree import Tree
from hatch_envpack.extract.worker import decode_late, decode_task, encode_task, serve
from tests.extract import packs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FRAMES = st.builds(
    Frame,
    *[st.integers(0, 2**40)] * 4,
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.none() | st.integers(0),
)


@given(
    st.builds(
        Task, st.integers(0), st.none() | st.integers(0), st.none() | _FRAMES, st.integers(0), st.tuples(_FRAMES),
        st.booleans(),
    )
)  # fmt: skip
def test_a_task_is_one_line(task: Task) -> None:
    """It comes out of the line as it went in."""
    line = encode_task(task)
    assert line.index("\n") == len(line) - 1
    assert decode_task(line) == task


def _outcomes(folder: Path, *members: packs.Slice, cuts: Sequence[int]) -> list[dict[str, Any]]:
    pack = packs.indexed(folder / "pack", members, cuts)
    with pack.open("rb") as stream:
        tasks = plan(frames_of(read_index(stream) or ()))
        (folder / "out").mkdir()
        root = os.open(folder / "out", os.O_RDONLY)
        tree = Tree(root, "out")
        lines = [encode_task(task) for task in tasks]
        found = [json.loads(line) for line in serve(lines, Performer(stream.fileno(), tree), tree)]
    os.close(root)
    return found


def test_outcomes(tmp_path: Path) -> None:
    """Each task is told with what it wrote, and with what is to be done when all are: any names, exact times."""
    members = [packs.file("a", b"123"), *(packs.file(str(number)) for number in range(20)), packs.link("l\udce9", "a")]
    found = _outcomes(tmp_path, *members, cuts=range(0, 40_000, 1024))
    assert [each["task"] for each in found] == [0, 1]
    assert [each["ended"] for each in found] == [False, True]
    assert sum(each["files"] for each in found) == 21
    assert sum(each["size"] for each in found) == 23
    (late,) = [decode_late(fields) for each in found for fields in each["late"]]
    assert (late.name, late.target, late.mtime) == (b"l\xe9", b"a", packs.MTIME * 10**9)


def test_a13_a_task_that_fails_is_the_last(tmp_path: Path) -> None:
    """Its outcome is the one line that the user sees."""
    (failed,) = _outcomes(
        tmp_path, packs.file("../a"), *[packs.file(str(n)) for n in range(40)], cuts=range(0, 90_000, 1024)
    )
    assert failed["task"] == 0
    assert "'../a' would be unpacked outside of the folder" in failed["error"]
