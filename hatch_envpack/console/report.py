"""`Report` for people: a bar on a terminal, a line for each stage in a log, a table at the end."""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from hatch_envpack.console.summary import summary_lines
from hatch_envpack.console.terminal import bar_is_wanted

if TYPE_CHECKING:
    from hatch_envpack.console.bar import Bar
    from hatch_envpack.report import Summary


class ConsoleReport:
    """Writes to standard error, so that standard output is free for results; used as a context manager.

    ``verbosity`` is hatchling's: 0 is usual, -1 leaves only the warnings, below nothing is said.
    """

    def __init__(self, verbosity: int = 0) -> None:
        self._verbosity = verbosity
        self._bar: Bar | None = None
        self._begun: list[tuple[str, float]] = []

    def __enter__(self) -> ConsoleReport:
        if self._verbosity >= 0 and bar_is_wanted():
            from hatch_envpack.console.bar import Bar  # noqa: PLC0415 - rich is not loaded for a log

            self._bar = Bar()
            self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_bar()

    def stage(self, text: str) -> None:
        """Show the stage in the bar, or begin it with a line in the log."""
        self._begun.append((text, time.monotonic()))
        if self._bar:
            self._bar.stage(text)
        elif self._verbosity >= 0:
            self._line(f"{text}...")

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.progress(done, total)

    def info(self, text: str) -> None:
        """Write a line."""
        if self._verbosity >= 0:
            self._line(text)

    def warning(self, text: str) -> None:
        """Write a line that only ``-qq`` leaves out."""
        if self._verbosity >= -1:
            self._line(text)

    def summary(self, summary: Summary) -> None:
        """Write the table; no stage runs any more."""
        ended = [*self._begun, ("", time.monotonic())]
        stages = [(name, end - begun) for (name, begun), (_, end) in pairwise(ended)]
        self._end_bar()
        if self._verbosity >= 0:
            for line in summary_lines(summary, stages):
                self._line(line)

    def _line(self, text: str) -> None:
        if self._bar:
            self._bar.line(text)
        else:
            print(text, file=sys.stderr)  # noqa: T201 - this is what prints

    def _end_bar(self) -> None:
        if self._bar:
            self._bar.__exit__()
            self._bar = None
