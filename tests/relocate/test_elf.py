"""ELF files of distributions that were compiled on the build machine."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.elf.model import SearchPath
from hatch_envpack.entry import Entry
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.relocate.elf import ElfFixer
from tests.conftest import missing
from tests.relocate.contexts import context


@pytest.mark.parametrize("planned", [True, False])
def test_n1_debug_sections_of_what_was_compiled_here(tmp_path: Path, *, planned: bool) -> None:
    """A module built from source has the interpreter's folder in its search path, and again for debuggers.

    A file that the plan does not change stays the wheel's (N2).
    """
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    prefix = tmp_path / "python"
    (prefix / "include").mkdir(parents=True)
    (prefix / "include/a.h").write_text("struct a { int b; };\n")
    (tmp_path / "m.c").write_text('#include "a.h"\nint f(struct a *a) { return a->b; }\n')
    flags = ["-g", "-shared", "-fPIC", f"-I{prefix}/include", f"-Wl,-rpath,{prefix}/lib"]
    subprocess.run(["gcc", *flags, "-o", tmp_path / "m.so", tmp_path / "m.c"], check=True)
    known = context(str(prefix))
    path = known.site_packages / "m.so"
    plan = LibraryPlan(search_paths={path: SearchPath((), inherited=False)} if planned else {})
    entry = Entry(PurePosixPath(path), source=tmp_path / "m.so")
    fixer = ElfFixer(replace(known, libraries=plan))
    data = entry.read()
    assert data.count(str(prefix).encode()) > 1
    assert fixer.claims(entry, data[:512]) == planned
    if planned:
        fixed = fixer.fix(entry, data)
        assert fixed is not None
        assert str(prefix).encode() not in fixed
