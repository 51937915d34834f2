"""The command itself: its verbs, loaded when they are asked for, and what becomes of an error."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from hatch_envpack import __version__
from hatch_envpack.cli.main import INTERRUPTED
from hatch_envpack.errors import EnvpackError

NAME = "hatch-envpack"
VERBS = ("pack", "inspect", "diff", "verify", "unpack", "cache", "completion")
"""In the order of the help. The module of the same name in this folder holds the verb, under the same name."""

_CODES = ((0, "all is well"), (1, "an error, in one line on standard error"), (2, "the command line is wrong"))


class Failure(click.ClickException):
    """How an `EnvpackError` is shown."""

    def __init__(self, error: EnvpackError) -> None:
        super().__init__(str(error))
        self._detail = error.detail

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - as it is inherited
        """Write the line, and the detail below it."""
        for line in (f"error: {self.message}", self._detail):
            if line:
                click.echo(line, file=file or sys.stderr)


class Program(click.Group):
    """A group that imports a verb when it is named, or when help lists all of them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the verbs."""
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb, or return nothing when there is none of this name."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"hatch_envpack.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as it is inherited
        """Run the verb; what the user can mend is an error of the command line's."""
        try:
            return super().invoke(ctx)
        except EnvpackError as error:
            raise Failure(error) from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in _CODES])


@click.group(name=NAME, cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name=NAME, message="%(prog)s %(version)s")
def program() -> None:
    """Work with packs: relocatable Python environments in one file.

    Packs are built by `hatch build -t envpack`. `hatch-envpack VERB --help` shows examples.
    """


def run() -> int:
    """Run the command with the arguments of this process; return its exit code."""
    try:
        code: int | None = program.main(prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return code or 0
