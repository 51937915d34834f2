"""The hatch side: this, `hooks.py` and nothing else import hatchling."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.constants import BuildEnvVars
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.utils import get_reproducible_timestamp
from hatchling.plugin.manager import PluginManager

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from hatch_envpack.environment.requirements import Project

FORMAT = "tar.zst"


class EnvpackBuilderConfig(BuilderConfig):
    """The table of the target, as hatchling reads it; this project's own options are read by `config.py`."""

    @property
    def hook_config(self) -> dict[str, Any]:
        """Return the hooks of this target alone.

        The project's own build hooks run where the wheel is built, in isolation and with what they need. A second run
        here would lack that, and would write into the project's tree.
        """
        own = self.target_config.get("hooks", {})
        return {name: config for name, config in super().hook_config.items() if name in own}


class EnvpackBuilder(BuilderInterface[EnvpackBuilderConfig, PluginManager]):
    """``hatch build -t envpack``."""

    PLUGIN_NAME = "envpack"

    @classmethod
    def get_config_class(cls) -> type[EnvpackBuilderConfig]:
        """Return the class of this target's configuration."""
        return EnvpackBuilderConfig

    def get_version_api(self) -> dict[str, Callable[..., str]]:
        """Return the formats: they are what hatchling calls versions of a target."""
        return {FORMAT: self.build_tar_zst}

    def clean(self, directory: str, versions: list[str]) -> None:
        """Remove the packs of this project, and nothing else."""
        del versions
        for pack in Path(directory).glob(f"{self._file_stem()}-*.envpack.{FORMAT}"):
            pack.unlink()

    def build(self, **options: Any) -> Generator[str, None, None]:  # noqa: ANN401
        """Build the pack; a failure that the user can mend is one line and exit code 1, not a traceback."""
        from hatch_envpack.config import parse_settings  # noqa: PLC0415 - see hooks.py
        from hatch_envpack.errors import ArchiveError, EnvpackError  # noqa: PLC0415

        try:
            parse_settings(self.target_config)  # before hatchling makes the output folder
            directory = options["directory"] = self._directory(options.get("directory"))
            try:
                Path(directory).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ArchiveError(f"the output folder {directory} cannot be made: {error.strerror}") from error
            yield from super().build(**options)
        except EnvpackError as error:
            self.app.abort(f"{error}\n{error.detail}" if error.detail else str(error))

    def _directory(self, asked: str | None) -> str:
        """Return the output folder, found as hatchling finds it."""
        asked = asked or os.environ.get(BuildEnvVars.LOCATION)
        return self.config.normalize_build_directory(asked) if asked else self.config.directory

    def build_tar_zst(self, directory: str, **_build_data: Any) -> str:  # noqa: ANN401
        """Build the pack as ``.tar.zst``; return its path. Raises `EnvpackError`."""
        from hatch_envpack.config import parse_settings  # noqa: PLC0415 - see hooks.py
        from hatch_envpack.console.report import ConsoleReport  # noqa: PLC0415
        from hatch_envpack.pipeline.build import build_pack  # noqa: PLC0415
        from hatch_envpack.pipeline.job import Job  # noqa: PLC0415

        settings = parse_settings(self.target_config)
        mtime = get_reproducible_timestamp() if self.config.reproducible else int(time.time())
        # hatchling's own words go to standard error too
        with ConsoleReport(self.app.verbosity) as report:
            return os.fspath(build_pack(Job(self._project(), settings, Path(directory), mtime, report)))

    def _project(self) -> Project:
        from hatch_envpack.environment.requirements import Project  # noqa: PLC0415 - see hooks.py

        core = self.metadata.core
        return Project(
            root=Path(self.root),
            name=core.raw_name,
            version=self.metadata.version,
            file_stem=self._file_stem(),
            requires_python=core.requires_python,
            extras=tuple(core.optional_dependencies),
            dependency_groups=self.metadata.config.get("dependency-groups", {}),
        )

    def _file_stem(self) -> str:
        return f"{self.normalize_file_name_component(self.metadata.core.name)}-{self.metadata.version}"
