"""Packs an existing virtual environment, without bytecode and proof: run as a process of its own.

``python export.py ENVIRONMENT FOLDER FORMAT``
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_envpack.errors import EnvpackError
from hatch_envpack.pipeline.export import export_pack
from hatch_envpack.pipeline.job import Export
from hatch_envpack.settings import Settings

if TYPE_CHECKING:
    from hatch_envpack.report import Summary

_TIME = 1580601600
"""hatchling's own time stamp of reproducible builds."""


class _Silent:
    def stage(self, text: str) -> None: ...

    def progress(self, done: int, total: int) -> None: ...

    def info(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def summary(self, summary: Summary) -> None: ...


def main(root: str, folder: str, name: str) -> None:
    """Pack; end with one line when that fails."""
    settings = Settings(bytecode=False, verify=False)
    further: dict[str, Any] = {} if name == "tar.zst" else {"format": name}
    try:
        export_pack(Export(Path(root), "subject", "1", "error", settings, Path(folder), _TIME, _Silent(), **further))
    except (EnvpackError, TypeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
