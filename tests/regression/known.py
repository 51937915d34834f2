"""What a pack answers differently, and cannot help or means to: each with what it is expected to tell, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.regression.compare import is_in
from tests.regression.suite import PASSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.regression.compare import Difference


@dataclass(frozen=True, slots=True)
class Known:
    """A case that passes before packing."""

    after: tuple[str, ...]
    """What is told of it after."""
    why: str


_FALSE_NAME = Known(
    ("failed",),
    "runs the program under a name (`argv[0]`) that leads nowhere: Python then takes the prefix that was compiled in, "
    "and nothing tells it another one",
)

KNOWN = {
    "test.test_site.HelperFunctionsTests.test_s_option": Known(
        ("skipped", "not run"),  # 3.12.1 does not report what a decorator skips
        "asks whether `-s` switches the user's folder of packages off: in a pack it is off always (I9)",
    ),
    "test.test_site.StartupImportTests.test_startup_imports": Known(
        ("skipped",),
        "skips itself where site-packages has a .pth file, and a pack has one (I7, I9): "
        "`test_nothing_is_imported_at_start` asserts the same of it",
    ),
    "test.test_subprocess.ProcessTestCase.test_executable_without_cwd": _FALSE_NAME,
    "test.test_subprocess.ProcessTestCaseNoPoll.test_executable_without_cwd": _FALSE_NAME,
    "test.test_venv.BasicTest.test_zippath_from_non_installed_posix": Known(
        ("error",),
        "copies the program alone, without its libpython, which only an absolute RUNPATH finds from there; "
        "`venv --copies` works (I8)",
    ),
}
"""By the name of the case. Of its file it is told that it failed, for the sake of the case."""


def is_known(difference: Difference) -> bool:
    """Whether a case was explained, and still is what the explanation is about."""
    known = KNOWN.get(difference.name)
    return known is not None and set(difference.before) == {PASSED} and set(difference.after) <= set(known.after)


def unexplained(found: Iterable[Difference]) -> list[Difference]:
    """Return the differences to mend: neither noise, nor known, nor a file of which all cases are known."""
    steady = [each for each in found if each.is_steady]
    known = [each for each in steady if is_known(each)]
    others = [each for each in steady if not is_known(each)]

    def follows(file: Difference) -> bool:
        of_file = [each for each in steady if each is not file and is_in(each.name, file.name)]
        return bool(of_file) and all(each in known for each in of_file)

    return [each for each in others if not follows(each)]
