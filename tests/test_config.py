"""The table of the build target: what is accepted, and how each mistake is named."""

from __future__ import annotations

import pytest

from hatch_envpack.config import parse_settings
from hatch_envpack.errors import ConfigError
from hatch_envpack.settings import Allowance, Settings


def test_empty_table_gives_the_documented_defaults() -> None:
    """Every option is optional."""
    settings = parse_settings({})
    assert settings == Settings()
    assert (settings.python, settings.installer, settings.compression_level) == ("current", "auto", 3)
    assert (settings.bytecode, settings.verify) == (True, True)
    assert (settings.strip, settings.strict, settings.max_glibc) == (False, False, None)
    assert (settings.exclude_sets, settings.allow, settings.isolated) == ((), (), False)
    assert settings.certificates == "target"


def test_every_option_is_taken() -> None:
    """Each option reaches the setting of its name."""
    settings = parse_settings(
        {
            "python": "3.12",
            "features": ["plot"],
            "dependency-groups": ["dev"],
            "extra-dependencies": ["rich>=13"],
            "installer": "pip",
            "exclude": ["lib/**/tests"],
            "exclude-sets": ["stubs"],
            "allow": [{"kind": "no-tzdata", "reason": "all in UTC"}],
            "isolated": True,
            "certificates": "certifi",
            "bytecode": False,
            "compression-level": 19,
            "strip": True,
            "verify": False,
            "strict": True,
            "max-glibc": "2.28",
        }
    )
    assert settings == Settings(
        python="3.12",
        features=("plot",),
        dependency_groups=("dev",),
        extra_dependencies=("rich>=13",),
        installer="pip",
        exclude=("lib/**/tests",),
        exclude_sets=("stubs",),
        allow=(Allowance("no-tzdata", "all in UTC"),),
        isolated=True,
        certificates="certifi",
        bytecode=False,
        compression_level=19,
        strip=True,
        verify=False,
        strict=True,
        max_glibc=(2, 28),
    )


def test_options_of_hatchling_are_not_ours_to_refuse() -> None:
    """The keys that hatchling reads from every target's table are let through."""
    assert parse_settings({"dependencies": ["hatch-envpack"], "versions": ["tar.zst"], "hooks": {}}) == Settings()


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("pyton", "python"), ("compresion_level", "compression-level"), ("extra_dependencies", "extra-dependencies")],
)
def test_unknown_option_names_the_nearest(given: str, nearest: str) -> None:
    """A slip of the pen is answered with the option that was meant."""
    with pytest.raises(ConfigError, match=rf"Unknown option `.*\.{given}`: did you mean `{nearest}`\?"):
        parse_settings({given: "x"})


def test_unknown_option_like_no_other_lists_the_options() -> None:
    """Where nothing is near, all options are named."""
    with pytest.raises(ConfigError, match=r"the options are `python`, `features`"):
        parse_settings({"zzzz": 1})


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("python", 3.12, "must be a string"),
        ("python", " ", "must not be empty"),
        ("features", "plot", "must be an array of strings"),
        ("features", ["a", 2], "must be an array of strings, but its item 2 is 2"),
        ("extra-dependencies", ["a b c"], "has an invalid requirement as item 1, 'a b c'"),
        ("installer", "conda", "must be one of 'auto', 'uv', 'pip', not 'conda'"),
        ("exclude", ["a", "!"], "has an invalid pattern as item 2, '!'"),
        ("exclude-sets", "tests", "must be an array of strings"),
        ("allow", {"kind": "x"}, "must be an array of tables with `kind`, `reason` and, if wanted, `path`"),
        ("allow", ["x"], "must be an array of tables of strings, but its item 1 is 'x'"),
        ("allow", [{"kind": "x", "why": "y"}], "has an unknown key in item 1, `why`"),
        ("allow", [{"kind": "x", "reason": "y"}, {"kind": "x"}], "needs `reason` in item 2"),
        ("allow", [{"kind": "x", "reason": " "}], "needs `reason` in item 1"),
        ("allow", [{"kind": "x", "reason": "y", "path": "!"}], "has an invalid pattern as `path` of item 1, '!'"),
        ("certificates", "mine", "must be one of 'target', 'certifi', not 'mine'"),
        ("bytecode", "yes", "must be a boolean"),
        ("compression-level", "3", "must be an integer"),
        ("compression-level", True, "must be an integer"),
        ("compression-level", 23, "must be between 1 and 22, not 23"),
        ("max-glibc", "new", 'must be a version of glibc such as "2.28"'),
        ("max-glibc", 2.28, "must be a string"),
    ],
)
def test_wrong_value_names_the_field(option: str, value: object, reason: str) -> None:
    """A wrong type or value is one line that begins as hatchling's own do."""
    with pytest.raises(ConfigError) as caught:
        parse_settings({option: value})
    assert str(caught.value).startswith(f"Field `tool.hatch.build.targets.envpack.{option}` {reason}")
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    """The first mistake is the line, the others stand below it."""
    with pytest.raises(ConfigError) as caught:
        parse_settings({"python": 1, "strip": "x", "sttrict": True})
    assert "envpack.python" in str(caught.value)
    assert "envpack.strip" in caught.value.detail
    assert "did you mean `strict`?" in caught.value.detail
