"""``hatch-envpack diff``: what differs between two packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.console.text import size_text, table
from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.contents.diff import Difference


@click.command(
    cls=Verb,
    examples={
        "hatch-envpack diff app-1.0-*.envpack.tar.zst app-1.1-*.envpack.tar.zst": "what the new release brings",
        "hatch-envpack diff --json old new": "for programs",
    },
)
@click.argument("old")
@click.argument("new")
@as_json
def diff(old: str, new: str, *, as_json: bool) -> None:
    """Print what differs between two packs.

    OLD and NEW are files of any format, folders or URLs. Nothing is unpacked.
    """
    from hatch_envpack import api  # noqa: PLC0415 - late, as all that a verb alone needs

    found = api.diff(old, new)
    say(found.to_dict(), lambda: "\n".join(map(printable, _lines(found))), as_json=as_json)


def _lines(found: Difference) -> Iterator[str]:
    if found.is_none:
        yield "the packs tell the same of themselves"
        return
    yield from (f"{each.name}: {each.old or 'none'} -> {each.new or 'none'}" for each in found.facts)
    for each in found.distributions:
        if not each.old:
            yield f"added {each.name} {each.new}"
        elif not each.new:
            yield f"removed {each.name} {each.old}"
        else:
            yield f"changed {each.name} {each.old} -> {each.new}"
    if found.sizes:
        rows = [
            (name.removeprefix("distribution:"), size_text(old), size_text(new), _signed(new - old))
            for name, old, new in sorted(found.sizes, key=lambda row: -abs(row[2] - row[1]))
        ]
        total = ("all", size_text(found.old_size), size_text(found.new_size), _signed(found.new_size - found.old_size))
        yield from table([("segment", "old", "new", "difference"), *rows, total])


def _signed(size: int) -> str:
    return f"{'-' if size < 0 else '+'}{size_text(abs(size))}"
