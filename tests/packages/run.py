"""Packs widely used packages, and uses them on a bare machine; run by hand, since it takes gigabytes and an hour.

    python -m tests.packages.run [--json FILE] [--no-wheels] [NAME ...]

For each environment of `tests.packages.environments` a project with nothing but these dependencies is packed by
``hatchling build -t envpack``, unpacked into a root of Debian 13 that has no Python, and each package's probe runs
there, in a process of its own. No finding may be left that the environment does not accept with a reason, and every
compiled file of a wheel must be the wheel's, byte for byte. What is built from source needs the Debian packages that
the environment names; the program says which are missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.packages.environments import ENVIRONMENTS
from tests.packages.trial import missing_packages, try_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.packages.trial import Result


def _table(results: Sequence[Result]) -> str:
    head = "environment packMB treeMB files ELF equal edited changed seconds probes accepted open".split()  # noqa: SIM905 - as a table has it
    rows = [
        (
            each.name, f"{each.pack_bytes / 1e6:.1f}", f"{each.tree_bytes / 1e6:.1f}", str(each.files),
            str(each.elf_files), str(each.equal_files),
            str(len(each.edited_files)), str(len(each.changed_files)), f"{each.build_seconds:.0f}",
            f"{each.probes - len(each.failed_probes)}/{each.probes}", str(len(each.accepted)), str(len(each.findings)),
        )
        for each in results
    ]  # fmt: skip
    return "\n".join("  ".join(f"{cell:>11}" for cell in row) for row in (head, *rows))


def _main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="environments; all if none is given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    parser.add_argument("--no-wheels", action="store_true", help="do not download the wheels to compare with")
    asked = parser.parse_args()
    chosen = [each for each in ENVIRONMENTS if each.name in asked.names or not asked.names]
    if missing := sorted({name for each in chosen for name in missing_packages(each)}):
        parser.error(f"install these Debian packages first: {' '.join(missing)}")
    results = []
    for environment in chosen:
        with tempfile.TemporaryDirectory(prefix="packages-") as folder:
            result = try_out(environment, Path(folder), wheels=not asked.no_wheels)
        results.append(result)
        wrong = {"FINDING": result.findings, "PROBE": result.failed_probes, "CHANGED": result.changed_files}
        for line in (*result.accepted, *result.edited_files, *(f"{k} {v}" for k, each in wrong.items() for v in each)):
            print(f"{result.name}: {line}", flush=True)
    print(_table(results))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(each) for each in results], indent=2))
    return 0 if all(each.is_good for each in results) else 1


if __name__ == "__main__":
    sys.exit(_main())
