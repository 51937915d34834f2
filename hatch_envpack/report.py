"""How the pipeline speaks: whoever runs it decides where the words go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_envpack.finding import Finding


@dataclass(frozen=True, slots=True)
class SegmentFigures:
    """What became of a segment."""

    name: str
    files: int
    raw: int
    """Bytes of its tar slice."""
    packed: int
    """Bytes of its frames."""
    frames: int
    reused: int
    """How many of the frames came from the cache."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was packed. How long each stage took is not in it: whoever implements `Report` hears each one begin."""

    segments: tuple[SegmentFigures, ...]
    findings: tuple[Finding, ...]
    """All of them, the accepted ones too."""
    pack: Path
    size: int
    """Bytes of the pack: of its file, or of all files of a folder."""


class Report(Protocol):
    """Where progress and warnings go."""

    def stage(self, text: str) -> None:
        """Tell that a longer piece of work begins, and that the one before is done."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Tell how many bytes of the running stage are done; may be called for every buffer, and by any thread."""
        ...

    def info(self, text: str) -> None:
        """Tell a result; may be called by any thread."""
        ...

    def detail(self, text: str) -> None:
        """Tell what only those want to know who ask for more."""
        ...

    def warning(self, text: str) -> None:
        """Tell something that the user should look at."""
        ...

    def summary(self, summary: Summary) -> None:
        """Tell what was packed; called once, when the pack is in its place."""
        ...
