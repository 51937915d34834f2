"""``hatch-envpack cache``: look after what builds keep for the builds after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hatch_envpack.cache.admin import cache_folder, clean, prune, usage
from hatch_envpack.cli.quantities import duration, size
from hatch_envpack.cli.verb import Verb, as_json, say
from hatch_envpack.console.text import size_text, table

if TYPE_CHECKING:
    from datetime import timedelta

    from hatch_envpack.cache.admin import Pruned, Usage


@click.group
def cache() -> None:
    """Look after what builds keep for the builds after them.

    The cache is in HATCH_ENVPACK_CACHE_DIR, or else with the user's other caches. It may be removed at any time:
    a build makes anew what it lacks.
    """


@cache.command("dir", cls=Verb, examples={"hatch-envpack cache dir": "where the cache is"})
@as_json
def show_folder(*, as_json: bool) -> None:
    """Print the cache's folder."""
    folder = str(cache_folder())
    say({"folder": folder}, lambda: folder, as_json=as_json)


@cache.command("size", cls=Verb, examples={"hatch-envpack cache size": "what takes how much room"})
@as_json
def show_size(*, as_json: bool) -> None:
    """Print what the cache holds, and how large it is."""
    folder = cache_folder()
    found = usage(folder)
    total = {"entries": sum(each.count for each in found), "bytes": sum(each.size for each in found)}
    kinds = {each.kind: {"entries": each.count, "bytes": each.size} for each in found}
    say({"folder": str(folder), "kinds": kinds, **total}, lambda: _usage_text(found), as_json=as_json)


@cache.command(
    "prune",
    cls=Verb,
    examples={
        "hatch-envpack cache prune --older-than 30d": "remove what no build has used for 30 days",
        "hatch-envpack cache prune --max-size 5GB": "remove the longest unused until 5 GB are left",
    },
)
@click.option("--older-than", type=duration, help="Remove what was not used for so long: 90s, 45m, 12h, 30d, 2w.")
@click.option("--max-size", type=size, help="Remove the longest unused until so much is left: 500MB, 5GB, 5GiB.")
@as_json
def prune_cache(*, older_than: timedelta | None, max_size: int | None, as_json: bool) -> None:
    """Remove what was not used for long. Safe beside running builds: what is in use stays."""
    if older_than is None and max_size is None:
        raise click.UsageError("name --older-than, --max-size or both; `cache clean` removes everything")
    _tell(prune(cache_folder(), older_than, max_size), as_json=as_json)


@cache.command("clean", cls=Verb, examples={"hatch-envpack cache clean": "remove all that is not in use"})
@as_json
def clean_cache(*, as_json: bool) -> None:
    """Remove everything. Safe beside running builds: what is in use stays."""
    _tell(clean(cache_folder()), as_json=as_json)


def _usage_text(found: tuple[Usage, ...]) -> str:
    rows = [(each.kind, f"{each.count:,}", size_text(each.size)) for each in found if each.count]
    total = ("all", f"{sum(each.count for each in found):,}", size_text(sum(each.size for each in found)))
    return "\n".join(table([("kind", "entries", "size"), *rows, total]))


def _tell(done: Pruned, *, as_json: bool) -> None:
    result = {
        "removed": {"entries": done.removed, "bytes": done.removed_size},
        "kept": {"entries": done.kept, "bytes": done.kept_size},
        "in_use": done.in_use,
    }
    say(result, lambda: _pruned_text(done), as_json=as_json)


def _pruned_text(done: Pruned) -> str:
    in_use = f" ({done.in_use} of them in use)" if done.in_use else ""
    return (
        f"removed {done.removed:,} entries ({size_text(done.removed_size)}), "
        f"kept {done.kept:,}{in_use} ({size_text(done.kept_size)})"
    )
