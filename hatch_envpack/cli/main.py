"""The entry point: everything else is imported where an interruption is already handled."""

from __future__ import annotations

INTERRUPTED = 130
"""128 and the number of the signal, as shells say it."""


def main() -> int:
    """Run the command; return its exit code. Ctrl-C leaves no traceback, whenever it comes."""
    try:
        from hatch_envpack.cli.program import run  # noqa: PLC0415 - see above

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
