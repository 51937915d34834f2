"""``pyvenv.cfg``: what a virtual environment says of itself. https://docs.python.org/3/library/venv.html."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class VenvConfig:
    """The keys that `site` reads."""

    home: str
    """The folder of the base interpreter's program; empty where it is not given."""
    system_site: bool
    """Whether the packages of the base interpreter can be seen too."""


def parse_pyvenv(data: bytes) -> VenvConfig:
    """Return what any file says, read as `site` does: lines with ``=``, names in any case, the last one counts."""
    values = {}
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            values[name.strip().lower()] = value.strip()
    return VenvConfig(values.get("home", ""), values.get("include-system-site-packages", "").lower() == "true")
