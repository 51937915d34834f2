"""What runs on clusters, and which packs it can take."""

from __future__ import annotations

from dataclasses import dataclass

from hatch_envpack.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that unpacks an archive where its workers run."""

    title: str
    formats: tuple[str, ...]
    """What it can take, the best first."""
    endings: tuple[str, ...]
    """How a file's name must end, since that tells it the format."""
    reasons: dict[str, str]
    """Why it cannot take one of the others."""

    def check(self, format_name: str, file_name: str) -> None:
        """Raise `ConfigError` for what it cannot take; ``file_name`` is empty where we choose it."""
        wanted = f"use {' or '.join(self.formats)}"
        if format_name not in self.formats:
            reason = self.reasons.get(format_name, "it does not know it")
            raise ConfigError(f"{self.title} cannot take the format {format_name}: {reason}: {wanted}")
        if file_name and not file_name.endswith(self.endings):
            raise ConfigError(
                f"{self.title} tells an archive by its name, and would not unpack {file_name}: end it with "
                f"{' or '.join(self.endings)}"
            )


_NO_LINKS = "it would write links as text files (Hadoop unpacks a zip in Java)"

ENGINES = {
    "spark": Engine(
        "Spark",
        ("tar.gz", "tar"),
        (".tar.gz", ".tgz", ".tar"),
        {"tar.zst": "it has no zstd for archives", "zip": _NO_LINKS},
    ),
}
