"""Test cases that a pack answers differently by intent, and why. None of them fails: they skip themselves."""

from __future__ import annotations

KNOWN = {
    "test.test_site.HelperFunctionsTests.test_s_option": (
        "asks whether `-s` switches the user's folder of packages off: in a pack it is off always (I9)"
    ),
    "test.test_site.StartupImportTests.test_startup_imports": (
        "does not want to be run where site-packages has a .pth file: a pack has one (I7, I9, D3), and "
        "`test_nothing_more_is_imported_at_start` asserts the same of it"
    ),
}
