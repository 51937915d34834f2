"""From the raw table ``[tool.hatch.build.targets.envpack]`` to `Settings`, with every mistake reported at once."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from hatch_envpack.errors import ConfigError
from hatch_envpack.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TABLE = "tool.hatch.build.targets.envpack"

HATCHLING_OPTIONS = frozenset(
    {
        "dependencies",
        "directory",
        "enable-by-default",
        "hooks",
        "reproducible",
        "require-runtime-dependencies",
        "require-runtime-features",
        "versions",
    }
)
"""What hatchling itself reads from a target's table and what has an effect on this target.

Its options about the selection of project files (``include``, ``packages`` …) are not among them: the pack holds the
project's wheel, so they belong to the wheel target, and would be ignored in silence here.
"""

INSTALLERS = ("auto", "uv", "pip")
COMPRESSION_LEVELS = range(1, 23)


class _FieldError(ValueError):
    """Why one field cannot be used; the text goes on from the field's name."""


def parse_settings(table: Mapping[str, Any]) -> Settings:
    """Return the table's settings. Raises `ConfigError` with one line for each mistake."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for option, value in table.items():
        if option in HATCHLING_OPTIONS:
            continue
        parse = _PARSERS.get(option)
        if parse is None:
            problems.append(_unknown(option))
            continue
        try:
            values[option.replace("-", "_")] = parse(value)
        except _FieldError as problem:
            problems.append(f"Field `{TABLE}.{option}` {problem}")
    if problems:
        raise ConfigError(problems[0], detail="\n".join(problems[1:]))
    return Settings(**values)


def _unknown(option: str) -> str:
    known = sorted([*_PARSERS, *HATCHLING_OPTIONS])
    near = difflib.get_close_matches(option.lower().replace("_", "-"), known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"the options are {', '.join(f'`{name}`' for name in _PARSERS)}"
    return f"Unknown option `{TABLE}.{option}`: {hint}"


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise _FieldError("must be a string")
    if not value.strip():
        raise _FieldError("must not be empty")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _FieldError("must be an array of strings")
    for number, item in enumerate(value, 1):
        if not isinstance(item, str) or not item.strip():
            raise _FieldError(f"must be an array of strings, but its item {number} is {item!r}")
    return tuple(value)


def _requirements(value: object) -> tuple[str, ...]:
    items = _strings(value)
    for number, item in enumerate(items, 1):
        try:
            Requirement(item)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise _FieldError(f"has an invalid requirement as item {number}, {item!r}: {reason}") from None
    return items


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _FieldError("must be a boolean")
    return value


def _level(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _FieldError("must be an integer")
    if value not in COMPRESSION_LEVELS:
        raise _FieldError(f"must be between {COMPRESSION_LEVELS[0]} and {COMPRESSION_LEVELS[-1]}, not {value}")
    return value


def _installer(value: object) -> str:
    text = _string(value)
    if text not in INSTALLERS:
        raise _FieldError(f"must be one of {', '.join(map(repr, INSTALLERS))}, not {text!r}")
    return text


def _glibc(value: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\.(\d+)", _string(value))
    if match is None:
        raise _FieldError(f'must be a version of glibc such as "2.28", not {value!r}')
    return int(match[1]), int(match[2])


_PARSERS: dict[str, Callable[[object], object]] = {
    "python": _string,
    "features": _strings,
    "dependency-groups": _strings,
    "extra-dependencies": _requirements,
    "installer": _installer,
    "exclude": _strings,
    "bytecode": _boolean,
    "compression-level": _level,
    "strip": _boolean,
    "verify": _boolean,
    "strict": _boolean,
    "max-glibc": _glibc,
}
