"""The one error tree: everything here is something that a user can mend."""

from __future__ import annotations

from hatch_envpack.printable import printable


class EnvpackError(Exception):
    """A failure that the user can mend; its text is one line that says what is wrong, where, and what to do.

    ``detail`` is shown below the line: the explanation of another program (an installer, a build backend), or what the
    line counts. Neither holds a control character, whatever the names of files do.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(printable(message))
        self.detail = "\n".join(printable(line.expandtabs()) for line in detail.strip().splitlines())


class ConfigError(EnvpackError):
    """A field of ``[tool.hatch.build.targets.envpack]`` has no usable value."""


class InterpreterError(EnvpackError):
    """The interpreter that was asked for is missing, broken, or of a kind that cannot be packed."""


class InstallError(EnvpackError):
    """The project's wheel could not be built, or its dependencies could not be installed."""


class LibraryError(EnvpackError):
    """A shared library that a packed file needs cannot be found, or is not allowed."""


class RelocationError(EnvpackError):
    """A file cannot be made to work in another place."""


class ArchiveError(EnvpackError):
    """The archive cannot be written or read."""


class CacheError(EnvpackError):
    """The cache's folder cannot be used, or is not the cache's."""


class VerificationError(EnvpackError):
    """The finished pack did not run when it was unpacked somewhere else."""


class PluginError(EnvpackError):
    """An installed plugin of this program cannot be loaded."""


class FindingsError(EnvpackError):
    """There are findings, and ``strict`` makes them errors."""
