"""What a program can ask for: the verbs of the command line as functions.

    import hatch_envpack

    done = hatch_envpack.pack(".venv", output="env.tar.gz")
    print(done.path, done.findings)
    hatch_envpack.unpack(done.path, "/opt/env")

All raise `hatch_envpack.EnvpackError`, whose text is one line that says what is wrong, where, and what to do.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hatch_envpack.archive.below import plain_folder
from hatch_envpack.engines import ENGINES
from hatch_envpack.errors import ConfigError
from hatch_envpack.formats import DEFAULT_FORMAT, FOLDER, LEVELS
from hatch_envpack.interpreter.elsewhere import plain_prefix
from hatch_envpack.pipeline.export import export_pack
from hatch_envpack.pipeline.job import Export
from hatch_envpack.settings import Allowance, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hatch_envpack.contents.contents import Contents
    from hatch_envpack.contents.diff import Difference
    from hatch_envpack.environment.editable import Policy
    from hatch_envpack.extract.unpack import Unpacked
    from hatch_envpack.finding import Finding
    from hatch_envpack.report import Report, SegmentFigures, Summary
    from hatch_envpack.sums.verify_envpack import Verified

_REPRODUCIBLE = 1580601600
"""The time that hatchling gives to what it builds, in seconds since 1970."""

_SHORT_ENDINGS = {".tgz": "tar.gz", ".jar": "zip"}
"""Endings of file names that name a format in another way."""

_LEVEL = Settings().compression_level


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack in its place."""

    path: Path
    format: str
    size: int
    """Bytes of its file, or of all files of a folder."""
    segments: tuple[SegmentFigures, ...]
    """What is in it: the interpreter, the copied libraries, each distribution."""
    findings: tuple[Finding, ...]


def pack(  # noqa: PLR0913 - all by name, as on the command line
    prefix: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    format: str | None = None,  # noqa: A002 - it is what everybody calls it
    engine: str | None = None,
    name: str = "",
    version: str = "",
    exclude: Sequence[str] = (),
    exclude_sets: Sequence[str] = (),
    include: Sequence[str] = (),
    level: int = _LEVEL,
    copy_links: bool = False,
    strip: bool = False,
    isolated: bool = False,
    editable: Policy = "error",
    system_site_packages: bool = False,
    python: bool = True,
    python_prefix: str | None = None,
    bytecode: bool = True,
    verify: Literal[True, False, "always"] = True,
    strict: bool = False,
    accept: Sequence[Allowance] = (),
    root_directory: str = "",
    force: bool = False,
    verbose: bool = False,
    jobs: int | None = None,
    report: Report | None = None,
) -> Packed:
    """Pack an existing virtual environment, or a whole installation, with its interpreter; it is only ever read.

    ``output`` is a file or an existing folder, by default the current one; a file's ending says the format.
    ``engine`` is what is to take the pack, such as ``spark``: a format that it cannot read is an error. Patterns of
    ``exclude`` have the syntax of ``.gitignore``, those of ``include`` bring back what they took. ``level`` is the
    compressor's. ``copy_links`` puts files in the places of symbolic links, as ``engine`` does where it has to.
    ``editable`` says what is done with editable installs: ``build`` packs their wheels, ``ignore`` leaves them out.
    ``system_site_packages`` packs what the environment borrows from its interpreter too. Without ``python`` a link
    to the interpreter of the target stands in its place, which is in ``python_prefix`` there, by default where the
    environment has it. ``root_directory`` is the folder of the archive in which everything is to lie. ``jobs`` are how
    many frames are compressed at once, by default one on each core. ``report`` hears of the progress, and with
    ``verbose`` of single files too.

    The time stamp of every file is ``SOURCE_DATE_EPOCH``, or a constant. Raises `EnvpackError`.
    """
    folder, file_name, chosen = _place(output, format, engine)
    _check_level(chosen, level)
    settings = Settings(
        exclude=(*exclude, *(pattern if pattern.startswith("!") else f"!{pattern}" for pattern in include)),
        exclude_sets=tuple(exclude_sets),
        bytecode=bytecode,
        compression_level=level,
        copy_links=copy_links or (engine is not None and chosen in ENGINES[engine].without_links),
        strip=strip,
        isolated=isolated,
        verify=verify,
        strict=strict,
        allow=tuple(accept),
    )
    prefix_there = _python_prefix(python_prefix, engine, settings, python=python)
    hearer = _Hearer(report, verbose=verbose)
    path = export_pack(
        Export(
            Path(prefix),
            name,
            version,
            editable,
            settings,
            folder,
            _mtime(),
            hearer,
            chosen,
            file_name,
            force,
            jobs,
            _folder_of_archive(root_directory, chosen),
            system_site_packages,
            python,
            prefix_there,
            verbose,
        )
    )
    summary = hearer.heard
    return Packed(path, chosen, summary.size, summary.segments, summary.findings)


def inspect(pack: str | os.PathLike[str]) -> Contents:
    """Return what is in a pack: a file of any format, a folder, a URL, or ``-`` for standard input.

    Only what is needed is read: of a URL whose server gives ranges, the first and the last part. Nothing is unpacked.
    Raises `EnvpackError`.
    """
    from hatch_envpack.contents.read import read_contents  # noqa: PLC0415 - each verb imports what it alone needs

    return read_contents(os.fspath(pack))


