"""Editable installs: links to a source folder of the build machine, which no pack can follow (C7).

https://setuptools.pypa.io/en/latest/userguide/development_mode.html, https://peps.python.org/pep-0610/ and PEP 660.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

from hatch_envpack.environment import direct_url
from hatch_envpack.environment.distributions import read_distributions
from hatch_envpack.environment.model import Environment
from hatch_envpack.environment.read import read_small
from hatch_envpack.errors import InstallError
from hatch_envpack.finding import Finding
from hatch_envpack.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter

Policy = Literal["error", "build", "ignore"]
"""``error`` names them, ``build`` installs their wheels instead, ``ignore`` leaves them out."""

_LEGACY = "easy-install.pth"
_LEGACY_SCRIPT = b"# EASY-INSTALL-"
"""The second line of the scripts that ``setup.py develop`` writes; the name of the distribution follows in quotes."""

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
    info: PurePosixPath | None = None
    """Its ``.dist-info`` folder, where it has one."""

    def __str__(self) -> str:
        return f"{self.name}{f' from {self.source}' if self.source else ''} ({self.told_by})"


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
        more = f" (and {len(editables) - 1} more)" if len(editables) > 1 else ""
        raise InstallError(
            f"{editables[0]} is installed in editable mode{more}, and a pack cannot follow such a link: install it "
            'without `-e`, or choose the policy "build" (pack its wheel) or "ignore" (leave it out)',
            detail="\n".join(map(str, editables[1:])),
        )
    plain = _without(environment, editables)
    if policy == "build":
        built = _built(editables, environment, interpreter, installer, folder)
        return (_replaced(plain, built), built)
    return (replace(plain, findings=(*plain.findings, *map(_left_out, editables))),)


def find_editables(environment: Environment) -> Iterator[Editable]:
    """Yield them: those that have a ``.dist-info`` first. Raises `InstallError` for a file that cannot be read."""
    for distribution in environment.distributions:
        found = _modern(environment, distribution)
        if found is not None:
            yield found
    site = environment.root / environment.site_packages
    links = sorted(site.glob("*.egg-link"))
    scripts = _legacy_scripts(environment) if links else {}
    for link in links:
        # the first line is the folder, which may have spaces
        lines = (read_small(link) or b"").decode("utf-8", "surrogateescape").splitlines()
        source = Path(lines[0].strip().replace("\0", "")) if lines else None
        path = environment.site_packages / link.name
        files = {path, path.with_name(f"{link.stem}-nspkg.pth"), *scripts.get(canonicalize_name(link.stem), ())}
        yield Editable(link.stem, path, site / source if source else None, frozenset(files))


def _modern(environment: Environment, distribution: Distribution) -> Editable | None:
    url = distribution.info / direct_url.NAME
    data = read_small(environment.root / url)
    if data is not None:
        record = direct_url.parse_direct_url(data, url)
        if record.editable:
            return Editable(distribution.name, url, record.folder, _files(environment, distribution), distribution.info)
    # first as a text, since it costs much to take apart the paths of all that is installed
    marked = [row.path for row in distribution.rows if _MARK in str(row.path) and row.path.name.startswith(_MARK)]
    if not marked:
        return None
    return Editable(distribution.name, min(marked), None, _files(environment, distribution), distribution.info)


def _files(environment: Environment, distribution: Distribution) -> frozenset[PurePosixPath]:
    info = environment.root / distribution.info
    listed = (row.path for row in distribution.rows)
    return frozenset((*listed, *(distribution.info / path.name for path in info.glob("*"))))


def _legacy_scripts(environment: Environment) -> dict[str, set[PurePosixPath]]:
    """Return the scripts of ``setup.py develop``, by normalised name; no ``RECORD`` lists them."""
    found: dict[str, set[PurePosixPath]] = defaultdict(set)
    for path in (environment.root / "bin").glob("*"):
        try:
            with open_regular(path) as stream:
                line = stream.read(1024).partition(b"\n")[2].partition(b"\n")[0]
        except OSError:
            continue  # whoever packs it will tell
        if line.startswith(_LEGACY_SCRIPT):
            name = line.decode("utf-8", "replace").partition("'")[2].partition("'")[0].partition("=")[0]
            found[canonicalize_name(name)].add(PurePosixPath("bin", path.name))
    return found


def _without(environment: Environment, editables: Sequence[Editable]) -> Environment:
    gone = {editable.info for editable in editables}
    kept = tuple(each for each in environment.distributions if each.info not in gone)
    dropped = environment.dropped.union(*(editable.files for editable in editables))
    legacy = environment.site_packages / _LEGACY
    data = read_small(environment.root / legacy)
    if data is None:
        return replace(environment, distributions=kept, dropped=dropped)
    sources = [str(each.source).encode("utf-8", "surrogateescape") for each in editables if each.source]
    lines = [line for line in data.splitlines(keepends=True) if not _leads_to(line.strip(), sources)]
    if not any(line.strip() for line in lines):
        return replace(environment, distributions=kept, dropped=dropped | {legacy})
    rewritten = {**environment.rewritten, legacy: b"".join(lines)}
    return replace(environment, distributions=kept, dropped=dropped, rewritten=rewritten)


def _replaced(environment: Environment, built: Environment) -> Environment:
    """Return the environment without older installations of what was built: an installer would remove them."""
    names = {each.key for each in built.distributions}
    kept = tuple(each for each in environment.distributions if each.key not in names)
    old = {row.path for each in environment.distributions if each.key in names for row in each.rows}
    return replace(environment, distributions=kept, dropped=environment.dropped | old)


def _leads_to(folder: bytes, sources: Sequence[bytes]) -> bool:
    """Whether a line of `_LEGACY` is one of the sources, or a folder in it, such as ``src``."""
    return any(folder == source or folder.startswith(source + b"/") for source in sources)


def _left_out(editable: Editable) -> Finding:
    what = f"{editable.name} is installed in editable mode and is left out"
    return Finding("editable", str(editable.told_by), what, "install it without `-e` to have it packed")


def _built(
    editables: Sequence[Editable], before: Environment, interpreter: Interpreter, installer: Installer, folder: Path
) -> Environment:
    """Install the wheels into an environment of their own: the given one is never changed."""
    root = folder / "built"
    python = installer.make_environment(interpreter, root)
    for number, editable in enumerate(editables):
        if editable.source is None or not editable.source.is_dir():
            raise InstallError(
                f"the source of {editable} is gone, or nothing says where it is: install it without `-e`"
            )
        wheels = folder / f"wheel-{number}"
        wheels.mkdir()
        wheel = installer.build_wheel(editable.source, python, wheels)
        installer.install([str(wheel)], python, editable.source, dependencies=False)
    built = read_distributions(root, before.site_packages)
    names = {canonicalize_name(editable.name) for editable in editables}
    return Environment(root, before.site_packages, tuple(each for each in built if each.key in names))
