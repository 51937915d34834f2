"""``RECORD``, written from what was really packed.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from hatch_envpack.environment.distributions import Distribution


_ALGORITHMS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_"))
"""The specification asks for sha256 or better; old wheels have sha1 and md5. A shake has no length of its own."""


@dataclass(frozen=True, slots=True, order=True)
class RecordValue:
    """The second and third column of a row, as they are written."""

    digest: str = ""
    size: str = ""


def record_value(data: bytes) -> RecordValue:
    """Return what ``RECORD`` says of this content: URL-safe base64 without padding, and the size in bytes."""
    return RecordValue(_text("sha256", hashlib.sha256(data).digest()), str(len(data)))


class Digest:
    """Computes the digest of a content in the way that a row of ``RECORD`` has it, and compares the two.

    Without a row everything fits.
    """

    def __init__(self, expected: str) -> None:
        """Take the row's second column, such as ``sha256=…``."""
        self._expected = expected
        name = expected.partition("=")[0]
        self.is_known = not expected or name in _ALGORITHMS
        """Whether the row has a digest that can be compared, or none."""
        self._sha256 = hashlib.sha256()
        other = name in _ALGORITHMS and name != "sha256"
        self._hash = hashlib.new(name, usedforsecurity=False) if other else self._sha256

    def update(self, chunk: bytes) -> None:
        """Add the next piece of the content."""
        self._sha256.update(chunk)
        if self._hash is not self._sha256:
            self._hash.update(chunk)

    @property
    def sha256(self) -> str:
        """SHA-256 of what was added, in hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def text(self) -> str:
        """The digest of what was added, as in a row; empty when there was none to compare with."""
        if not self._expected:
            return ""
        return _text(self._hash.name, self._hash.digest())

    def value(self, size: int) -> RecordValue:
        """Return what ``RECORD`` is to say of what was added, of which there are ``size`` bytes."""
        return RecordValue(_text("sha256", self._sha256.digest()), str(size))

    @property
    def fits(self) -> bool:
        """Whether the content is the row's; some old tools leave the padding."""
        return not self._expected or self.text == self._expected.rstrip("=")


def _text(algorithm: str, digest: bytes) -> str:
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def record_entry(
    distribution: Distribution,
    site_packages: PurePosixPath,
    packed: Iterable[PurePosixPath],
    changed: Mapping[PurePosixPath, RecordValue],
    bytecode: Iterable[PurePosixPath],
) -> Entry:
    """Return the ``RECORD`` of a distribution.

    ``packed`` are the files that were written, ``changed`` says what is new of those that a fixer changed. Bytecode has
    rows without digest, as pip writes them.
    """
    known = {row.path: RecordValue(row.digest, row.size) for row in distribution.rows}
    rows = {path: changed.get(path) or known[path] for path in packed}
    rows |= dict.fromkeys((*bytecode, distribution.info / "RECORD"), RecordValue())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    start = f"{site_packages}/"
    for path, value in sorted((str(path), value) for path, value in rows.items()):
        name = path.removeprefix(start) if path.startswith(start) else posixpath.relpath(path, site_packages)
        writer.writerow((name, value.digest, value.size))
    return Entry(distribution.info / "RECORD", content=text.getvalue().encode("utf-8", "surrogateescape"))