def diff(old: str | os.PathLike[str], new: str | os.PathLike[str]) -> Difference:
    """Return what differs between two packs, without unpacking them. Raises `EnvpackError`."""
    from hatch_envpack.contents.diff import compare  # noqa: PLC0415

    return compare(inspect(old), inspect(new))


def verify(pack: str | os.PathLike[str], *, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Compare every byte of a pack with its digests: of a file of any format, a folder, a URL, or ``-``.

    ``progress`` is called with bytes done and all bytes, where these are known. What differs is in the result, whose
    ``ok`` says whether anything does. Raises `EnvpackError` for what is no pack, and for an archive that is so damaged
    that it cannot be read to its end.
    """
    from hatch_envpack.contents.verify import verify_pack  # noqa: PLC0415

    return verify_pack(os.fspath(pack), progress)


def unpack(
    pack: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Unpacked:
    """Unpack a pack into a folder that is missing or empty: all of it or nothing.

    ``jobs`` are the processes that share the work, by default one for each core. ``progress`` is called with what is
    done and what there is to do, in bytes. Raises `EnvpackError`.
    """
    from hatch_envpack.extract.unpack import unpack  # noqa: PLC0415

    return unpack(Path(pack), Path(folder), jobs=jobs, progress=progress)


class _Hearer:
    """Keeps the summary, and hands on everything."""

    def __init__(self, report: Report | None, *, verbose: bool) -> None:
        self._report = report
        self._verbose = verbose
        self._summary: Summary | None = None

    @property
    def heard(self) -> Summary:
        if self._summary is None:  # pragma: no cover - the pipeline tells it of every pack
            raise AssertionError
        return self._summary

    def stage(self, text: str) -> None:
        if self._report:
            self._report.stage(text)

    def progress(self, done: int, total: int) -> None:
        if self._report:
            self._report.progress(done, total)

    def info(self, text: str) -> None:
        if self._report:
            self._report.info(text)

    def detail(self, text: str) -> None:
        if self._report and self._verbose:
            self._report.detail(text)

    def warning(self, text: str) -> None:
        if self._report:
            self._report.warning(text)

    def summary(self, summary: Summary) -> None:
        self._summary = summary
        if self._report:
            self._report.summary(summary)


def _place(output: str | os.PathLike[str] | None, asked: str | None, engine: str | None) -> tuple[Path, str, str]:
    """Return the folder, the file's name or nothing, and the format. Raises `ConfigError`."""
    if asked is not None and asked not in LEVELS:
        raise ConfigError(f"the format {asked} is unknown: the formats are {', '.join(LEVELS)}")
    if engine is not None and engine not in ENGINES:
        raise ConfigError(f"the engine {engine} is unknown: the engines are {', '.join(ENGINES)}")
    preferred = next(iter(ENGINES[engine].formats)) if engine is not None else DEFAULT_FORMAT
    if output is None:
        folder, file_name, chosen = Path(), "", asked or preferred
    else:
        path = Path(output)
        is_folder = asked != FOLDER and (path.is_dir() or os.fspath(output).endswith(os.sep))
        folder, file_name = (path, "") if is_folder else (path.parent, path.name)
        chosen = asked or (preferred if is_folder else _format_of(path))
    if engine is not None:
        ENGINES[engine].check(chosen, file_name)
    return folder, file_name, chosen


def _python_prefix(prefix: str | None, engine: str | None, settings: Settings, *, python: bool) -> str:
    """Return where the target has the interpreter; empty where nobody said it. Raises `ConfigError`."""
    if python and prefix is not None:
        raise ConfigError("`--python-prefix` says where the target has its Python: use it with `--no-python`")
    if not python and settings.copy_links:
        who = f"{ENGINES[engine].title} unpacks no links" if engine else "`--copy-links` leaves no links"
        raise ConfigError(f"{who}, and with `--no-python` the Python of a pack is one: leave out one of the two")
    return "" if prefix is None else plain_prefix(prefix)


def _folder_of_archive(root_directory: str, chosen: str) -> str:
    if root_directory and chosen == FOLDER:
        raise ConfigError(f"the format {FOLDER} is no archive, so that it has no root folder: name it with `--output`")
    return plain_folder(root_directory) if root_directory else ""


def _format_of(path: Path) -> str:
    for name in LEVELS:
        if path.name.endswith(f".{name}") and name != FOLDER:
            return name
    if path.suffix in _SHORT_ENDINGS:
        return _SHORT_ENDINGS[path.suffix]
    raise ConfigError(
        f"the name {path.name} does not say which format is wanted: end it with one of "
        f"{', '.join(f'.{name}' for name in LEVELS if name != FOLDER)}, or name the format"
    )


def _check_level(name: str, level: int) -> None:
    levels = LEVELS[name]
    if levels and level not in levels:
        raise ConfigError(f"the level must be between {levels[0]} and {levels[-1]} for the format {name}, not {level}")


def _mtime() -> int:
    """Return ``SOURCE_DATE_EPOCH``, or hatchling's constant: https://reproducible-builds.org/specs/source-date-epoch/."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return _REPRODUCIBLE
    if not text.isdecimal() or int(text) > time.time() + 100 * 366 * 86400:
        raise ConfigError(f"SOURCE_DATE_EPOCH must be seconds since 1970, not {text!r}: correct or unset it")
    return int(text)
