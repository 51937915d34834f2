"""What is told of libraries that nobody has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from hatch_envpack.checks.libraries import LibraryCheck
from hatch_envpack.libraries.plan import LibraryPlan
from tests.relocate.contexts import context


def test_n5_one_finding_for_each_missing_library() -> None:
    """Many plugins need the same library: it is told once, with some of them and how many there are."""
    plugins = {PurePosixPath(f"site/plugin{number}.so"): ("liba.so.1",) for number in range(5)}
    plan = LibraryPlan(missing={**plugins, PurePosixPath("site/z.so"): ("liba.so.1", "libb.so.2")})
    findings = list(LibraryCheck(replace(context(), libraries=plan)).check([]))
    assert [(finding.kind, finding.path) for finding in findings] == [
        ("missing-library", "liba.so.1"),
        ("missing-library", "libb.so.2"),
    ]
    assert findings[0].what.endswith("needed by site/plugin0.so, site/plugin1.so, site/plugin2.so and 3 more")
    assert findings[1].what.endswith("needed by site/z.so")
