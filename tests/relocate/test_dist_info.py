"""Files of ``.dist-info`` folders that tell of the build."""

from __future__ import annotations

import pytest

from hatch_envpack.environment.direct_url import without_credentials


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:secret@example.org/a.whl", "https://example.org/a.whl"),
        ("https://token@example.org:8443/a.whl?x=1#sha256=2", "https://example.org:8443/a.whl?x=1#sha256=2"),
        ("ssh://git@example.org/repo.git", "ssh://git@example.org/repo.git"),
        ("https://git:secret@example.org/repo.git", "https://example.org/repo.git"),
        ("https://example.org/a.whl", "https://example.org/a.whl"),
    ],
)
def test_c8_credentials_are_removed(url: str, clean: str) -> None:
    """User and password go, the user ``git`` of PEP 610 stays, all else is as it was."""
    assert without_credentials(url) == clean
