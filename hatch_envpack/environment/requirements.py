"""What is to be installed: the project's wheel with its extras, dependency groups, further requirements."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.errors import ExceptionGroup
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_envpack.errors import ConfigError, InterpreterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.settings import Settings


@dataclass(frozen=True, slots=True)
class Project:
    """What the pack needs to know of the project, from its metadata."""

    root: Path
    name: str
    version: str
    file_stem: str
    """``name-version`` as in the names of its wheels."""
    requires_python: str
    extras: tuple[str, ...]
    dependency_groups: Mapping[str, Any] = field(default_factory=dict)
    """The table ``[dependency-groups]``, as it is in ``pyproject.toml``."""


def check_features(project: Project, features: Iterable[str]) -> None:
    """Raise `ConfigError` for a feature that the project does not define (it would be installed as nothing)."""
    known = {canonicalize_name(extra): extra for extra in project.extras}
    for feature in features:
        if canonicalize_name(feature) not in known:
            raise ConfigError(_unknown("features", "extra", feature, known.values()))


def group_requirements(project: Project, groups: Iterable[str]) -> tuple[str, ...]:
    """Return the requirements of the groups, includes resolved (PEP 735). Raises `ConfigError`.

    https://packaging.python.org/en/latest/specifications/dependency-groups/
    """
    known = {canonicalize_name(group): group for group in project.dependency_groups}
    for group in groups:
        if canonicalize_name(group) not in known:
            raise ConfigError(_unknown("dependency-groups", "dependency group", group, known.values()))
    try:
        return tuple(resolve_dependency_groups(project.dependency_groups, *groups))
    except (ValueError, TypeError, LookupError, ExceptionGroup) as error:
        reason = "; ".join(str(part).splitlines()[0] for part in getattr(error, "exceptions", [error]))
        raise ConfigError(f"Table `dependency-groups` of {project.root / 'pyproject.toml'}: {reason}") from None


def wheel_requirement(project: Project, wheel: Path, features: Iterable[str]) -> str:
    """Return the direct reference to the wheel, with extras.

    https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    extras = ",".join(canonicalize_name(feature) for feature in features)
    return f"{project.name}{f'[{extras}]' if extras else ''} @ {wheel.as_uri()}"


def requirements(project: Project, wheel: Path, settings: Settings) -> tuple[str, ...]:
    """Return all that is to be installed. Raises `ConfigError`."""
    return (
        wheel_requirement(project, wheel, settings.features),
        *group_requirements(project, settings.dependency_groups),
        *settings.extra_dependencies,
        *(["certifi"] if settings.certificates == "certifi" else []),
    )


def check_python(project: Project, interpreter: Interpreter) -> None:
    """Raise `InterpreterError` when the project's ``requires-python`` excludes the interpreter."""
    version = Version(".".join(map(str, interpreter.version)))
    if not SpecifierSet(project.requires_python).contains(version, prereleases=True):
        raise InterpreterError(
            f"{project.name} requires Python {project.requires_python}, but {interpreter.executable} is {version}: "
            "set the option `python` to one that fits"
        )


def _unknown(option: str, noun: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        hint = f"did you mean `{near[0]}`?"
    elif names:
        hint = f"the project defines {', '.join(f'`{known_name}`' for known_name in names)}"
    else:
        hint = "the project defines none"
    return f"Field `tool.hatch.build.targets.envpack.{option}` names an unknown {noun}, `{name}`: {hint}"
