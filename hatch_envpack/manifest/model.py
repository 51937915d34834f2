"""The manifest, ``envpack.json``: the first member of the archive, so that it can be read from a pipe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_envpack.sums.sums import MANIFEST, SUMS

if TYPE_CHECKING:
    from hatch_envpack.finding import Finding
    from hatch_envpack.libraries.licences import CopiedLibrary
    from hatch_envpack.manifest.needs import Needs

FORMAT_VERSION = 1
PATH = MANIFEST


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
    python_prefix: str
    """Where the target has the interpreter; empty where it is packed."""
    platform_tag: str
    needs: Needs
    distributions: tuple[tuple[str, str], ...]
    """Name and version of each."""
    console_scripts: tuple[str, ...]
    gui_scripts: tuple[str, ...]
    libraries: tuple[CopiedLibrary, ...]
    left_out: tuple[tuple[str, int], ...]
    """What the exclude sets and the user's patterns left out: a name, and how many files."""
    segments: tuple[SegmentSummary, ...]
    largest: tuple[tuple[str, int], ...]
    """The largest files and their bytes."""
    links: tuple[tuple[str, str], ...]
    """Path and target of each symbolic link."""
    executables: tuple[str, ...]
    sums: int
    """How many files the list of digests has."""
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "version": self.version,
            "python": self.python,
            "python_tag": self.python_tag,
            "python_prefix": self.python_prefix or None,
            "platform_tag": self.platform_tag,
            "needs": self.needs.to_dict(),
            "distributions": [{"name": name, "version": version} for name, version in self.distributions],
            "console_scripts": list(self.console_scripts),
            "gui_scripts": list(self.gui_scripts),
            "libraries": [each.to_dict() for each in self.libraries],
            "left_out": dict(self.left_out),
            "segments": [{"name": s.name, "files": s.files, "size": s.size} for s in self.segments],
            "largest": [{"path": path, "size": size} for path, size in self.largest],
            "findings": [finding.to_dict() for finding in self.findings],
            "sums": {"path": SUMS, "files": self.sums},
            "links": dict(self.links),
            "executables": list(self.executables),
        }

    def to_bytes(self) -> bytes:
        """Return the content of the member `PATH`."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        # a name that is not UTF-8 has lone surrogates, which JSON can only have as escapes
        return f"{text}\n".encode("utf-8", "backslashreplace")
