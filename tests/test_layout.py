"""The layout: where build paths lie in the pack."""

from __future__ import annotations

from pathlib import PurePosixPath

from hatch_envpack.layout import Layout, Root

_LAYOUT = Layout(
    (
        Root("/usr", PurePosixPath(), exact=True),
        Root("/usr/lib", PurePosixPath("lib"), exact=True),
        Root("/usr/lib/python3.11", PurePosixPath("lib/python3.11"), private=False),
        Root("/tmp/env", PurePosixPath()),
    )
)


def test_locate_takes_the_longest_root() -> None:
    """A path is found below the nearest root; an exact root has nothing below it."""
    assert _LAYOUT.locate("/usr/lib/python3.11/os.py") == PurePosixPath("lib/python3.11/os.py")
    assert _LAYOUT.locate("/usr/lib") == PurePosixPath("lib")
    assert _LAYOUT.locate("/usr/bin/install") is None
    assert _LAYOUT.locate("/tmp/env/bin/x") == PurePosixPath("bin/x")
    assert _LAYOUT.locate("/tmp/environment") is None


def test_substitute_leaves_other_paths_alone() -> None:
    """Only whole paths are replaced; what follows a root stays."""
    text = "prefix=/usr /usr/bin/gcc -L/usr/lib /usr/lib/x86 /usr/lib/python3.11/config '/tmp/env/bin' /tmp/envy"
    assert _LAYOUT.substitute(text, lambda target: f"<{target}>") == (
        "prefix=<.> /usr/bin/gcc -L<lib> /usr/lib/x86 <lib/python3.11>/config '<.>/bin' /tmp/envy"
    )


def test_build_paths_are_those_that_must_not_be_left() -> None:
    """Ordinary system folders are not build paths."""
    assert _LAYOUT.build_paths == ("/tmp/env",)
