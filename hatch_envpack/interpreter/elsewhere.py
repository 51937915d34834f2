"""What stands in the place of an interpreter that is not packed: links to the one that its target has.

The pack is then what `venv` makes, but for the folder that it was made in, which nothing in it names. One link alone
leads out of it, and where to follows from the manifest.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.errors import ConfigError
from hatch_envpack.printable import printable

if TYPE_CHECKING:
    from hatch_envpack.interpreter.model import Interpreter

LINK = PurePosixPath("bin/python")
"""The link that leads out."""
CONFIG = PurePosixPath("pyvenv.cfg")

_TAG = re.compile(r"cp3([0-9]{1,3})(t?)")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An interpreter that is not packed."""

    program: str
    """Its absolute path at the target; it lies in ``bin``."""
    interpreter: Interpreter
    """One of the same version, on this machine."""
    system_site: bool
    """Whether its packages can be seen too."""

    @property
    def prefix(self) -> str:
        """The folder of its installation."""
        return posixpath.dirname(posixpath.dirname(self.program))

    @property
    def link(self) -> Entry:
        """The link that leads out."""
        return Entry(LINK, link=self.program)

    @property
    def config(self) -> Entry:
        """What makes a virtual environment of the pack. https://docs.python.org/3/library/site.html."""
        lines = [
            f"home = {posixpath.dirname(self.program)}",
            f"include-system-site-packages = {str(self.system_site).lower()}",
            f"version = {self.interpreter.version_text}",
        ]
        return Entry(CONFIG, content="".join(f"{line}\n" for line in lines).encode())

    @property
    def entries(self) -> list[Entry]:
        """All that is the environment's own, but for activation scripts."""
        names = {"python3", f"python{self.interpreter.short_version}", self.interpreter.program}
        links = [Entry(LINK.with_name(name), link=LINK.name) for name in sorted(names)]
        return [self.config, self.link, *links]


def elsewhere(interpreter: Interpreter, prefix: str, *, system_site: bool) -> Elsewhere:
    """Return an interpreter like this one in ``prefix``; empty: where this one is. Raises `ConfigError`."""
    prefix = plain_prefix(prefix or str(interpreter.prefix))
    return Elsewhere(posixpath.join(prefix, "bin", interpreter.program), interpreter, system_site)


def plain_prefix(text: str) -> str:
    """Return the path without what means nothing. Raises `ConfigError` for what no ``pyvenv.cfg`` can name."""
    plain = "/" + posixpath.normpath(text).lstrip("/")
    if not text.startswith("/") or not text.isprintable():
        raise ConfigError(
            f"the prefix of the target's Python, {printable(text)!r}, must be an absolute path of printable "
            "characters, such as /usr: correct `--python-prefix`"
        )
    return plain


def python_target(manifest: bytes) -> bytes | None:
    """Return where `LINK` leads in a pack of this manifest, which may say anything; None where Python is packed."""
    try:
        document = json.loads(manifest)
        prefix, tag = document.get("python_prefix"), _TAG.fullmatch(document["python_tag"])
        if tag is None or not isinstance(prefix, str) or plain_prefix(prefix) != prefix:
            return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError):
        return None
    return os.fsencode(posixpath.join(prefix, "bin", f"python3.{tag[1]}{tag[2]}"))
