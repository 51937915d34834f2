"""The comparisons, as commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Case, Contender
from benchmarks.subjects import HERE, IMPORTS, install, variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.places import Places
    from benchmarks.subjects import Subject

BASELINE = "tar | zstd -T0 -3"
UNPACK = "unpack"
UNPACK_DISK = "unpack, disk"
OURS = "hatch-envpack tar.zst"
OURS_GZIP = "hatch-envpack tar.gz"
VENV_PACK = "venv-pack"
VENV_PACK_SAME = "venv-pack, same files"
COPY = "cp of the pack"
NOTHING = "hatchling build, nothing changed"
LINE = "hatchling build, one line changed"
WHOLE = "hatchling build, empty cache"
TAR_UNPACK = "tar --zstd -xf"
TAR_SYNCED = "tar --zstd -xf, sync -f"
OUR_UNPACK = "hatch-envpack unpack"
APP_VENV = "app --help, venv"
APP_PACK = "app --help, pack"
NUMPY_VENV = "import numpy, venv"
NUMPY_PACK = "import numpy, pack"

_START_REPEAT = 8
_BUILD = (sys.executable, "-m", "hatchling", "build", "-t", "envpack", "-d")


@dataclass(frozen=True, slots=True)
class Peers:
    """The other packers, in a virtual environment of their own."""

    folder: Path

    def program(self, name: str) -> Path:
        """Return the path of a command."""
        return self.folder / "bin" / name


def baseline(subject: Subject) -> Contender:
    """Return plain tar into zstd."""

    def command(out: Path) -> list[str]:
        return ["sh", "-c", f"tar -C {_quoted(subject.tree)} -c . | zstd -q -T0 -3 -o {_quoted(out / 'x.tar.zst')}"]

    return Contender(BASELINE, command)


def ours(subject: Subject, name: str = OURS) -> Contender:
    """Return our export of the environment with an empty cache, without bytecode and proof."""
    suffix = name.rsplit(maxsplit=1)[-1]

    def command(out: Path) -> list[str | Path]:
        return [sys.executable, HERE / "export.py", subject.environment, out, suffix]

    return Contender(name, command, _fresh_cache)


def peers(subject: Subject, peers: Peers) -> tuple[Contender, ...]:
    """Return the other packers."""
    python = str(subject.python)

    def venv_pack(folder: Path, out: Path) -> list[str | Path]:
        return [peers.program("venv-pack"), "-q", "-p", folder, "-o", out / "x.tar.gz"]

    def conda_pack(out: Path) -> list[str | Path]:
        return [peers.program("conda-pack"), "-q", "-p", subject.tree, "-o", out / "x.tar.zst"]

    def shiv(out: Path) -> list[str | Path]:
        site = subject.site_packages
        return [peers.program("shiv"), "--site-packages", site, "-c", "app", "-p", python, "-o", out / "x.pyz"]

    def pex(out: Path) -> list[str | Path]:
        return [peers.program("pex"), "app", "--venv-repository", subject.environment, "-c", "app", "-o", out / "x.pex"]

    return (
        Contender(VENV_PACK, lambda out: venv_pack(subject.environment, out)),
        Contender(VENV_PACK_SAME, lambda out: venv_pack(subject.tree, out)),
        Contender("conda-pack tar.zst, same files", conda_pack),
        Contender("shiv", shiv),
        Contender("pex", pex, lambda out: {"PEX_ROOT": os.fspath(out / "root")}),
    )


def cold(subject: Subject, others: Peers) -> Case:
    """Return packing without any cache."""
    contenders = (baseline(subject), ours(subject), ours(subject, OURS_GZIP), *peers(subject, others))
    return Case("cold", subject.name, contenders)


def growth(subject: Subject) -> Case:
    """Return packing of a synthetic tree."""
    return Case("growth", subject.name, (baseline(subject), ours(subject)))


def again(subject: Subject, pack: Path) -> Case:
    """Return building once more, everything on, with a cache that knows the project."""
    edits = count(1)

    def edit() -> None:
        lines = subject.module.read_text().splitlines(keepends=True)
        changed = [f"NUMBER = {os.getpid()}{next(edits)}\n" if line.startswith("NUMBER") else line for line in lines]
        subject.module.write_text("".join(changed))

    return Case("again", subject.name, (
        Contender(COPY, lambda out: ["cp", pack, out / "copy"]),
        Contender(LINE, lambda out: [*_BUILD, out], lambda _: cache(subject), subject.project, edit),
        Contender(NOTHING, lambda out: [*_BUILD, out], lambda _: cache(subject), subject.project),
    ))  # fmt: skip


def unpack(subject: Subject, pack: Path, places: Places, name: str = UNPACK) -> Case:
    """Return unpacking into an empty place."""

    def tar(out: Path) -> list[str | Path]:
        return ["tar", "--zstd", "-xf", pack, "-C", out]

    def synced(out: Path) -> list[str | Path]:
        return ["sh", "-c", 'tar --zstd -xf "$1" -C "$2" && sync -f "$2"', "sh", pack, out]

    def our(out: Path) -> list[str | Path]:
        return [Path(sys.executable).parent / "hatch-envpack", "unpack", pack, out / "place"]

    contenders = (Contender(TAR_UNPACK, tar), Contender(TAR_SYNCED, synced), Contender(OUR_UNPACK, our))
    return Case(name, subject.name, contenders, places.fresh)


def start(subject: Subject, pack: Path) -> Case:
    """Return starts of an installed program, in a virtual environment with bytecode and in the unpacked pack."""
    warm, unpacked = subject.folder / "warm", subject.folder / "unpacked"
    if not (subject.folder / "warm-ready").exists():
        install(subject, warm)
        (subject.folder / "warm-ready").touch()
    subprocess.run(["rm", "-rf", unpacked], check=True)
    unpacked.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", unpacked], check=True)
    contenders = [
        Contender(APP_VENV, lambda _: [warm / "bin/app", "--help"]),
        Contender(APP_PACK, lambda _: [unpacked / "bin/app", "--help"]),
    ]
    if IMPORTS[subject.name] == "numpy":
        contenders += [
            Contender(NUMPY_VENV, lambda _: [warm / "bin/python", "-c", "import numpy"]),
            Contender(NUMPY_PACK, lambda _: [unpacked / "bin/python", "-c", "import numpy"]),
        ]
    return Case("start", subject.name, tuple(contenders), repeat=_START_REPEAT)


def memory(subject: Subject, others: Peers) -> Case:
    """Return the same packing, watched for memory instead of time; with a whole build of an empty cache."""
    whole = Contender(WHOLE, lambda out: [*_BUILD, out], _fresh_cache, subject.project)
    contenders = (baseline(subject), ours(subject), whole, peers(subject, others)[1])
    return Case("memory", subject.name, contenders, memory=True)


def build(subject: Subject) -> Path:
    """Build the project with everything on, into the cache that `again` uses; return the pack."""
    out = subject.folder / "built"
    environment = {**variables(subject), **cache(subject)}
    words: Sequence[str | Path] = [*_BUILD, out]
    subprocess.run(words, cwd=subject.project, env=environment, check=True, stdout=subprocess.DEVNULL)
    return next(out.glob("*.envpack.tar.zst"))


def cache(subject: Subject) -> dict[str, str]:
    """Return the variable that names the subject's own cache."""
    return {"HATCH_ENVPACK_CACHE_DIR": os.fspath(subject.folder / "cache")}


def _fresh_cache(out: Path) -> dict[str, str]:
    return {"HATCH_ENVPACK_CACHE_DIR": os.fspath(out / "cache")}


def _quoted(path: Path) -> str:
    return shlex.quote(os.fspath(path))
