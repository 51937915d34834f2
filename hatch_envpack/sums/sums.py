"""``envpack.sha256``: the digest of every file, as ``sha256sum --check`` reads it, and the target of every link.

Links stand in comments, which it skips: https://www.gnu.org/software/coreutils/manual/html_node/cksum-general-options.html.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.sums import verify_envpack
from hatch_envpack.sums.verify_envpack import LINK, SUMS, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATH = SUMS
PROGRAM = "verify_envpack.py"
"""The name of the program in the pack that compares an unpacked one."""


def sums_text(files: Mapping[str, str], links: Iterable[tuple[str, str]]) -> bytes:
    """Return the list; ``files`` has a SHA-256 in hexadecimal digits for each path."""
    lines = []
    for path, digest in sorted(files.items()):
        name, has_escapes = escaped(path)
        lines.append(f"{chr(92) if has_escapes else ''}{digest}  {name}\n")
    lines += [f"{LINK}{json.dumps([target, path])}\n" for path, target in sorted(links)]
    return "".join(lines).encode("utf-8", "surrogateescape")


def program_entry() -> Entry:
    """Return the program, as it lies in the pack."""
    return Entry(PurePosixPath(PROGRAM), content=Path(verify_envpack.__file__).read_bytes())
