"""The environments of `tests.packages.run`: that each is complete, and one of them as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import missing
from tests.packages.environments import ENVIRONMENTS, WHEELS
from tests.packages.trial import package_names, probes, try_out
from tests.targets.roots import MissingToolError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_package_has_a_probe() -> None:
    """A package without a probe would be packed and never used; a probe without a package would never run."""
    assert {name for each in (WHEELS, *ENVIRONMENTS) for name in package_names(each)} == set(probes())


def test_n2_compiled_files_are_the_wheels_own(tmp_path: Path) -> None:
    """Ten packages work on a bare machine, and no byte of their compiled files is another than the wheels have."""
    try:
        result = try_out(WHEELS, tmp_path)
    except MissingToolError as error:
        missing(str(error))
    assert (result.findings, result.failed_probes) == ((), ())
    assert (result.edited_files, result.changed_files, result.from_source) == ((), (), ())
    assert result.equal_files > 200
