"""``hatch-envpack unpack``: a pack becomes a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.console.text import size_text

if TYPE_CHECKING:
    from hatch_envpack.extract.unpack import Unpacked


@click.command(
    cls=Verb,
    examples={
        "hatch-envpack unpack dist/app-1.0-*.envpack.tar.zst /opt/app": "then run /opt/app/bin/app",
        "hatch-envpack unpack --jobs 1 app.envpack.tar.zst ./app": "leave the other cores to others",
    },
)
@click.argument("pack", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    help="Processes that share the work; one for each core by default.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@as_json
def unpack(pack: Path, folder: Path, *, jobs: int | None, quiet: bool, as_json: bool) -> None:
    """Unpack PACK into FOLDER, on all cores.

    FOLDER must be missing or empty, and appears when all is written, not before. Plain `tar --zstd -xf` unpacks a
    pack as well.
    """
    from hatch_envpack.console.report import ConsoleReport  # noqa: PLC0415 - late, as all that a verb alone needs
    from hatch_envpack.extract.unpack import unpack as unpack_pack  # noqa: PLC0415

    with ConsoleReport(-2 if quiet else 0) as report:
        report.stage(f"Unpacking {pack.name}")
        done = unpack_pack(pack, folder, jobs=jobs, progress=report.progress)
    if as_json or not quiet:
        result = {"folder": str(done.folder), "files": done.files, "links": done.links, "bytes": done.bytes}
        say(result, lambda: _text(done), as_json=as_json)


def _text(done: Unpacked) -> str:
    return f"unpacked {done.files:,} files ({size_text(done.bytes)}) into {done.folder}"
