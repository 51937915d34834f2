"""The built-in exclude sets, registered as any plugin's."""

from __future__ import annotations

from hatch_envpack.markers import hookimpl
from hatch_envpack.segment.exclude import ExcludeSet

_SETS = (
    ExcludeSet(
        "credentials",
        (
            "pip.conf", "pip.ini", "uv.toml", ".pypirc", ".netrc", "_netrc", ".npmrc", ".git-credentials", ".env",
            "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.key", "*.ppk", "*.p12", "*.pfx", "*.kdbx", "*.keytab",
            ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".htpasswd", ".ssh/", ".gnupg/", ".aws/", ".azure/", ".kube/",
            ".docker/",
        ),
        "it may hold what nobody else is to have",
        always=True,
        finding="credentials",
    ),
    ExcludeSet(
        "caches",
        (
            ".cache/", ".git/", ".hg/", ".svn/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".hypothesis/",
            ".tox/", ".nox/", ".ipynb_checkpoints/", ".DS_Store", "Thumbs.db", ".coverage", ".nfs*", "*.swp",
            "pip-selfcheck.json",
        ),
        "programs make it anew",
        always=True,
    ),
    ExcludeSet(
        "tests",
        ("lib/python3.*/site-packages/**/tests/", "lib/python3.*/site-packages/**/test/"),
        "tests of the distributions; few programs import them",
    ),
    ExcludeSet("stubs", ("*.pyi", "py.typed"), "only type checkers read them"),
    ExcludeSet("docs", ("share/doc/", "share/man/", "share/info/"), "only people read them"),
    ExcludeSet(
        "idle",
        ("lib/python3.*/idlelib/", "lib/python3.*/turtledemo/", "bin/idle3*"),
        "programs to learn Python with",
    ),
)  # fmt: skip


@hookimpl
def hatch_envpack_exclude_sets() -> tuple[ExcludeSet, ...]:
    """Return them in the order in which they are tried."""
    return _SETS
