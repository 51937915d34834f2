"""What was read of an environment earlier in the same build: taking texts apart costs more than looking at files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from hatch_envpack.entry import Entry
    from hatch_envpack.environment.distributions import Distribution

Told = tuple["PurePosixPath", bytes, bytes, "bytes | None"]
"""The folder of a distribution, and the files in it that describe it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Filled by whoever reads; nothing in it is believed without a look at the file that it is of."""

    distributions: dict[Told, Distribution] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    """Files, by their archive paths."""
