"""The entry point: everything else is imported where an interruption is already handled."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130
_BROKEN_PIPE = 141
"""128 and the number of the signal, as shells say it."""


def main() -> int:
    """Run the command; return its exit code. Never a traceback for Ctrl-C, nor when nobody reads the output."""
    try:
        from hatch_envpack.cli.program import run  # noqa: PLC0415 - see above

        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # what is still buffered would fail again when Python ends: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code
