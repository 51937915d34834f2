"""The catalogue of hazards and the tests that show each."""

from __future__ import annotations

import ast
import re

from tests.conftest import REPOSITORY

_ROW = re.compile(r"^\| ([A-Z]\d+) \| (.*) \|$", re.MULTILINE)


def _shown() -> set[str]:
    """Return the numbers that the names of tests carry: ``test_c8_c10_traces`` carries two."""
    found: set[str] = set()
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers = re.match(r"test_((?:[a-z]\d+_)*)", node.name)
                found |= set((numbers[1] if numbers else "").upper().split("_")) - {""}
    return found


def test_every_hazard_has_a_test() -> None:
    """Each row has a test that carries its number; only rows that say *later* may lack one."""
    rows = dict(_ROW.findall((REPOSITORY / "docs/hazards.md").read_text()))
    now = {number for number, text in rows.items() if "(later" not in text}
    assert sorted(now - _shown()) == []


def test_no_test_carries_an_unknown_number() -> None:
    """A slip in a name would hide that a row has no test."""
    known = {number for number, _ in _ROW.findall((REPOSITORY / "docs/hazards.md").read_text())}
    assert sorted(_shown() - known) == []
