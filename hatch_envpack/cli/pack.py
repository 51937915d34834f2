"""``hatch-envpack pack``: an environment that exists becomes a pack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.engines import ENGINES
from hatch_envpack.formats import LEVELS
from hatch_envpack.settings import Allowance

if TYPE_CHECKING:
    from hatch_envpack.api import Packed

_REASON = "accepted on the command line"


@click.command(
    cls=Verb,
    examples={
        "hatch-envpack pack .venv": "write NAME-VERSION-PYTHON-PLATFORM.envpack.tar.zst here",
        "hatch-envpack pack .venv -o env.tar.gz": "the ending says the format",
        "hatch-envpack pack .venv --for spark -o env.tar.gz": "what spark-submit --archives takes",
        "hatch-envpack pack .venv --exclude '**/tests' --exclude-set stubs": "leave files out",
    },
)
@click.argument("prefix", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(), help="A file, or a folder for it; by default, this folder.")
@click.option(
    "--format", "-f", "format_name", type=click.Choice(list(LEVELS)), help="By default, as the file is named."
)
@click.option("--for", "engine", type=click.Choice(list(ENGINES)), help="Choose, and check, what this engine can read.")
@click.option("--name", default="", help="The pack's name; by default, the project's or the folder's.")
@click.option("--version", "version", default="", help="Its version; by default, the project's.")
@click.option("--exclude", "-x", multiple=True, metavar="PATTERN", help="Leave files out, as in .gitignore.")
@click.option("--exclude-set", multiple=True, metavar="SET", help="Leave out tests, stubs, docs or idle.")
@click.option("--include", "-i", multiple=True, metavar="PATTERN", help="Bring back what --exclude takes.")
@click.option("--level", "-l", type=int, default=3, show_default=True, help="The compressor's own level.")
@click.option("--copy-links", is_flag=True, help="Put files in the places of symbolic links.")
@click.option("--strip", is_flag=True, help="Drop debug sections.")
@click.option("--isolated", is_flag=True, help="Commands ignore the caller's PYTHON* variables.")
@click.option(
    "--editable",
    type=click.Choice(["error", "build", "ignore"]),
    default="error",
    show_default=True,
    help="Editable installs: refuse them, pack their wheels, or leave them out.",
)
@click.option("--system-site-packages", is_flag=True, help="Pack what PREFIX sees of its interpreter's packages too.")
@click.option("--no-python", is_flag=True, help="Leave the interpreter out, and link to the one of the target.")
@click.option("--python-prefix", metavar="PATH", help="Where the target has it; by default, where PREFIX has it.")
@click.option("--bytecode/--no-bytecode", default=True, help="Compile every module; on by default.")
@click.option("--verify/--no-verify", default=True, help="Unpack the pack and prove it; on by default.")
@click.option("--accept", "-a", multiple=True, metavar="KIND[=PATTERN]", help="Accept findings of a kind.")
@click.option("--strict", is_flag=True, help="Findings that are not accepted are errors.")
@click.option("--root-directory", default="", metavar="FOLDER", help="Put everything below this folder of the archive.")
@click.option("--force", is_flag=True, help="Replace what lies in the pack's place.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), help="Frames that are compressed at once.")
@click.option("--verbose", "-v", is_flag=True, help="Tell of single files: whose they are not, what is left out.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@as_json
def pack(
    prefix: Path,
    accept: tuple[str, ...],
    format_name: str | None,
    exclude_set: tuple[str, ...],
    *,
    no_python: bool,
    verbose: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - handed on
) -> None:
    """Pack the virtual environment PREFIX with its interpreter.

    PREFIX may have been made by venv, virtualenv, uv, hatch, Poetry or PDM, or be a whole installation with what is
    installed in it. It is only read, never changed. The pack runs where it is unpacked, without any Python, and can be
    moved again.
    """
    from hatch_envpack import api  # noqa: PLC0415 - late, as all that a verb alone needs
    from hatch_envpack.console.report import ConsoleReport  # noqa: PLC0415

    allowances = [_allowance(text) for text in accept]
    with ConsoleReport(-2 if quiet else int(verbose)) as report:
        done = api.pack(
            prefix, format=format_name, exclude_sets=exclude_set, accept=allowances, report=report,
            verbose=verbose, python=not no_python, **options,
        )  # fmt: skip
    if as_json or not quiet:
        say(_result(done), lambda: str(done.path), as_json=as_json)


def _allowance(text: str) -> Allowance:
    kind, _, pattern = text.partition("=")
    if not kind:
        raise click.BadParameter(f"{text!r} names no kind of finding", param_hint="--accept")
    return Allowance(kind, _REASON, pattern)


def _result(done: Packed) -> dict[str, object]:
    return {
        "pack": str(done.path),
        "format": done.format,
        "bytes": done.size,
        "segments": [
            {"name": each.name, "files": each.files, "bytes": each.raw, "compressed": each.packed}
            for each in done.segments
        ],
        "findings": [finding.to_dict() for finding in done.findings],
    }
