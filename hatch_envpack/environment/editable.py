"""Editable installs: links to a source folder of the build machine, which no pack can follow (C7).

https://setuptools.pypa.io/en/latest/userguide/development_mode.html, https://peps.python.org/pep-0610/ and PEP 660.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.errors import InstallError
from hatch_envpack.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter

Policy = Literal["error", "build", "ignore"]
"""``error`` names them, ``build`` installs their wheels instead, ``ignore`` leaves them out."""

_LEGACY = "easy-install.pth"
_MARK = "__editable__"
"""How the files of setuptools begin, whether there is a ``direct_url.json`` or not."""


@dataclass(frozen=True, slots=True)
class Editable:
    """One project that is installed in editable mode."""

    name: str
    told_by: PurePosixPath
    """The file that says so."""
    source: Path | None
    """The project's folder; None where no file tells it."""
    files: frozenset[PurePosixPath]
    """What belongs to the link."""

    def __str__(self) -> str:
        return printable(f"{self.name}{f' from {self.source}' if self.source else ''} ({self.told_by})")


def resolve_editables(
    environment: Environment, policy: Policy, interpreter: Interpreter, installer: Installer, folder: Path
) -> tuple[Environment, ...]:
    """Return the environment without its editable installs, and under ``build`` another one with their wheels.

    Raises `InstallError` under ``error`` when there are any, and when a wheel cannot be built.
    """
    editables = tuple(find_editables(environment))
    if not editables:
        return (environment,)
    if policy == "error":
        raise InstallError(
            f"{len(editables)} of the distributions are installed in editable mode, and a pack cannot follow their "
            'links: install them without `-e`, or choose the policy "build" (pack their wheels) or "ignore"',
            detail="\n".join(map(str, editables)),
        )
    plain = _without(environment, editables)
    return (plain, _built(editables, environment, interpreter, installer, folder)) if policy == "build" else (plain,)


def find_editables(environment: Environment) -> Iterator[Editable]:
    """Yield them: those that have a ``.dist-info`` first. Raises `InstallError` for a file that cannot be read."""
    for distribution in environment.distributions:
        found = _modern(environment, distribution)
        if found is not None:
            yield found
    site = environment.root / environment.site_packages
    for link in sorted(site.glob("*.egg-link")):
        lines = link.read_text(encoding="utf-8", errors="surrogateescape").split()
        path = environment.site_packages / link.name
        yield Editable(link.stem, path, (site / lines[0]) if lines else None, frozenset({path}))


def _modern(environment: Environment, distribution: Distribution) -> Editable | None:
    files = frozenset(row.path for row in distribution.rows)
    url = distribution.info / "direct_url.json"
    path = environment.root / url
    if path.is_file():
        try:
            record = json.loads(path.read_bytes())
            if record.get("dir_info", {}).get("editable"):
                source = Path(unquote(urlsplit(record["url"]).path))
                return Editable(distribution.name, url, source, files)
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            raise InstallError(f"{url} cannot be read: reinstall {distribution.name}") from None
    marked = sorted(row.path for row in distribution.rows if row.path.name.startswith(_MARK))
    return Editable(distribution.name, marked[0], None, files) if marked else None


def _without(environment: Environment, editables: Sequence[Editable]) -> Environment:
    files = frozenset().union(*(editable.files for editable in editables))
    names = {editable.name for editable in editables if editable.told_by.suffix != ".egg-link"}
    legacy = environment.root / environment.site_packages / _LEGACY
    if legacy.is_file() and _leads_to(legacy, [each.source for each in editables if each.source]):
        files |= {environment.site_packages / _LEGACY}
    kept = tuple(each for each in environment.distributions if each.name not in names)
    return replace(environment, distributions=kept, dropped=environment.dropped | files)


def _leads_to(legacy: Path, sources: Sequence[Path]) -> bool:
    """Whether each folder that the file names belongs to one of the sources."""
    text = legacy.read_text(encoding="utf-8", errors="surrogateescape")
    folders = [line.strip() for line in text.splitlines() if line.startswith("/")]
    return all(any(Path(folder).is_relative_to(source) for source in sources) for folder in folders)


def _built(
    editables: Sequence[Editable], before: Environment, interpreter: Interpreter, installer: Installer, folder: Path
) -> Environment:
    """Install the wheels into an environment of their own: the given one is never changed."""
    root = folder / "built"
    python = installer.make_environment(interpreter, root)
    for number, editable in enumerate(editables):
        if editable.source is None or not editable.source.is_dir():
            raise InstallError(f"the source of {editable} is not known: install it without `-e`")
        wheels = folder / f"wheel-{number}"
        wheels.mkdir()
        wheel = installer.build_wheel(editable.source, python, wheels)
        installer.install([str(wheel)], python, editable.source, dependencies=False)
    built = read_distributions(root, before.site_packages)
    names = {canonicalize_name(editable.name) for editable in editables}
    return Environment(root, before.site_packages, tuple(each for each in built if each.key in names))
