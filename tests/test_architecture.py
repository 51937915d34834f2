"""The stages know only the stages before them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_envpack

PACKAGE = Path(hatch_envpack.__file__).parent

LAYERS = (
    {
        "errors",
        "settings",
        "finding",
        "report",
        "entry",
        "layout",
        "markers",
        "printable",
        "regular",
        "search",
        "umask",
        "clone",
        "disk",
        "formats",
        "engines",
        "sums",
    },
    {"process", "workspace", "config", "console"},
    {"elf", "macho"},
    {"interpreter"},
    {"environment"},
    {"segment"},
    {"libraries"},
    {"relocate"},
    {"checks"},
    {"plugins"},
    {"registry", "accept"},
    {"bytecode"},
    {"frame"},
    {"cache"},
    {"manifest"},
    {"archive"},
    {"extract"},
    {"contents"},
    {"prove"},
    {"pipeline"},
    {"api", "__init__"},
    {"cli"},
    {"builder"},
    {"hooks"},
)
"""In the order in which data meets them; a file imports from its own layer and from those above."""

LEVEL = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """No file imports from a later stage, and only the hatch side imports hatchling."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in _imports(path):
        top, *rest = module.split(".")
        if top == "hatch_envpack" and rest:
            assert LEVEL[rest[0]] <= LEVEL[own], f"{path} imports {module}"
        if top == "hatchling":
            assert own in ("builder", "hooks")


def test_the_hook_module_is_cheap() -> None:
    """Hatchling imports it for every build of every target: what only a pack needs is not loaded."""
    names = ("lief", "zstandard", "deflate", "hatch_envpack.pipeline")
    code = f"import sys, hatch_envpack.hooks; print(*[name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize("module", ["extract.unpack", "extract.worker", "archive.index"])
def test_the_consumers_side_is_light(module: str) -> None:
    """Unpacking needs nothing of what builds packs, and a process that helps with it starts at once."""
    names = ("hatchling", "lief", "pluggy", "packaging", "click", "rich")
    code = f"import sys, hatch_envpack.{module}; print(*[name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_makers_side_is_light() -> None:
    """To pack, nothing is loaded that reads packs, nor what edits the few libraries that we cannot edit ourselves."""
    names = ("lief", "tarfile", "urllib.request", "hatch_envpack.contents", "hatch_envpack.extract.zip")
    modules = "hatch_envpack.api, hatch_envpack.pipeline.pack"
    code = f"import sys, {modules}; print(*[name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
