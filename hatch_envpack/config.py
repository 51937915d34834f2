"""From the raw table ``[tool.hatch.build.targets.envpack]`` to `Settings`, with every mistake reported at once."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from pathspec import GitIgnoreSpec

from hatch_envpack.errors import ConfigError
from hatch_envpack.formats import LEVELS
from hatch_envpack.settings import Allowance, Settings

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
CERTIFICATES = ("target", "certifi")


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


def check_level(format_name: str, level: int) -> None:
    """Raise `ConfigError` when a format does not have this level of compression."""
    levels = LEVELS[format_name]
    if levels and level not in levels:
        raise ConfigError(
            f"Field `{TABLE}.compression-level` must be between {levels[0]} and {levels[-1]} for the format "
            f"{format_name}, not {level}"
        )


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


def _verify(value: object) -> bool | str:
    if value != "always" and not isinstance(value, bool):
        raise _FieldError('must be a boolean or "always"')
    return value


def _level(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _FieldError("must be an integer")
    levels = {level for levels in LEVELS.values() for level in levels}
    if value not in levels:
        raise _FieldError(f"must be between {min(levels)} and {max(levels)}, not {value}")
    return value


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        text = _string(value)
        if text not in choices:
            raise _FieldError(f"must be one of {', '.join(map(repr, choices))}, not {text!r}")
        return text

    return parse


def _patterns(value: object) -> tuple[str, ...]:
    """Parse patterns, so that a wrong one is told before anything is built."""
    items = _strings(value)
    for number, item in enumerate(items, 1):
        _check_pattern(item, f"item {number}")
    return items


def _check_pattern(pattern: str, where: str) -> None:
    try:
        GitIgnoreSpec.from_lines([pattern])
    except ValueError as error:
        raise _FieldError(f"has an invalid pattern as {where}, {pattern!r}: {error}") from None


def _allowances(value: object) -> tuple[Allowance, ...]:
    if not isinstance(value, list):
        raise _FieldError("must be an array of tables with `kind`, `reason` and, if wanted, `path`")
    return tuple(_allowance(item, number) for number, item in enumerate(value, 1))


def _allowance(item: object, number: int) -> Allowance:
    if not isinstance(item, dict) or not all(isinstance(text, str) for text in item.values()):
        raise _FieldError(f"must be an array of tables of strings, but its item {number} is {item!r}")
    if unknown := sorted(set(item) - {"kind", "path", "reason"}):
        raise _FieldError(f"has an unknown key in item {number}, `{unknown[0]}`: `kind`, `path` and `reason` are known")
    for key in ("kind", "reason"):
        if not item.get(key, "").strip():
            raise _FieldError(f"needs `{key}` in item {number}")
    _check_pattern(item.get("path", ""), f"`path` of item {number}")
    return Allowance(item["kind"], item["reason"], item.get("path", ""))


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
    "installer": _one_of(*INSTALLERS),
    "exclude": _patterns,
    "exclude-sets": _strings,
    "bytecode": _boolean,
    "compression-level": _level,
    "copy-links": _boolean,
    "strip": _boolean,
    "verify": _verify,
    "strict": _boolean,
    "allow": _allowances,
    "isolated": _boolean,
    "certificates": _one_of(*CERTIFICATES),
    "max-glibc": _glibc,
}
