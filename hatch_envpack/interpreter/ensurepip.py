"""``ensurepip`` for interpreters that came without it: ``python -m venv`` works in every unpacked pack (I12)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.segment.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from hatch_envpack.interpreter.model import Interpreter

_MODULE = Path(__file__).with_name("ensurepip_module.py")
_MAIN = b'from ensurepip import _main\n\nif __name__ == "__main__":\n    raise SystemExit(_main())\n'


def lacks_ensurepip(interpreter: Interpreter) -> bool:
    """Whether the module is missing, or the wheels that it installs.

    Linux distributions put both into packages of their own, which a machine may not have.
    """
    folder = interpreter.stdlib / "ensurepip"
    wheels = [folder / "_bundled", *([interpreter.wheels] if interpreter.wheels else [])]
    return not (folder / "__init__.py").is_file() or not any(list(place.glob("pip-*.whl")) for place in wheels)


def with_ensurepip(entries: Iterable[Entry], wheel: Path, library: PurePosixPath) -> list[Entry]:
    """Return the interpreter's entries with a module ``ensurepip`` in the place of its own, and with a wheel of pip."""
    folder = library / "ensurepip"
    made = [
        Entry(folder / "__init__.py", content=_MODULE.read_bytes()),
        Entry(folder / "__main__.py", content=_MAIN),
        Entry(folder / "_bundled" / wheel.name, source=wheel),
    ]
    kept = [entry for entry in entries if not entry.path.is_relative_to(folder)]
    return sorted([*kept, *made], key=lambda entry: entry.path.parts)
