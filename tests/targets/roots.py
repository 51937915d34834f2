"""Bare Debian roots, made from the machine's own package mirror, and commands that run in them.

A root has glibc, the unwinder, zlib and busybox: no Python, no certificates, no network.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKAGES = ("libc6", "libgcc-s1", "zlib1g", "busybox-static")
_APPLETS = """
cat chmod cp env find grep head id ip ln ls mkdir mount mv nc readlink rm sed sh sleep sort stat tar touch true wget
""".split()  # noqa: SIM905 - a list of words reads best as one

_ENTER = """
set -e
root=$1 read_only=$2 folder=$3
shift 3
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for name in null zero random urandom; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
if [ -n "$read_only" ]; then
    mount --bind "$root$read_only" "$root$read_only"
    mount -o remount,bind,ro "$root$read_only"
fi
chroot "$root" /bin/busybox ip link set lo up
cd "$root$folder"
exec chroot "$root" /bin/busybox sh -c 'cd "$0" && exec /bin/busybox env -i "$@"' "$folder" "$@"
"""
"""``/proc`` is needed: without it the loader cannot resolve ``$ORIGIN``."""


class MissingToolError(Exception):
    """The machine cannot make or enter a root; the text says why."""


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system of this test's own."""

    path: Path

    def unpack(self, pack: Path, folder: str) -> Path:
        """Unpack a pack with the host's ``tar``; return the folder on the host."""
        place = self.path / folder.lstrip("/")
        place.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "-xf", pack, "-C", place], check=True)
        return place

    def run_with_network(self, *command: str, binds: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command with the host's network, its environment, and some of its folders and files."""
        script = """
        set -e; root=$1; shift
        mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
        while [ "$1" != -- ]; do
            if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root${1%/*}"; [ -e "$root$1" ] || : > "$root$1"; fi
            mount --bind "$1" "$root$1"; shift
        done
        shift; exec chroot "$root" "$@"
        """
        for name in ("proc", "dev", "tmp"):
            (self.path / name).mkdir(exist_ok=True)
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
        return subprocess.run(
            [*words, "sh", "-c", script, "sh", self.path, *filter(Path.exists, binds), "--", *command],
            env={**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip

    def run(
        self,
        *command: str,
        environment: dict[str, str] | None = None,
        read_only: str = "",
        folder: str = "/",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in namespaces of its own: no network but loopback, no processes and no mounts of the host's.

        It sees ``PATH`` and what ``environment`` says, nothing else.
        """
        words = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--propagation", "private"]
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})}
        assigned = [f"{name}={value}" for name, value in variables.items()]
        return subprocess.run(
            [*words, "sh", "-c", _ENTER, "sh", self.path, read_only, folder, *assigned, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def bare_root(suite: str, destination: Path) -> Root:
    """Return a fresh root of a Debian suite at ``destination``. Raises `MissingToolError`."""
    return _root(suite, destination, f"{suite}-root-1", lambda _: ["download", *PACKAGES])


def build_root(suite: str, destination: Path, *packages: str) -> Root:
    """Return a root with more packages and all that they depend on, to build packs in. Raises `MissingToolError`."""
    name = f"{suite}-with-{'-'.join(packages)}-1"
    install = ["install", "--download-only", "--yes", "--no-install-recommends", *PACKAGES, *packages]
    return _root(suite, destination, name, lambda folder: [f"-oDir::Cache::archives={folder}", *install])


def unpacked_packages(suite: str, *packages: str, architecture: str) -> Path:
    """Return a folder with packages of any machine and all that they depend on, unpacked; shared, so not to be changed.

    Raises `MissingToolError`.
    """
    install = ["install", "--download-only", "--yes", "--no-install-recommends", *packages]
    name = f"{suite}-{architecture}-{'-'.join(packages)}-1"
    return _made(suite, name, lambda folder: [f"-oDir::Cache::archives={folder}", *install], architecture)


def _root(suite: str, destination: Path, name: str, download: Callable[[Path], list[str]]) -> Root:
    if os.geteuid() != 0:
        raise MissingToolError("entering a root needs to be root")
    made = _made(suite, name, download)
    subprocess.run(["cp", "-a", "--reflink=auto", made, destination], check=True)
    return Root(destination)


def _made(suite: str, name: str, download: Callable[[Path], list[str]], architecture: str = "amd64") -> Path:
    for tool in ("apt-get", "dpkg", "unshare", "tar", "zstd"):
        if shutil.which(tool) is None:
            raise MissingToolError(f"{tool} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hatch-envpack-tests")
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as work:
                _make(suite, Path(work), download, architecture)
                (Path(work) / "root").rename(made)
    return made


def _make(suite: str, work: Path, download: Callable[[Path], list[str]], architecture: str) -> None:
    root = work / "root"
    for folder in ("lists/partial", "archives/partial", "packages", "root/usr/bin", "root/usr/sbin", "root/etc"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb {_mirror()} {suite} main\n")
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::Status": work / "status",
        "Dir::Cache": work,
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    # apt checks every signature and hash on the way from the mirror
    subprocess.run([*apt, "update"], check=True, capture_output=True)
    (work / "packages/partial").mkdir()
    subprocess.run([*apt, *download(work / "packages")], cwd=work / "packages", check=True, capture_output=True)
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(exist_ok=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for package in sorted((work / "packages").glob("*.deb")):
        subprocess.run(
            f"dpkg --fsys-tarfile '{package}' | tar -x --keep-directory-symlink -C '{root}'", shell=True, check=True
        )
    for name in _APPLETS if (root / "bin/busybox").exists() else ():
        (root / "bin" / name).symlink_to("busybox")
    (root / "tmp").mkdir(mode=0o1777, exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")


def _mirror() -> str:
    """Return the mirror that the machine itself uses."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    )
    sites = [site for site in done.stdout.split() if site.rstrip("/").endswith("/debian")]
    if not sites:
        raise MissingToolError("the machine's apt has no mirror of Debian: run `apt-get update`")
    return sites[0]


def run_hiding(
    hidden: Sequence[Path], *command: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the host to which the given files and folders are empty (N15)."""
    script = 'while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift; exec "$@"'
    with tempfile.TemporaryDirectory() as empty:
        pairs = [word for pair in covers(hidden, Path(empty)) for word in pair]
        words = ["unshare", "--mount", "--propagation", "private"]
        return subprocess.run(
            [*words, "sh", "-ec", script, "sh", *map(str, pairs), "--", *map(str, command)],
            env=environment or {"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


def covers(hidden: Sequence[Path], folder: Path) -> list[tuple[Path, Path]]:
    """Return what is empty, made in ``folder``, and the place where it is to be mounted, for all that is ``hidden``."""
    empty_folder, empty_file = folder / "folder", folder / "file"
    empty_folder.mkdir()
    empty_file.touch()
    real = sorted({path.resolve() for path in hidden if path.exists()})
    real = [path for path in real if not any(path.is_relative_to(other) for other in real if other != path)]
    return [(empty_folder if path.is_dir() else empty_file, path) for path in real]
