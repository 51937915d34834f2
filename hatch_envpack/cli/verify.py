"""``hatch-envpack verify``: whether a pack is as it was packed."""

from __future__ import annotations

import click

from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.errors import ArchiveError
from hatch_envpack.printable import printable
from hatch_envpack.sums.verify_envpack import SUMS, complaint, praise, told


@click.command(
    cls=Verb,
    examples={
        "hatch-envpack verify dist/app-1.0-*.envpack.tar.zst": "before it is sent",
        "hatch-envpack verify /opt/app": "after it was unpacked, at any time",
        "hatch-envpack verify --strict --quiet /opt/app": "not even bytecode may have been added",
        "hatch-envpack verify https://example.com/app.envpack.tar.gz": "without keeping it",
        "hatch-envpack verify --json -": "from a pipe, for programs",
    },
)
@click.argument("pack")
@click.option("--strict", is_flag=True, help="Files that were added are errors too.")
@click.option("--sha256", metavar="DIGEST", help=f"What the SHA-256 of {SUMS} must be: it is no other pack.")
@click.option("--all", "-a", "show_all", is_flag=True, help="Show all files, not only the first of each kind.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@as_json
def verify(pack: str, *, strict: bool, sha256: str | None, show_all: bool, quiet: bool, as_json: bool) -> None:
    """Compare every byte of PACK with its digests.

    PACK is a file of any format, an unpacked folder, a URL, or - for standard input. Compared are files, targets of
    links, and what can be run. Files that were added, such as bytecode, are told, and are errors with --strict only.

    It finds damage. Who means harm can change the digests too: --sha256 finds that, if you have the right one from
    elsewhere.

    In an unpacked pack `python3 verify_envpack.py` does the same.
    """
    from hatch_envpack import api  # noqa: PLC0415 - late, as all that a verb alone needs
    from hatch_envpack.console.report import ConsoleReport  # noqa: PLC0415

    with ConsoleReport(-2 if quiet else 0) as report:
        report.stage(f"Verifying {printable(pack)}")
        verified = api.verify(pack, progress=report.progress)
    wrong = complaint(verified, strict=strict, sha256=sha256)
    if as_json or not quiet:
        lines = [*map(printable, told(verified, strict=strict, everything=show_all))]
        lines += [] if wrong else [praise(verified)]
        if as_json or lines:
            say({**verified.to_dict(), "ok": not wrong}, lambda: "\n".join(lines), as_json=as_json)
    if wrong:
        raise ArchiveError(f"{pack}: {wrong}")
