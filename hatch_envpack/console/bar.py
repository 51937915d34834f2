"""The bar on a terminal: what is done, how far, how fast. Nothing of it is left afterwards."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from hatch_envpack.console.text import size_text

if TYPE_CHECKING:
    from rich.progress import Task

_EVERY = 0.05
"""Seconds between two looks at the figures: `Bar.progress` may be called for every buffer."""


class Bar:
    """A bar on standard error, for one stage after the other; used as a context manager."""

    def __init__(self) -> None:
        """Prepare the bar; that this is a terminal was found out before, so rich need not guess."""
        self._console = Console(stderr=True, force_terminal=True, force_interactive=True, highlight=False, emoji=False)
        self._progress = Progress(
            SpinnerColumn("line"),  # ASCII, for terminals that have nothing else
            _Stage(),
            BarColumn(bar_width=24),
            _Figures(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            console=self._console,
            transient=True,
            # where it goes elsewhere, it does not meet the bar
            redirect_stdout=sys.stdout.isatty(),
            refresh_per_second=8,
        )
        self._task = self._progress.add_task("", visible=False, total=None)
        self._looked = 0.0

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, text: str) -> None:
        """Begin anew, with an unknown length."""
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=None)

    def progress(self, done: int, total: int) -> None:
        """Show how many bytes of the stage are done."""
        now = time.monotonic()
        if now - self._looked >= _EVERY or done >= total:
            self._looked = now
            self._progress.update(self._task, completed=done, total=total)

    def line(self, text: str) -> None:
        """Print a line above the bar, which the terminal may wrap: a path in it can still be copied."""
        self._console.print(text, markup=False, soft_wrap=True)


class _Stage(ProgressColumn):
    """The stage, which gives way where the terminal is narrow: the bar never takes a second line."""

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class _Figures(ProgressColumn):
    """Bytes and rate, once the stage has told a number of them."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text("")
        rate = f", {size_text(task.speed)}/s" if task.speed else ""
        return Text(f"{size_text(task.completed)} of {size_text(task.total)}{rate}")
