"""Bytecode that is valid in any place, and the same every time."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.bytecode.compile import compile_segments
from hatch_envpack.entry import Entry
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.relocate.chain import Chain
from hatch_envpack.segment.model import Segment
from tests.conftest import find_pyenv

SOURCE = "def f(x):\n    return x in {'a', 'b', 'c', 'd'}, __file__\n"


def _compile(folder: Path, version: str = "3.12", **files: str) -> dict[str, bytes]:
    interpreter = resolve_interpreter(str(find_pyenv(version)), root=folder, uv=None)
    entries = []
    for name, text in files.items():
        path = folder / "source" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        entries.append(Entry(PurePosixPath("lib/pkg", f"{name}.py"), source=path))
    compiled = compile_segments([Segment("s", tuple(entries))], Chain(()), interpreter, folder / "compiled")
    return {str(entry.path): entry.read() for entry in compiled["s"]}


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_b1_b2_header_and_paths(tmp_path: Path, version: str) -> None:
    """The file is where Python looks, is never compared with its source (PEP 552), and holds no build path."""
    tag = f"cpython-{version.replace('.', '')}"
    ((name, data),) = _compile(tmp_path, version, mod=SOURCE).items()
    assert name == f"lib/pkg/__pycache__/mod.{tag}.pyc"
    assert data[4:8] == (1).to_bytes(4, "little")
    assert str(tmp_path).encode() not in data
    assert b"lib/pkg/mod.py" in data


def test_b1_code_names_the_path_in_the_pack(tmp_path: Path) -> None:
    """``co_filename`` is relative; the interpreter puts the real path in its place on import."""
    ((_, data),) = _compile(tmp_path, mod=SOURCE).items()
    place = tmp_path / "place/lib/pkg"
    (place / "__pycache__").mkdir(parents=True)
    (place / "mod.py").write_text(SOURCE)
    (place / "__pycache__/mod.cpython-312.pyc").write_bytes(data)
    done = subprocess.run(
        [find_pyenv("3.12"), "-c", "import mod; print(mod.f.__code__.co_filename, mod.__cached__)"],
        env={"PYTHONPATH": str(place)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [str(place / "mod.py"), str(place / "__pycache__/mod.cpython-312.pyc")]


@pytest.mark.parametrize("version", ["3.9", "3.12"])
def test_b3_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Two runs in different folders, with different hash seeds of the caller, give the same bytes."""
    files = {f"m{number}": SOURCE + f"NAME = 'm{number}'\nINNER = frozenset(('x', 'y', 1))\n" for number in range(20)}
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    first = _compile(tmp_path / "one", version, **files)
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    assert _compile(tmp_path / "another folder", version, **files) == first
    assert len(first) == 20


def test_files_that_are_no_python_are_left(tmp_path: Path) -> None:
    """Templates and code of another version have no bytecode, and stop nothing."""
    compiled = _compile(tmp_path, good="x = 1\n", bad="print 'old'\n", null="x = '\0'\n", template="{{ x }}=\n")
    assert list(compiled) == ["lib/pkg/__pycache__/good.cpython-312.pyc"]


def test_huge_file_is_left(tmp_path: Path) -> None:
    """A file that would fill the memory is not compiled, and stops nothing."""
    compiled = _compile(tmp_path, good="x = 1\n", huge="\n" * (65 << 20))
    assert list(compiled) == ["lib/pkg/__pycache__/good.cpython-312.pyc"]


def test_b2_name_without_room_for_bytecode(tmp_path: Path) -> None:
    """A module whose bytecode's name would be longer than a file system takes is left without, as Python leaves it."""
    compiled = _compile(tmp_path, good="x = 1\n", **{"m" * 252: "x = 1\n"})
    assert list(compiled) == ["lib/pkg/__pycache__/good.cpython-312.pyc"]


def test_compiled_module_is_the_module(tmp_path: Path) -> None:
    """What is loaded from the file computes what the source says."""
    ((_, data),) = _compile(tmp_path, "3.12", mod="ANSWER = 6 * 7\n").items()
    done = subprocess.run(
        [find_pyenv("3.12"), "-c", "import marshal, sys; exec(marshal.loads(sys.stdin.buffer.read())); print(ANSWER)"],
        input=data[16:], capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == b"42\n"
