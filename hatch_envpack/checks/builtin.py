"""The built-in checks, registered as any plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.checks.libraries import LibraryCheck
from hatch_envpack.checks.scripts import ScriptCheck
from hatch_envpack.checks.timezones import TimezoneCheck
from hatch_envpack.markers import hookimpl

if TYPE_CHECKING:
    from hatch_envpack.checks.check import Check


@hookimpl
def hatch_envpack_checks() -> list[type[Check]]:
    """Return them; they run in the order of their names."""
    return [LibraryCheck, ScriptCheck, TimezoneCheck]
