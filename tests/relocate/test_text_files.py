"""Text files of distributions that name folders."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.relocate.text_files import CmakeFixer, KernelFixer, QtConfFixer
from tests.conftest import missing
from tests.relocate.contexts import PRIVATE, context, entry

if TYPE_CHECKING:
    from pathlib import Path

_KERNEL = "share/jupyter/kernels/python3/kernel.json"
_CMAKE = "lib/python3.12/site-packages/demo/share/cmake/demo/demoConfig.cmake"
_QT = "lib/python3.12/site-packages/demo/Qt/libexec/qt.conf"


def _kernel(*argv: str) -> str | None:
    given = entry(_KERNEL, json.dumps({"argv": argv, "display_name": "Zürich"}))
    fixed = KernelFixer(context()).fix(given, given.read())
    return None if fixed is None else json.loads(fixed)["argv"][0]


@pytest.mark.parametrize("program", ["/a/b/bin/python", "/a b/bin/python3.12", "/opt/python3.13t"])
def test_c11_kernel_takes_the_python_that_jupyter_runs_on(program: str) -> None:
    """An absolute Python becomes the name that Jupyter resolves to its own; everything else stays."""
    given = entry(_KERNEL, json.dumps({"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Zürich"}))
    fixed = KernelFixer(context()).fix(given, given.read())
    assert fixed is not None
    assert json.loads(fixed) == {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Zürich"}


@pytest.mark.parametrize("program", ["python", "/usr/bin/R", "/opt/bin/pythonic", "/opt/python3/bin/julia"])
def test_c11_other_kernels_are_left_alone(program: str) -> None:
    """A kernel of another language, or one that is right."""
    assert _kernel(program) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"argv": []}', '{"argv": [1]}', '{"argv": "python"', "\udcff"])
def test_c11_kernel_that_cannot_be_read(text: str) -> None:
    """Jupyter cannot read it either, and it is no reason to refuse the pack."""
    given = entry(_KERNEL)
    assert KernelFixer(context()).fix(given, text.encode("utf-8", "surrogateescape")) is None


def test_c11_only_kernels_are_claimed() -> None:
    """By the place where Jupyter looks for them."""
    fixer = KernelFixer(context())
    assert fixer.claims(entry(_KERNEL), b"")
    assert not fixer.claims(entry("share/other/kernel.json"), b"")


def test_c6_cmake_finds_the_folder_in_its_new_place(tmp_path: Path) -> None:
    """CMake itself, run in the moved tree, prints the new place."""
    if shutil.which("cmake") is None:
        missing("cmake is not installed")
    given = entry(_CMAKE, f'set(DEMO "{PRIVATE}/lib/python3.12/site-packages/demo/include")\nset(LIB {PRIVATE}/lib)\n')
    fixer = CmakeFixer(context())
    assert fixer.claims(given, b"")
    fixed = fixer.fix(given, given.read())
    assert fixed is not None
    prefix = tmp_path / "moved here"
    config = prefix / _CMAKE
    config.parent.mkdir(parents=True)
    config.write_bytes(fixed)
    (prefix / "lib/python3.12/site-packages/demo/include").mkdir()
    script = tmp_path / "script.cmake"
    script.write_text(
        f'include("{config}")\nfile(REAL_PATH "${{DEMO}}" A)\nfile(REAL_PATH "${{LIB}}" B)\nmessage("${{A}}\n${{B}}")\n'
    )
    done = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=True)
    site = prefix / "lib/python3.12/site-packages"
    assert done.stderr.splitlines() == [str(site / "demo/include"), str(prefix / "lib")]


def _qt(text: str) -> str:
    given = entry(_QT, text)
    fixer = QtConfFixer(context())
    assert fixer.claims(given, b"")
    return (fixer.fix(given, given.read()) or b"").decode()


def test_c6_qt_prefix_counts_from_the_file_and_the_rest_from_the_prefix() -> None:
    """The prefix from where the file lies, the others from the prefix, also in quotes; foreign paths stay."""
    qt = f"{PRIVATE}/lib/python3.12/site-packages/demo/Qt"
    before = f'[Paths]\nPrefix = {qt}\nLibraries = {qt}/lib\nPlugins="{qt}/plugins"\nData = /usr/share/x\nDoc = doc\n'
    after = '[Paths]\nPrefix = ..\nLibraries = lib\nPlugins="plugins"\nData = /usr/share/x\nDoc = doc\n'
    assert _qt(before) == after


def test_c6_qt_without_a_prefix() -> None:
    """Then the prefix is the program's folder; line ends stay."""
    qt = f"{PRIVATE}/lib/python3.12/site-packages/demo/Qt"
    assert _qt(f"[Paths]\r\nLibraries={qt}/lib\r\n") == "[Paths]\r\nLibraries=../lib\r\n"


def test_c6_unknown_forms_are_left_to_the_leak_scan() -> None:
    """A libtool archive has no word for the place of the file: it is not claimed, so that it is reported."""
    assert not CmakeFixer(context()).claims(entry("lib/libx.la"), b"")
    assert not QtConfFixer(context()).claims(entry("lib/libx.la"), b"")
