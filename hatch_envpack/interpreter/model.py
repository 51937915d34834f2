"""What is known of the interpreter that is packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_SHARED_PREFIXES = ("", "/usr", "/usr/local")


def is_shared(prefix: str) -> bool:
    """Say whether a prefix holds a whole system, and not one installation alone."""
    return prefix.rstrip("/") in _SHARED_PREFIXES


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython installation, as it says of itself. Never a virtual environment: the base behind it."""

    executable: Path
    """The real program, all links followed (``…/bin/python3.12``)."""
    prefix: Path
    version: tuple[int, int, int]
    version_text: str
    """As in ``sys.version`` (``3.13.0rc1``)."""
    abiflags: str
    """``t`` for a free-threaded build."""
    cache_tag: str
    """As in ``__pycache__`` file names: ``cpython-312``."""
    magic: bytes
    """The first bytes of its bytecode files."""
    machine: str
    """As in platform tags: ``x86_64``."""
    stdlib: Path
    platstdlib: Path
    include: Path
    platinclude: Path
    libdir: Path
    site_folders: tuple[Path, ...]
    """Folders for third-party packages (``site-packages``, ``dist-packages``): never packed."""
    libpython: Path | None
    """The shared library, whether the program is linked with it or not; None where the installation has none."""
    multiarch: str
    """Debian's triplet (``x86_64-linux-gnu``) where the build has one, else empty."""
    wheels: Path | None = None
    """``WHEEL_PKG_DIR``: where Linux distributions keep the wheels of ``ensurepip``."""
    platlibdir: str = "lib"
    """``sys.platlibdir``: ``lib64`` where a distribution keeps the standard library there."""
    config_folder: str = "config"
    """The name of the folder in ``stdlib`` that has the makefile: ``config-3.12-x86_64-linux-gnu``."""
    built_prefix: str = ""
    """The prefix that it was configured with: another one than ``prefix`` where the tree was moved since."""
    built_in: tuple[str, ...] = ()
    """The folders of the machine where it was compiled: they are named in its makefile and exist no more."""

    @property
    def short_version(self) -> str:
        """As in folder names: ``3.12``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def tag(self) -> str:
        """As in wheel file names: ``cp312``, ``cp313t``."""
        return f"cp{self.version[0]}{self.version[1]}{self.abiflags if 't' in self.abiflags else ''}"

    @property
    def program(self) -> str:
        """The name of the program in the pack's ``bin``: ``python3.12``, ``python3.13t``."""
        return f"python{self.short_version}{self.abiflags if 't' in self.abiflags else ''}"

    @property
    def library_folder(self) -> str:
        """The name of the standard library's folder in the pack's ``lib``: ``python3.12``."""
        return self.program

    @property
    def is_private(self) -> bool:
        """Whether the prefix holds this installation alone; ``/usr`` and ``/usr/local`` hold the whole system."""
        return not is_shared(str(self.prefix))
