"""Reading the small files by which an environment describes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.errors import InstallError
from hatch_envpack.regular import open_regular

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 64 << 20
"""More than this is damage: the ``RECORD`` of the largest known distributions has 2 MB."""


def read_small(path: Path) -> bytes | None:
    """Return the content of a file, and None where there is none. Raises `InstallError`."""
    try:
        with open_regular(path) as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InstallError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise InstallError(
            f"{path} is larger than {_LARGEST >> 20} MiB, so that it is damaged: install anew what it is of"
        )
    return data
