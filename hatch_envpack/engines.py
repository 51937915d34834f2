"""What runs on clusters, and which packs it can take."""

from __future__ import annotations

from dataclasses import dataclass, field

from hatch_envpack.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that unpacks an archive where its workers run."""

    title: str
    formats: dict[str, tuple[str, ...]]
    """What it can take, the best first, and how a file's name must end to be taken for that."""
    without_links: frozenset[str] = frozenset()
    """Those of which it unpacks no symbolic links, so that they need copies."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why it cannot take one of the others."""

    def check(self, format_name: str, file_name: str) -> None:
        """Raise `ConfigError` for what it cannot take; ``file_name`` is empty where we choose it."""
        if format_name not in self.formats:
            reason = self.reasons.get(format_name, "it does not know it")
            wanted = " or ".join(self.formats)
            raise ConfigError(f"{self.title} cannot take the format {format_name}: {reason}: use {wanted}")
        endings = self.formats[format_name]
        if file_name and not file_name.lower().endswith(endings):
            raise ConfigError(
                f"{self.title} tells an archive by its name, and would not unpack {file_name}: end it with "
                f"{' or '.join(endings)}"
            )


_TAR_GZ = (".tar.gz", ".tgz")
_NO_ZSTD = "it has no zstd for archives"

ENGINES = {
    # Spark runs `tar` for a tar.gz, and has Java take a tar and a zip apart: core's Utils.unpack, Hadoop's FileUtil
    "spark": Engine(
        "Spark",
        {"tar.gz": _TAR_GZ, "zip": (".zip",)},
        frozenset({"zip"}),
        {"tar.zst": _NO_ZSTD, "tar": "it unpacks one in Java, and no file can be executed then"},
    ),
    # its CompressionUtils run `tar`, and keep modes and links of a zip
    "flink": Engine(
        "Flink",
        {"tar.gz": _TAR_GZ, "zip": (".zip",), "tar": (".tar",)},
        reasons={"tar.zst": _NO_ZSTD},
    ),
    # its runtime_env/packaging.py skips the links of a tar, and writes those of a zip as text files
    "ray": Engine(
        "Ray",
        {"zip": (".zip",), "tar.gz": _TAR_GZ},
        frozenset({"zip", "tar.gz"}),
        {"tar.zst": "it has no zstd for working directories", "tar": "it knows only compressed ones"},
    ),
}
