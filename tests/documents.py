"""What the documents show, to be run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def blocks(path: Path, language: str, section: str = "") -> list[str]:
    """Return the fenced blocks of a language, of the whole document or below one heading."""
    text = path.read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
