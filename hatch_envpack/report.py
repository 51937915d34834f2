"""How the pipeline speaks: whoever runs it decides where the words go."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Where progress and warnings go."""

    def stage(self, text: str) -> None:
        """Tell that a longer piece of work begins."""
        ...

    def info(self, text: str) -> None:
        """Tell a result."""
        ...

    def warning(self, text: str) -> None:
        """Tell something that the user should look at."""
        ...
