"""What was found out about an interpreter: while its files stand as they did, it is not asked, walked or read again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_envpack.cache.cache import INTERPRETERS
from hatch_envpack.cache.entry_fields import entry_of, fields_of
from hatch_envpack.cache.recipe import by_content
from hatch_envpack.cache.records import key_of
from hatch_envpack.cache.witness import stamp_digest, with_folders
from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.files import interpreter_entries
from hatch_envpack.interpreter.probe import probe
from hatch_envpack.interpreter.resolve import ask_uv

if TYPE_CHECKING:
    from hatch_envpack.cache.cache import Cache
    from hatch_envpack.entry import Entry
    from hatch_envpack.interpreter.model import Interpreter

_LOADER = "LD_LIBRARY_PATH"
"""A variable that can make another program of the same file."""


_TELL_UV = ("PATH", "UV_", "PYENV_", "XDG_DATA_HOME", "HOME")
"""How the names of variables begin on which uv's answer depends."""


class KnownInterpreter:
    """One build's interpreter, from the cache where that is possible."""

    def __init__(self, cache: Cache, program_fingerprint: str) -> None:
        self._cache = cache
        self._fingerprint = program_fingerprint
        self._key = ""
        self._program = Path()
        self._answer: dict[str, Any] = {}
        self._entries: list[Entry] | None = None
        self._digests: dict[str, str] = {}
        self.signature = ""
        """How the interpreter's files stand; empty until its entries are known."""

    def ask(self, program: Path) -> dict[str, Any]:
        """Return what `probe` returns, and raise what it raises."""
        self._program = program.absolute()
        self._key = key_of(self._fingerprint, str(self._program), os.environ.get(_LOADER, ""))
        known = self._cache.read(INTERPRETERS, self._key)
        if known is not None and stamp_digest(known["witnesses"]) == known["signature"]:
            self.signature = known["signature"]
            self._entries = [entry_of(*fields) for fields in known["entries"]]
            self._digests = known["digests"]
            self._answer = known["answer"]
        else:
            self._entries, self._digests = None, {}
            self._answer = probe(program)
        return self._answer

    def find(self, version: str, uv: Path) -> str:
        """Return what `ask_uv` returns, and raise what it raises; uv asks every interpreter on ``PATH``, which is slow.

        The answer stands while nothing was put into, or taken out of, the folders in which uv looks.
        """
        surroundings = {name: value for name, value in os.environ.items() if name.startswith(_TELL_UV)}
        key = key_of(self._fingerprint, "find", version, str(uv), sorted(surroundings.items()))
        known = self._cache.read(INTERPRETERS, key)
        if known is None or stamp_digest([*known["witnesses"], known["found"]]) != known["signature"]:
            known = self._find(version, uv, key)
        if not known["found"]:
            raise InterpreterError(known["error"], detail=known["detail"])
        found: str = known["found"]
        return found

    def _find(self, version: str, uv: Path, key: str) -> dict[str, Any]:
        witnesses = [str(uv), *os.get_exec_path(), *map(str, _folders_of_interpreters())]
        document: dict[str, Any] = {"witnesses": witnesses, "found": "", "error": "", "detail": ""}
        try:
            document["found"] = ask_uv(version, uv)
        except InterpreterError as error:
            # uv gives up at a shim that does not answer, and would do so again
            document |= {"error": str(error), "detail": error.detail}
        document["signature"] = stamp_digest([*witnesses, document["found"]])
        self._cache.write(INTERPRETERS, key, document)
        return document

    def entries(self, interpreter: Interpreter) -> list[Entry]:
        """Return the interpreter's entries by path. Raises `InterpreterError`, `ArchiveError`."""
        if self._entries is None:
            self._entries = interpreter_entries(interpreter)
            self._note(self._entries, interpreter)
        return self._entries

    def identity(self, entry: Entry) -> str:
        """Tell what one of the interpreter's files holds: see `Identity`. Raises `ArchiveError`."""
        return self._digests.get(str(entry.path)) or by_content(entry)

    def _note(self, entries: list[Entry], interpreter: Interpreter) -> None:
        # it may be asked for by a link, or by an environment's own program
        asked = [str(self._program), str(self._program.parent.parent / "pyvenv.cfg"), str(interpreter.executable)]
        paths = [*asked, *(str(entry.source) for entry in entries if entry.source is not None)]
        witnesses = with_folders(paths)
        self.signature = stamp_digest(witnesses)
        self._digests = {str(entry.path): by_content(entry) for entry in entries if entry.source is not None}
        document = {
            "witnesses": witnesses,
            "signature": self.signature,
            "answer": self._answer,
            "digests": self._digests,
            "entries": [fields_of(entry) for entry in entries],
        }
        self._cache.write(INTERPRETERS, self._key, document)


def _folders_of_interpreters() -> list[Path]:
    """Return where uv and pyenv keep theirs, and where pyenv's shims read which one they are to call."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    own = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    local = [folder / ".python-version" for folder in (Path.cwd(), *Path.cwd().parents)]
    return [own, pyenv / "versions", pyenv / "version", *local]
