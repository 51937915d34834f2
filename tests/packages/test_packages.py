"""The environments of `tests.packages.run`: that each is complete, and one of them as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.packages.environments import ENVIRONMENTS, WHEELS, Environment
from tests.packages.trial import try_out, without_probe
from tests.targets.roots import MissingToolError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("environment", [WHEELS, *ENVIRONMENTS], ids=lambda each: each.name)
def test_every_package_has_a_probe(environment: Environment) -> None:
    """A package without a probe would be packed and never used."""
    assert without_probe(environment) == []


def test_n2_compiled_files_are_the_wheels_own(tmp_path: Path) -> None:
    """Ten packages work on a bare machine, and no byte of their compiled files is another than the wheels have."""
    try:
        result = try_out(WHEELS, tmp_path)
    except MissingToolError as error:
        missing(str(error))
    assert (result.findings, result.failed_probes) == ((), ())
    assert (result.edited_files, result.changed_files, result.from_source) == ((), (), ())
    assert result.equal_files > 200
