"""Activation in Windows' ``cmd`` (C12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.activate.test_shells import make_pack
from tests.targets.wine import Wine, windows_path

if TYPE_CHECKING:
    from pathlib import Path

_SHOW = 'echo ["%PATH%" "%VIRTUAL_ENV%" "%VIRTUAL_ENV_PROMPT%" "%PYTHONHOME%" "%PROMPT%"]'


def _run(wine: Wine, folder: Path, *lines: str) -> list[list[str]]:
    """Run the lines, and return what each ``_SHOW`` among them tells."""
    script = folder / "script.bat"
    text = "\r\n".join(["@echo off", "set PATH=C:\\windows", "set PYTHONHOME=C:\\kept", "set PROMPT=$G", *lines, ""])
    script.write_bytes(text.encode("cp1252"))
    done = wine.run("cmd", "/c", script, folder=folder)
    return [line.strip()[2:-2].split('" "') for line in done.stdout.splitlines() if line.startswith("[")]


@pytest.mark.parametrize("name", ["app", "my app (x86)", "a & b", "it's"])
def test_c12_cmd_on_twice_and_off(wine: Wine, name: str, tmp_path: Path) -> None:
    """The pack is first, once, and afterwards all is as it was."""
    prefix = make_pack(tmp_path / name)
    place = windows_path(prefix)
    activate = f'call "{place}\\bin\\activate.bat"'
    found = _run(wine, tmp_path, _SHOW, activate, _SHOW, activate, _SHOW, "call deactivate.bat", _SHOW)
    before = ["C:\\windows", "", "", "C:\\kept", "$G"]
    active = [f"{place}\\bin;C:\\windows", place, name, "", f"({name}) $G"]
    assert found == [before, active, active, before]


def test_c12_cmd_one_over_another(wine: Wine, tmp_path: Path) -> None:
    """The second takes the first one's place."""
    first, second = (windows_path(make_pack(tmp_path / name)) for name in ("first", "second"))
    lines = (f'call "{first}\\bin\\activate.bat"', f'call "{second}\\bin\\activate.bat"', _SHOW)
    ((path, prefix, *_),) = _run(wine, tmp_path, *lines)
    assert (path, prefix) == (f"{second}\\bin;C:\\windows", second)
