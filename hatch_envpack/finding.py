"""Findings: what is not right in a pack, without being reason enough to refuse it."""

from __future__ import annotations

from dataclasses import dataclass

from hatch_envpack.printable import printable


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that the user should know; ``strict`` makes it an error. The kinds are in ``docs/findings.md``."""

    kind: str
    """A short fixed word, such as ``build-path``."""
    path: str
    """The archive path of the file that it is in, or the name of a library or module; empty when none is to blame."""
    what: str
    todo: str
    accepted: str = ""
    """The reason for which the configuration accepts it; empty when it does not."""

    def __str__(self) -> str:
        return printable(f"{self.kind}: {self.path + ': ' if self.path else ''}{self.what}; {self.todo}")

    def to_dict(self) -> dict[str, str]:
        """Return the fields as they stand in the manifest."""
        fields = {"kind": self.kind, "path": self.path, "what": self.what, "todo": self.todo}
        return {**fields, "accepted": self.accepted} if self.accepted else fields
