"""The script for PowerShell, of which no registry has a program to run: its grammar reads it."""

from __future__ import annotations

import random

import tree_sitter_powershell
from tree_sitter import Language, Parser

from tests.conftest import REPOSITORY

_SCRIPT = (REPOSITORY / "hatch_envpack/activate/Activate.ps1").read_bytes()


def _is_valid(script: bytes) -> bool:
    return not Parser(Language(tree_sitter_powershell.language())).parse(script).root_node.has_error


def test_c12_powershell_reads_the_script() -> None:
    """Without an error, and with one when any of its braces is missing, so that the reading means something."""
    assert _is_valid(_SCRIPT)
    braces = [place for place, byte in enumerate(_SCRIPT) if byte in b"{}()"]
    for place in random.Random(7).sample(braces, 10):
        assert not _is_valid(_SCRIPT[:place] + _SCRIPT[place + 1 :])
