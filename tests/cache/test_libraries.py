"""The library plan from the cache: the same as a new one, and a new one as soon as anything is another."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

import hatch_envpack.cache.libraries
from hatch_envpack.cache.cache import Cache
from hatch_envpack.cache.libraries import known_plan
from hatch_envpack.entry import Entry
from hatch_envpack.libraries.closure import plan_libraries
from tests.libraries.machines import SITE, Machine

if TYPE_CHECKING:
    from hatch_envpack.libraries.plan import LibraryPlan


class _Planner:
    """Plans with one cache, and counts the plans that were made anew."""

    def __init__(self, machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine, self._folder, self.made = machine, folder, 0
        monkeypatch.setattr(hatch_envpack.cache.libraries, "plan_libraries", self._make)

    def _make(self, *words: object, python: bool) -> LibraryPlan:
        self.made += 1
        return plan_libraries(*words, python=python)  # type: ignore[arg-type]

    def plan(self, program: str = "program") -> LibraryPlan:
        """Return the plan for the machine's entries, which must be what is planned without a cache."""
        cache = Cache(self._folder, self._folder / "spare")
        plan = known_plan(self.machine.entries, *self.machine.surroundings, cache, program)
        assert plan == self.machine.plan()
        assert list(plan.elves) == list(self.machine.plan().elves)
        return plan


@pytest.fixture
def planner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Planner:
    """Return one for a pack with everything that a plan can hold."""
    machine = Machine(tmp_path)
    machine.add("lib/python3.12/lib-dynload/m.so", machine.compile("m.so", needs=[machine.system]))
    gone = machine.compile("gone/libgone.so.1", "-Wl,-soname,libgone.so.1")
    machine.add(str(SITE / "w/lacking.so"), machine.compile("lacking.so", needs=[gone]))
    shutil.rmtree(gone.parent)
    (tmp_path / "damaged.so").write_bytes(b"\x7fELF")
    machine.add(str(SITE / "w/damaged.so"), tmp_path / "damaged.so")
    (tmp_path / "script").write_text("#!/bin/sh\n")
    machine.add("bin/script", tmp_path / "script")
    # a system library whose package is known
    machine.add(str(SITE / "w/z.so"), machine.compile("z.so", "-l:libz.so.1", "-Wl,--no-as-needed"))
    return _Planner(machine, tmp_path / "cache", monkeypatch)


def test_plan_is_made_once(planner: _Planner) -> None:
    """From the cache it is equal in every part, and no part was empty."""
    first, second = planner.plan(), planner.plan()
    assert planner.made == 1
    assert first == second
    assert all((first.copied, first.libraries, first.search_paths, first.elves, first.expected, first.of_host))
    assert [str(path) for path in second.missing] == [str(SITE / "w/lacking.so")]
    assert [str(path) for path in second.damaged] == [str(SITE / "w/damaged.so")]


def test_new_script_is_no_new_plan(planner: _Planner, tmp_path: Path) -> None:
    """Installers write scripts anew each time."""
    planner.plan()
    (tmp_path / "script").write_text("#!/bin/sh\n# another\n")
    planner.plan()
    assert planner.made == 1


def _touch(path: Path) -> None:
    os.utime(path, (1, 1))


def _change_module(machine: Machine) -> None:
    _touch(machine.folder / "m.so")


def _change_copied_library(machine: Machine) -> None:
    _touch(machine.system)


def _add_beside_copied_library(machine: Machine) -> None:
    (machine.system.parent / "libother.so.1").touch()


def _script_becomes_program(machine: Machine) -> None:
    shutil.copyfile("/bin/true", machine.folder / "script")


def _add_entry(machine: Machine) -> None:
    machine.entries.append(Entry(SITE / "w/text.txt", content=b""))


def _rename_entry(machine: Machine) -> None:
    machine.entries[0] = replace(machine.entries[0], path=PurePosixPath("lib/python3.12/lib-dynload/n.so"))


def _library_turns_up(machine: Machine) -> None:
    machine.compile("system/libgone.so.1", "-Wl,-soname,libgone.so.1")


@pytest.mark.parametrize(
    "change",
    [
        _change_module, _change_copied_library, _add_beside_copied_library, _script_becomes_program, _add_entry,
        _rename_entry, _library_turns_up,
    ],
)  # fmt: skip
def test_whatever_changes_makes_a_new_plan(planner: _Planner, change: object) -> None:
    """Each of them could make it another one; it is planned from what is there now."""
    planner.plan()
    change(planner.machine)  # type: ignore[operator]
    planner.plan()
    assert planner.made == 2
    planner.plan()
    assert planner.made == 2


def test_another_program_plans_anew(planner: _Planner) -> None:
    """Its code may decide otherwise."""
    planner.plan()
    planner.plan("another")
    assert planner.made == 2
