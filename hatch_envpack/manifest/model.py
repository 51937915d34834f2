"""The manifest, ``envpack.json``: the first member of the archive, so that it can be read from a pipe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from hatch_envpack.finding import Finding

FORMAT_VERSION = 1
PATH = PurePosixPath("envpack.json")


@dataclass(frozen=True, slots=True)
class SegmentSummary:
    """What the manifest says of a segment."""

    name: str
    files: int
    size: int
    """Uncompressed bytes of its tar slice."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack says about itself; nothing in it depends on where or when it was built."""

    name: str
    version: str
    python: str
    """The interpreter's full version, ``3.12.1``."""
    python_tag: str
    platform_tag: str
    min_glibc: tuple[int, int]
    distributions: tuple[tuple[str, str], ...]
    """Name and version of each."""
    console_scripts: tuple[str, ...]
    gui_scripts: tuple[str, ...]
    expected_libraries: tuple[str, ...]
    """Sonames that the target must have."""
    segments: tuple[SegmentSummary, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "version": self.version,
            "python": self.python,
            "python_tag": self.python_tag,
            "platform_tag": self.platform_tag,
            "min_glibc": f"{self.min_glibc[0]}.{self.min_glibc[1]}",
            "distributions": [{"name": name, "version": version} for name, version in self.distributions],
            "console_scripts": list(self.console_scripts),
            "gui_scripts": list(self.gui_scripts),
            "expected_libraries": list(self.expected_libraries),
            "segments": [{"name": s.name, "files": s.files, "size": s.size} for s in self.segments],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def entry(self) -> Entry:
        """Return the member that it is."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        return Entry(PATH, content=f"{text}\n".encode())
