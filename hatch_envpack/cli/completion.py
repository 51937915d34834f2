"""``hatch-envpack completion``: let a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hatch_envpack.cli.verb import Verb

_VARIABLE = "_HATCH_ENVPACK_COMPLETE"
"""How the script asks the command, as click derives it from the command's name."""


@click.command(
    cls=Verb,
    examples={
        'eval "$(hatch-envpack completion bash)"': "in ~/.bashrc",
        'eval "$(hatch-envpack completion zsh)"': "in ~/.zshrc, below compinit",
        "hatch-envpack completion fish > ~/.config/fish/completions/hatch-envpack.fish": "once, for fish",
    },
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete verbs and options."""
    root = context.find_root()
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all three
    click.echo(kind(root.command, {}, str(root.info_name), _VARIABLE).source())
