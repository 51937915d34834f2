"""Findings: what is not right in a pack, without being reason enough to refuse it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that the user should know; ``strict`` makes it an error."""

    kind: str
    """A short fixed word, such as ``build-path``."""
    path: str
    """The archive path of the file that it is in; empty when no file is to blame."""
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.path + ': ' if self.path else ''}{self.what}; {self.todo}"

    def to_dict(self) -> dict[str, str]:
        """Return the fields as they stand in the manifest."""
        return asdict(self)
