"""What all verbs have: examples in their help, and results for people or for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


class Verb(click.Command):
    """A command whose help ends with examples."""

    def __init__(self, *arguments: Any, examples: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401 - handed on
        """Take ``examples``: command lines, and what they do."""
        super().__init__(*arguments, **options)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for line, meaning in self.examples.items():
                formatter.write(f"{'':{formatter.current_indent}}# {meaning}\n{'':{formatter.current_indent}}{line}\n")


def say(result: Mapping[str, object], text: Callable[[], str], *, as_json: bool) -> None:
    """Print a result, for a program or for people."""
    click.echo(json.dumps(result, indent=2) if as_json else text())
