"""``hatch-envpack inspect``: what is in a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.console.text import size_text, table
from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.contents.contents import Contents

_SHOWN = 10


@click.command(
    cls=Verb,
    examples={
        "hatch-envpack inspect dist/app-1.0-*.envpack.tar.zst": "what it is, what it needs, what is large",
        "hatch-envpack inspect https://example.com/app.envpack.tar.zst": "without fetching all of it",
        "hatch-envpack inspect -": "from a pipe",
        "hatch-envpack inspect --json app.envpack": "for programs",
    },
)
@click.argument("pack")
@click.option("--all", "-a", "show_all", is_flag=True, help="Show all distributions and findings, not only the first.")
@as_json
def inspect(pack: str, *, show_all: bool, as_json: bool) -> None:
    """Print what is in PACK, and what it needs.

    PACK is a file of any format, a folder, a URL, or - for standard input.

    Nothing is unpacked, and only what is needed is read.
    """
    from hatch_envpack import api  # noqa: PLC0415 - late, as all that a verb alone needs

    contents = api.inspect(pack)
    say(contents.to_dict(), lambda: "\n".join(map(printable, _lines(contents, show_all=show_all))), as_json=as_json)


def _lines(contents: Contents, *, show_all: bool) -> Iterator[str]:
    size = sum(part.size for part in contents.parts)
    packed = f", {size_text(contents.size)} packed" if contents.size is not None else ""
    yield f"{contents.name} {contents.version}".rstrip()
    yield f"Python {contents.python} for {contents.platform_tag}"
    yield f"{sum(part.files for part in contents.parts):,} files, {size_text(size)}{packed}"
    yield from _needs(contents)
    if contents.scripts:
        yield f"commands: {', '.join(contents.scripts)}"
    yield ""
    parts = sorted(contents.parts, key=lambda part: -part.size)
    rows = [
        (
            part.name.removeprefix("distribution:"),
            contents.distributions.get(part.name.removeprefix("distribution:"), ""),
            f"{part.files:,}",
            size_text(part.size),
            "" if part.compressed is None else size_text(part.compressed),
        )
        for part in (parts if show_all else parts[:_SHOWN])
    ]
    yield from table([("segment", "version", "files", "size", "packed"), *rows])
    yield from _more(len(parts) - len(rows))
    if contents.largest:
        yield ""
        yield from table([("file", "size"), *((path, size_text(size)) for path, size in contents.largest[:_SHOWN])])
    open_findings = [finding for finding in contents.findings if show_all or not finding.accepted]
    if open_findings:
        yield ""
        shown = open_findings if show_all else open_findings[:_SHOWN]
        yield from (f"{finding}{f' (accepted: {finding.accepted})' if finding.accepted else ''}" for finding in shown)
        yield from _more(len(open_findings) - len(shown))


def _needs(contents: Contents) -> Iterator[str]:
    if contents.python_prefix:
        yield f"needs Python {'.'.join(contents.python.split('.')[:2])} in {contents.python_prefix}: it is not packed"
    match contents.needs:
        case {"glibc": {"version": str(version)}}:
            yield f"needs glibc {version} or newer"
    match contents.needs:
        case {"cpu": {"level": str(level)}} if level != "x86-64":
            yield f"needs a CPU of level {level}"
    match contents.needs:
        case {"missing_libraries": [*missing]} if missing:
            yield f"needs libraries that it does not bring: {', '.join(map(str, missing))}"


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"and {count} more: --all shows them"
