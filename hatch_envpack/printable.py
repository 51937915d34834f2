"""Text as a terminal can show it."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return the text as one line, with what a terminal cannot show, or would obey, as ``\x..``.

    File names may hold anything.
    """
    shown = (char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return "".join(shown).encode("utf-8", "backslashreplace").decode()
