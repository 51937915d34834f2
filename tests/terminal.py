"""A real pseudo-terminal for programs, and what somebody before it sees."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LINES = 60
_NEUTRAL = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""What would decide for the terminal: the tests say themselves which of it there is."""


@dataclass(frozen=True)
class Seen:
    """What a program did to the terminal."""

    code: int
    raw: bytes
    pictures: tuple[str, ...]
    """The screen after every change, without what is empty."""
    cursor_hidden: bool
    output: str
    """Standard output, where it was not the terminal."""

    @property
    def end(self) -> str:
        """The screen as it is left."""
        return self.pictures[-1] if self.pictures else ""


def look(
    command: Sequence[str | Path],
    variables: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    columns: int = 100,
    piped: bool = False,
    interrupt_at: str = "",
) -> Seen:
    """Run ``command`` with a terminal; its standard output is one too unless it is ``piped``.

    Ctrl-C is pressed when ``interrupt_at`` is first on the screen.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _NEUTRAL}
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**kept, "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1", **(variables or {})},
        stdin=theirs,
        stdout=subprocess.PIPE if piped else theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one thread only
    )
    os.close(theirs)
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    raw = b""
    pictures = []
    # the kernel says that the terminal has no users any more
    with suppress(OSError):
        while chunk := os.read(ours, 4096):
            raw += chunk
            stream.feed(chunk)
            pictures.append("\n".join(line.rstrip() for line in screen.display).strip("\n"))
            if interrupt_at and interrupt_at in pictures[-1]:
                interrupt_at = ""
                os.killpg(process.pid, signal.SIGINT)
    output = process.stdout.read().decode() if process.stdout else ""
    if process.stdout:
        process.stdout.close()
    os.close(ours)
    return Seen(process.wait(30), raw, tuple(pictures), screen.cursor.hidden, output)
