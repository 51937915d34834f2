"""What is installed, and how a wrong name is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hatch_envpack.environment.requirements import Project, check_features, requirements
from hatch_envpack.errors import ConfigError
from hatch_envpack.settings import Settings

_PROJECT = Project(
    root=Path("/src/demo"),
    name="Demo.App",
    version="1.0",
    file_stem="demo_app-1.0",
    requires_python=">=3.9",
    extras=("plot", "s3-io"),
    dependency_groups={"test": ["pytest>=8", {"include-group": "base"}], "base": ["attrs"]},
)
_WHEEL = Path("/tmp/a b/demo_app-1.0-py3-none-any.whl")


def test_wheel_extras_groups_and_more() -> None:
    """The wheel comes as a direct reference with its extras, groups with their includes, then the rest."""
    settings = Settings(features=("S3_io", "plot"), dependency_groups=("Test",), extra_dependencies=("rich",))
    assert requirements(_PROJECT, _WHEEL, settings) == (
        "Demo.App[s3-io,plot] @ file:///tmp/a%20b/demo_app-1.0-py3-none-any.whl",
        "pytest>=8",
        "attrs",
        "rich",
    )


@pytest.mark.parametrize(
    ("features", "reason"),
    [(("plt",), r"unknown extra, `plt`: did you mean `plot`\?"), (("zz",), "the project defines `plot`, `s3-io`")],
)
def test_unknown_extra(features: tuple[str, ...], reason: str) -> None:
    """An installer would only warn: here it is an error that names what there is."""
    with pytest.raises(ConfigError, match=reason):
        check_features(_PROJECT, features)


def test_unknown_extra_of_a_project_without_extras() -> None:
    """Where there are none, that is said."""
    with pytest.raises(ConfigError, match="the project defines none"):
        check_features(replace(_PROJECT, extras=()), ("plot",))


def test_unknown_group() -> None:
    """A group that is not there is named, with the nearest."""
    with pytest.raises(ConfigError, match=r"dependency-groups` names an unknown dependency group, `tset`: .*`test`"):
        requirements(_PROJECT, _WHEEL, Settings(dependency_groups=("tset",)))


@pytest.mark.parametrize(
    "groups",
    [{"a": [{"include-group": "a"}]}, {"a": [{"include-group": "gone"}]}, {"a": [1]}, {"a": ["not a requirement!"]}],
)
def test_broken_group_is_one_line(groups: dict[str, object]) -> None:
    """A cycle, a missing include, a wrong type, a wrong requirement: each names the table."""
    with pytest.raises(ConfigError, match="Table `dependency-groups` of") as caught:
        requirements(replace(_PROJECT, dependency_groups=groups), _WHEEL, Settings(dependency_groups=("a",)))
    assert "\n" not in str(caught.value)
