"""What a pack answers differently, and cannot help or means to: each with what it is expected to tell, and why."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.regression.compare import is_in
from tests.regression.suite import NOT_RUN, PASSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.regression.compare import Difference


@dataclass(frozen=True, slots=True)
class Known:
    """Cases of which a pack tells something else."""

    names: str
    """As a pattern of a shell."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    why: str

    def covers(self, difference: Difference) -> bool:
        """Whether this is it, and still is what the explanation is about."""
        told = set(difference.before) <= set(self.before) and set(difference.after) <= set(self.after)
        return told and fnmatch.fnmatchcase(difference.name, self.names)


KNOWN = (
    Known(
        "test.test_subprocess.ProcessTestCase*.test_executable_without_cwd",
        (PASSED,),
        ("failed",),
        "runs the program under a name (`argv[0]`) that leads nowhere: Python then takes the prefix of its build, "
        "and nothing tells it another one",
    ),
    Known(
        "test.test_venv.BasicTest.test_zippath_from_non_installed_posix",
        (PASSED,),
        ("error",),
        "copies the program alone, without its libpython, which only an absolute RUNPATH finds from there; "
        "`venv --copies` works (I8)",
    ),
    Known(
        "test.test_site.HelperFunctionsTests.test_s_option",
        (PASSED,),
        ("skipped", NOT_RUN),  # 3.12.1 does not report what a decorator skips
        "asks whether `-s` switches the user's folder of packages off: in a pack it is off always (I9)",
    ),
    Known(
        "test.test_site.StartupImportTests.test_startup_imports",
        (PASSED,),
        ("skipped",),
        "skips itself where site-packages has a .pth file, and a pack has one (I7, I9): "
        "`test_nothing_is_imported_at_start` asserts the same of it",
    ),
    Known(
        "test.test_ensurepip.TestBootstrap*",
        ("error",),
        (PASSED,),
        "Debian switches `ensurepip` off for the system's own Python, which a pack is not (I8)",
    ),
)


def is_known(difference: Difference) -> bool:
    """Whether a case was explained. Of its file it is told that it failed, for the sake of the case."""
    return any(known.covers(difference) for known in KNOWN)


def unexplained(found: Iterable[Difference]) -> list[Difference]:
    """Return the differences to mend: neither noise, nor known, nor a file of which all cases are known."""
    steady = [each for each in found if each.is_steady]
    known = [each for each in steady if is_known(each)]
    others = [each for each in steady if not is_known(each)]

    def follows(file: Difference) -> bool:
        of_file = [each for each in steady if each is not file and is_in(each.name, file.name)]
        return bool(of_file) and all(each in known for each in of_file)

    return [each for each in others if not follows(each)]
