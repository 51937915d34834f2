"""The mark of the cache's folder."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.cache.tag import claim, is_tagged
from hatch_envpack.errors import CacheError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("present", [[], ["lost+found"], [".tmp-of-another-build"]])
def test_a_new_or_empty_folder_is_claimed(tmp_path: Path, present: list[str]) -> None:
    """The folder is made; what is no content of anybody's does not disturb."""
    root = tmp_path / "a" / "cache"
    for name in present:
        (root / name).mkdir(parents=True)
    assert not is_tagged(root)
    claim(root)
    claim(root)
    assert is_tagged(root)


def test_backups_leave_the_cache_out(tmp_path: Path) -> None:
    """GNU tar, as backup programs do, knows the folder for a cache."""
    claim(tmp_path / "cache")
    (tmp_path / "cache/frames").mkdir()
    command = ["tar", "-cf", "/dev/null", "--exclude-caches-all", "-C", str(tmp_path), "-v", "."]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert listed.splitlines() == ["./"]


def test_a_folder_with_other_things_is_not_claimed(tmp_path: Path) -> None:
    """A home folder does not become a cache because a variable names it."""
    (tmp_path / "letters").mkdir()
    with pytest.raises(CacheError, match=r"such as letters: set HATCH_ENVPACK_CACHE_DIR"):
        claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_the_tag_of_another_program_is_not_ours(tmp_path: Path) -> None:
    """Cargo's and uv's caches begin with the same signature."""
    (tmp_path / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# made by cargo\n")
    assert not is_tagged(tmp_path)
    with pytest.raises(CacheError, match="holds things that are not of the cache"):
        claim(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its way is named in one line."""
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match=r"the cache folder .*/file/cache cannot be made: Not a directory"):
        claim(tmp_path / "file/cache")
