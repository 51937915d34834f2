"""``ensurepip``: what ``python -m venv`` in the unpacked tree installs pip with.

Upstream keeps pip's wheel in the package itself. Linux distributions keep it in a folder of their own
(``--with-wheel-pkg-dir``), from where it is taken; Debian splits both off into a package that may not be installed.
Then a wheel has to be fetched, and a small module takes the place of ``ensurepip``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.entry import Entry
from hatch_envpack.interpreter.places import library_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePosixPath

    from hatch_envpack.interpreter.model import Interpreter

_MODULE = Path(__file__).with_name("ensurepip_module.py")
_MAIN = b"import sys\n\nimport ensurepip\n\nsys.exit(ensurepip._main())\n"

_WITHOUT_SETUPTOOLS = (3, 12)
"""From this version on ``ensurepip`` installs pip alone: https://docs.python.org/3/whatsnew/3.12.html"""


def lacks_ensurepip(interpreter: Interpreter) -> bool:
    """Say whether the installation has no ``ensurepip``, or none of the wheels that it installs."""
    package = interpreter.stdlib / "ensurepip"
    if not (package / "__init__.py").is_file():
        return True
    return not any(package.glob("_bundled/pip-*.whl")) and len(_wheels(interpreter)) < len(_names(interpreter))


def with_ensurepip(entries: Iterable[Entry], wheel: Path, library: PurePosixPath) -> list[Entry]:
    """Return the entries with an ``ensurepip`` in the folder ``library`` that installs ``wheel``, which is pip's."""
    package = library / "ensurepip"
    kept = [entry for entry in entries if not entry.path.is_relative_to(package)]
    kept += [
        Entry(package / "__init__.py", source=_MODULE),
        Entry(package / "__main__.py", content=_MAIN),
        Entry(package / "_bundled" / wheel.name, source=wheel),
    ]
    return sorted(kept, key=lambda entry: entry.path.parts)


def ensurepip_wheels(interpreter: Interpreter) -> Iterator[Entry]:
    """Yield the wheels of a Linux distribution's folder, which may hold others too, as if they were bundled."""
    for wheel in _wheels(interpreter):
        yield Entry(library_path(interpreter) / "ensurepip" / "_bundled" / wheel.name, source=wheel.resolve())


def _wheels(interpreter: Interpreter) -> list[Path]:
    """Return the newest wheel of each distribution that ``ensurepip`` installs."""
    if interpreter.wheels is None:
        return []
    found = (sorted(interpreter.wheels.glob(f"{name}-*.whl"), key=_version_of) for name in _names(interpreter))
    return [wheels[-1] for wheels in found if wheels]


def _names(interpreter: Interpreter) -> tuple[str, ...]:
    return ("pip",) if interpreter.version >= _WITHOUT_SETUPTOOLS else ("pip", "setuptools")


def _version_of(wheel: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in wheel.name.split("-")[1].split(".") if part.isdigit())
