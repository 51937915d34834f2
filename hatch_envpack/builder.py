"""The hatch side: this, `hooks.py` and nothing else import hatchling."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.constants import BuildEnvVars
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.utils import get_reproducible_timestamp
from hatchling.plugin.manager import PluginManager

from hatch_envpack.formats import DEFAULT_FORMAT, FOLDER, LEVELS, ending

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from hatch_envpack.environment.requirements import Project

_INTERRUPTED = 130
"""128 and the number of the signal, as shells say it."""


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
        return {name: partial(self.build_format, name) for name in LEVELS}

    def get_default_versions(self) -> list[str]:
        """Return the format that is built when none is asked for."""
        return [DEFAULT_FORMAT]

    def clean(self, directory: str, versions: list[str]) -> None:
        """Remove the packs of this project, in every format, and nothing else."""
        del versions
        for name in LEVELS:
            for pack in Path(directory).glob(f"{self._file_stem()}-*{ending(name)}"):
                if name != FOLDER:
                    pack.unlink()
                elif not pack.is_symlink() and (pack / "envpack.json").is_file():
                    shutil.rmtree(pack)

    def build(self, **options: Any) -> Generator[str, None, None]:  # noqa: ANN401
        """Build the pack; a failure that the user can mend is one line and exit code 1, Ctrl-C is 130; no traceback."""
        from hatch_envpack.config import check_level, parse_settings  # noqa: PLC0415 - see hooks.py
        from hatch_envpack.errors import ArchiveError, EnvpackError  # noqa: PLC0415

        try:
            # before hatchling makes the output folder
            level = parse_settings(self.target_config).compression_level
            for name in self._formats(options.get("versions")):
                check_level(name, level)
            directory = options["directory"] = self._directory(options.get("directory"))
            try:
                Path(directory).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ArchiveError(f"the output folder {directory} cannot be made: {error.strerror}") from error
            yield from super().build(**options)
        except EnvpackError as error:
            self.app.abort(f"{error}\n{error.detail}" if error.detail else str(error))
        except KeyboardInterrupt:
            self.app.abort(code=_INTERRUPTED)

    def _directory(self, asked: str | None) -> str:
        """Return the output folder, found as hatchling finds it."""
        asked = asked or os.environ.get(BuildEnvVars.LOCATION)
        return self.config.normalize_build_directory(asked) if asked else self.config.directory

    def _formats(self, asked: list[str] | None) -> list[str]:
        """Return the formats to build. Raises `ConfigError` where hatchling would show a traceback."""
        from hatch_envpack.errors import ConfigError  # noqa: PLC0415 - see hooks.py

        known = f"the formats are {', '.join(LEVELS)}"
        if unknown := sorted(set(asked or ()) - LEVELS.keys()):
            raise ConfigError(f"Unknown format `{unknown[0]}` of the target `{self.PLUGIN_NAME}`: {known}")
        try:
            return asked or self.config.versions
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{error}; {known}") from error

    def build_format(self, name: str, directory: str, **_build_data: Any) -> str:  # noqa: ANN401
        """Build the pack in a format; return its path. Raises `EnvpackError`."""
        from hatch_envpack.config import parse_settings  # noqa: PLC0415 - see hooks.py
        from hatch_envpack.console.report import ConsoleReport  # noqa: PLC0415
        from hatch_envpack.pipeline.build import build_pack  # noqa: PLC0415
        from hatch_envpack.pipeline.job import Job  # noqa: PLC0415

        settings = parse_settings(self.target_config)
        mtime = get_reproducible_timestamp() if self.config.reproducible else int(time.time())
        # hatchling's own words go to standard error too
        with ConsoleReport(self.app.verbosity) as report:
            return os.fspath(build_pack(Job(self._project(), settings, Path(directory), mtime, report, name)))

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
