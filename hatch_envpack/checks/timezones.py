"""Time zones without the host's data (D4)."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, ClassVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.relocate.fixer import Context

_DATA = "tzdata"


class TimezoneCheck:
    """Which distributions use `zoneinfo`, and would find no data on a machine without a time zone database.

    They are known by what they ask for: whoever uses time zones requires ``tzdata`` for Windows, which has no such
    database. Every pack has `zoneinfo` itself, so that its presence tells nothing.
    https://docs.python.org/3/library/zoneinfo.html#data-sources
    """

    name: ClassVar[str] = "timezones"

    def __init__(self, context: Context) -> None:
        self._site_packages = context.site_packages

    def check(self, entries: Sequence[Entry]) -> Iterable[Finding]:
        """Return a finding for each distribution that requires ``tzdata`` on some system, where it is not packed."""
        metadata = [entry for entry in entries if self._is_metadata(entry)]
        if any(entry.path.parent.name.startswith(f"{_DATA}-") for entry in metadata):
            return
        for entry in metadata:
            headers = BytesHeaderParser().parsebytes(entry.read())
            if any(_is_for_data(line) for line in headers.get_all("Requires-Dist", [])):
                yield Finding(
                    "no-tzdata",
                    str(entry.path),
                    f"{headers['Name']} uses time zones, and their data is the target's /usr/share/zoneinfo",
                    'where the target may lack it, add `extra-dependencies = ["tzdata"]`',
                )

    def _is_metadata(self, entry: Entry) -> bool:
        return (
            entry.path.name == "METADATA"
            and entry.path.parent.suffix == ".dist-info"
            and entry.path.parent.parent == self._site_packages
        )


def _is_for_data(line: str) -> bool:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    # an extra is only what somebody may have asked for
    return canonicalize_name(requirement.name) == _DATA and "extra" not in str(requirement.marker or "")
