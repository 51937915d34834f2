"""The Windows that tests run on is one, as far as they need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.targets.wine import windows_path

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.targets.wine import Wine


def test_wine_runs_a_program(wine: Wine) -> None:
    """Output and exit code come through, and the version is one that current Pythons accept."""
    done = wine.run("cmd", "/c", "ver & exit /b 7")
    assert (done.returncode, done.stdout.strip()[:31]) == (7, "Microsoft Windows 10.0.18362")


def test_wine_sees_only_what_it_is_given(wine: Wine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's variables stay out; folder, input and variables of the test arrive, in any letters."""
    monkeypatch.setenv("ENVPACK_SECRET", "1")
    folder = tmp_path / "a é"
    folder.mkdir()
    script = "set ENVPACK&cd&set /p word=&cmd /c set word"
    done = wine.run("cmd", "/c", script, folder=folder, environment={"ENVPACK_GIVEN": "ü"}, stdin="told\r\n")
    assert [line.strip() for line in done.stdout.splitlines()] == ["ENVPACK_GIVEN=ü", windows_path(folder), "word=told"]
