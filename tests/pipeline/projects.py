"""A project for tests of whole builds: pure Python, without dependencies, packed as it would be by a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hatch_envpack.environment.requirements import Project
from hatch_envpack.formats import DEFAULT_FORMAT
from hatch_envpack.pipeline.build import build_pack
from hatch_envpack.pipeline.job import Job
from hatch_envpack.settings import Settings
from tests.conftest import find_pyenv
from tests.environment.made import Words

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.report import Summary

_TABLE = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "lone-app"
version = "1.0"
scripts = {{lone-app = "lone_app:main"}}

[tool.hatch.build.targets.envpack]
python = {python!r}
{options}
"""


class Told(Words):
    """Remembers the stages and the summary too."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[str] = []
        self.summaries: list[Summary] = []

    def stage(self, text: str) -> None:
        """Remember a stage."""
        self.stages.append(text)

    def summary(self, summary: Summary) -> None:
        """Remember the summary."""
        self.summaries.append(summary)

    @property
    def made(self) -> set[str]:
        """The segments that have a frame which did not come from the cache."""
        return {each.name for each in self.summaries[-1].segments if each.reused < each.frames}


@dataclass(frozen=True)
class App:
    """The project's folder."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)

    def edit(self, text: str = "hello") -> None:
        """Change what the program prints."""
        (self.root / "src/lone_app/__init__.py").write_text(f"def main():\n    print({text!r})\n")

    def build(self, folder: Path, *, format_name: str = DEFAULT_FORMAT, **settings: Any) -> tuple[Path, Told]:  # noqa: ANN401
        """Build in this process; return the pack and what was told."""
        told = Told()
        options = Settings(python=str(find_pyenv("3.12")), **{**self.options, **settings})
        project = Project(self.root, "lone-app", "1.0", "lone_app-1.0", "", ())
        return build_pack(Job(project, options, folder, 1580601600, told, format_name)), told


def make_app(folder: Path, options: str = "") -> App:
    """Make the project in ``folder``."""
    (folder / "src/lone_app").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_TABLE.format(python=str(find_pyenv("3.12")), options=options))
    app = App(folder)
    app.edit()
    return app
