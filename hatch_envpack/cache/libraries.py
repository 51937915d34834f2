"""The library plan: it stands while every ELF file of the pack and the machine's libraries stand as they did."""

from __future__ import annotations

from dataclasses import fields
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from hatch_envpack.cache.cache import LIBRARIES
from hatch_envpack.cache.entry_fields import entry_of, fields_of
from hatch_envpack.cache.records import key_of
from hatch_envpack.cache.witness import stamp_digest, with_folders
from hatch_envpack.elf.model import Elf, SearchPath
from hatch_envpack.elf.read import MAGIC
from hatch_envpack.entry import Stamp
from hatch_envpack.libraries.closure import may_be_elf, plan_libraries
from hatch_envpack.libraries.host import search_folders
from hatch_envpack.libraries.licences import DATABASES, CopiedLibrary, Package
from hatch_envpack.libraries.plan import LibraryPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_envpack.cache.cache import Cache
    from hatch_envpack.entry import Entry
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.layout import Layout


def known_plan(
    entries: Sequence[Entry],
    layout: Layout,
    interpreter: Interpreter,
    site_packages: PurePosixPath,
    cache: Cache,
    program: str,
    *,
    python: bool = True,
) -> LibraryPlan:
    """Return what `plan_libraries` returns; ``program`` is a digest of this program.

    Raises what that raises, and `ArchiveError` for a file that cannot be read.
    """
    asked = [program, repr(sorted(map(repr, layout.roots))), repr(interpreter), str(site_packages), python]
    key = key_of(asked, [_told(entry) for entry in entries])
    known = cache.read(LIBRARIES, key)
    if known is not None and stamp_digest(known["witnesses"]) == known["signature"]:
        return _plan(known["plan"])
    plan = plan_libraries(entries, layout, interpreter, site_packages, python=python)
    witnesses = _witnesses(plan)
    document = {"witnesses": witnesses, "signature": stamp_digest(witnesses), "plan": _document(plan)}
    cache.write(LIBRARIES, key, document)
    return plan


def _told(entry: Entry) -> str:
    """Return all of an entry that the plan depends on; a script is none of it, and is new with each installation."""
    if entry.source is None or not may_be_elf(entry):
        return str(entry.path)
    if ".so" not in entry.path.name and entry.head(len(MAGIC)) != MAGIC:
        return str(entry.path)
    try:
        stamp = entry.stamp or Stamp.of(entry.source.stat())
    except OSError:
        stamp = None  # whoever reads it will say so
    return f"{entry.path}\0{entry.source}\0{entry.executable}\0{stamp and tuple(stamp)}"


def _witnesses(plan: LibraryPlan) -> list[str]:
    """Return what of the machine a plan depends on: its libraries, where they are looked for, and who knows of them."""
    sources = [str(entry.source) for entry in plan.copied if entry.source is not None]
    asked = {folder for elf in plan.elves.values() for folder in (*(elf.rpath or ()), *(elf.runpath or ()))}
    absolute = sorted(folder for folder in asked if folder.startswith("/"))
    return ["/etc/ld.so.cache", *search_folders(), *DATABASES, *absolute, *with_folders(sources)]


def _document(plan: LibraryPlan) -> dict[str, Any]:
    return {
        "copied": [fields_of(entry) for entry in plan.copied],
        "libraries": [
            [str(each.path), each.package and [each.package.name, each.package.version], [*map(str, each.licences)]]
            for each in plan.libraries
        ],
        "search_paths": [[str(path), *_search_path(found)] for path, found in plan.search_paths.items()],
        "elves": [[str(path), *(getattr(elf, name) for name in _ELF)] for path, elf in plan.elves.items()],
        "expected": sorted(plan.expected),
        "of_host": sorted(plan.of_host),
        "missing": [[str(path), sonames] for path, sonames in plan.missing.items()],
        "damaged": [[str(path), reason] for path, reason in plan.damaged.items()],
    }


def _search_path(found: SearchPath) -> list[Any]:
    return [found.entries, found.inherited]


_ELF = tuple(field.name for field in fields(Elf))


def _plan(document: dict[str, Any]) -> LibraryPlan:
    return LibraryPlan(
        copied=tuple(entry_of(*values) for values in document["copied"]),
        libraries=tuple(
            CopiedLibrary(PurePosixPath(path), package and Package(*package), tuple(map(PurePosixPath, licences)))
            for path, package, licences in document["libraries"]
        ),
        search_paths={
            PurePosixPath(path): SearchPath(tuple(found), inherited=inherited)
            for path, found, inherited in document["search_paths"]
        },
        elves={PurePosixPath(path): Elf(*map(_tuples, values)) for path, *values in document["elves"]},
        expected=frozenset(document["expected"]),
        of_host=frozenset(document["of_host"]),
        missing={PurePosixPath(path): tuple(sonames) for path, sonames in document["missing"]},
        damaged={PurePosixPath(path): reason for path, reason in document["damaged"]},
    )


def _tuples(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a value with tuples in the place of the lists that JSON made of them."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
