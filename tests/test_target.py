"""The example's packs on a bare machine, and wherever else a pack may be put."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.targets.roots import MissingToolError, build_root, run_hiding

if TYPE_CHECKING:
    from tests.conftest import Built
    from tests.targets.roots import Root

PLACE = "/opt/a b'c"

_IMPORTS = """
import sys, ssl, sqlite3, ctypes, lzma, bz2, readline, zlib, hashlib, curses, uuid, json, urllib.request
sqlite3.connect(":memory:").execute("select 1")
assert lzma.decompress(lzma.compress(b"x")) == bz2.decompress(bz2.compress(b"x")) == b"x"
assert ctypes.CDLL(None).getpid() > 0
ssl.create_default_context()
print(json.dumps([sys.prefix, sys.base_prefix, sys.path, sorted(
    {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if line.count("/")})]))
"""

_ASK_SERVICE = """
driftwatch-serve --port 0 > /tmp/url 2> /tmp/log &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s /tmp/url ] && break; sleep 0.5; done
url=$(cat /tmp/url) || exit 1
wget -q -O - "${url}health"
wget -q -O - --post-file /tmp/series "${url}detect"
kill %1
"""


def _bytecode(place: Path) -> dict[str, int]:
    return {str(path.relative_to(place)): path.stat().st_mtime_ns for path in place.rglob("*.pyc")}


def test_i2_n15_bare_machine(trixie: Root, example_pack: Built) -> None:
    """Both commands run, and the modules that need libraries; all comes from the pack, and nothing is compiled."""
    place = trixie.unpack(example_pack.pack, PLACE)
    before = _bytecode(place)
    demo = trixie.run(f"{PLACE}/bin/driftwatch", "demo")
    assert (demo.returncode, demo.stdout.splitlines()[0]) == (0, "4 anomalies in 240 readings"), demo.stderr
    served = trixie.run(f"{PLACE}/bin/driftwatch-serve", "--help")
    assert "Serve until Ctrl-C or SIGTERM" in served.stdout
    imported = trixie.run(f"{PLACE}/bin/python", "-c", _IMPORTS)
    assert imported.returncode == 0, imported.stderr
    prefix, base_prefix, path, mapped = json.loads(imported.stdout)
    assert prefix == base_prefix == PLACE
    assert all(entry.startswith(PLACE) for entry in path if entry)
    outside = {Path(file).name for file in mapped if not file.startswith(PLACE) and ".so" in file}
    assert outside <= {
        "libc.so.6",
        "libm.so.6",
        "ld-linux-x86-64.so.2",
        "libgcc_s.so.1",
        "libpthread.so.0",
        "libdl.so.2",
    }
    assert before
    assert _bytecode(place) == before


def test_bare_machine_answers_http(trixie: Root, example_pack: Built) -> None:
    """The service answers a request and judges a series."""
    trixie.unpack(example_pack.pack, PLACE)
    series = "time,value\n" + "".join(f"2026-01-01T{hour:02}:00:00,{hour % 3}\n" for hour in range(24))
    (trixie.path / "tmp/series").write_text(series + "2026-01-02T00:00:00,900\n")
    done = trixie.run("sh", "-c", _ASK_SERVICE, environment={"PATH": f"{PLACE}/bin:/usr/bin:/bin"})
    health, answer = done.stdout.split("}", 1)
    assert json.loads(health + "}")["status"] == "ok", done.stderr
    assert [found["value"] for found in json.loads(answer)["report"]["anomalies"]] == [900.0]


def test_without_the_build_machines_files(tmp_path: Path, example_pack: Built) -> None:
    """With the interpreter's prefix and the project away, everything runs the same."""
    place = tmp_path / "un packed"
    place.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", example_pack.pack, "-C", place], check=True)
    prefix = example_pack.interpreter.parent.parent
    if prefix == Path("/usr"):
        libraries = Path("/usr/lib/x86_64-linux-gnu")
        hidden = [
            *Path("/usr/lib").glob("python3*"),
            *Path("/usr/bin").glob("python3*"),
            *libraries.glob("lib*ssl.so*"),
        ]
        hidden += libraries.glob("libpython3*")
    else:
        hidden = [prefix.parent]
    for command in (["driftwatch", "demo"], ["driftwatch-serve", "--help"], ["python", "-c", _IMPORTS]):
        done = run_hiding([*hidden, example_pack.project], place / "bin" / command[0], *command[1:])
        assert done.returncode == 0, done.stderr


def _info(done: object) -> dict[str, str]:
    facts: dict[str, str] = json.loads(done.stdout)  # type: ignore[attr-defined]
    return facts


def test_moved_again(trixie: Root, example_pack: Built) -> None:
    """An unpacked tree that has run can be moved as it is, and runs in its new place."""
    place = trixie.unpack(example_pack.pack, PLACE)
    assert trixie.run(f"{PLACE}/bin/driftwatch", "demo").returncode == 0
    (trixie.path / "srv").mkdir()
    place.rename(trixie.path / "srv/other")
    facts = _info(trixie.run("/srv/other/bin/driftwatch", "info", "--json"))
    assert facts["prefix"] == "/srv/other"
    assert facts["executable"].startswith("/srv/other/bin/python")


@pytest.mark.parametrize("how", ["link", "path", "path-link", "relative", "sh", "folder-link"])
def test_s2_s4_ways_to_call(trixie: Root, pyenv_pack: Built, how: str) -> None:
    """Through a link, through PATH, by a relative path, by ``sh``: the prefix is the pack's."""
    trixie.unpack(pyenv_pack.pack, PLACE)
    (trixie.path / "usr/local/bin").mkdir(parents=True)
    (trixie.path / "usr/local/bin/driftwatch").symlink_to("../../../opt/a b'c/bin/driftwatch")
    (trixie.path / "srv").mkdir()
    (trixie.path / "srv/link").symlink_to(PLACE)
    command, folder, path = {
        "link": (["/usr/local/bin/driftwatch"], "/", "/bin"),
        "path": (["driftwatch"], "/", f"{PLACE}/bin:/bin"),
        "path-link": (["driftwatch"], "/", "/usr/local/bin:/bin"),
        "relative": (["./driftwatch"], f"{PLACE}/bin", "/bin"),
        "sh": (["sh", "driftwatch"], f"{PLACE}/bin", "/bin"),
        "folder-link": (["/srv/link/bin/driftwatch"], "/", "/bin"),
    }[how]
    done = trixie.run(*command, "info", "--json", folder=folder, environment={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert _info(done)["prefix"] == ("/srv/link" if how == "folder-link" else PLACE)


def test_a11_read_only_mount(trixie: Root, example_pack: Built) -> None:
    """Nothing is written at run time."""
    trixie.unpack(example_pack.pack, PLACE)
    done = trixie.run(f"{PLACE}/bin/driftwatch", "demo", read_only=PLACE)
    assert done.returncode == 0, done.stderr


def test_i10_hostile_surroundings(trixie: Root, example_pack: Built) -> None:
    """A console script holds against ``PYTHONHOME``, and needs no ``HOME`` and no locale."""
    trixie.unpack(example_pack.pack, PLACE)
    hostile = {"PYTHONHOME": "/nonexistent", "LC_ALL": "C"}
    done = trixie.run(f"{PLACE}/bin/driftwatch", "demo", environment=hostile)
    assert done.returncode == 0, done.stderr


def test_i9_user_site_is_off(trixie: Root, example_pack: Built) -> None:
    """A package in ``~/.local`` is not seen."""
    trixie.unpack(example_pack.pack, PLACE)
    for version in ("3.11", "3.12"):
        folder = trixie.path / f"home/.local/lib/python{version}/site-packages"
        folder.mkdir(parents=True)
        (folder / "stranger.py").write_text("")
    code = "import site, importlib.util as u; print(site.ENABLE_USER_SITE, u.find_spec('stranger'))"
    done = trixie.run(f"{PLACE}/bin/python", "-c", code, environment={"HOME": "/home"})
    assert done.stdout == "False None\n"


def test_d2_tcl_finds_its_scripts(tmp_path: Path, pyenv_pack: Built) -> None:
    """On a machine with the X server's libraries Tcl starts, from the pack's own scripts; only a display is missing."""
    try:
        desktop = build_root("trixie", tmp_path / "root", "libx11-6", "libxext6", "libxrender1")
    except MissingToolError as error:
        missing(str(error))
    desktop.unpack(pyenv_pack.pack, PLACE)
    code = "import tkinter; t = tkinter.Tcl(); print(t.eval('info library')); print(t.eval('package require Tcl')[:3])"
    done = desktop.run(f"{PLACE}/bin/python", "-c", code)
    assert done.stdout == f"{PLACE}/lib/tcl8.6\n8.6\n", done.stderr
    assert (desktop.path / PLACE.lstrip("/") / "lib/tk8.6/tk.tcl").is_file()
    done = desktop.run(f"{PLACE}/bin/driftwatch-view")
    assert (done.returncode, "driftwatch-view needs a display" in done.stderr) == (1, True)


def test_d1_certificates_of_another_system(trixie: Root, example_pack: Built) -> None:
    """Where OpenSSL's own place is empty, that of RHEL is used; where there is none, nothing breaks."""
    trixie.unpack(example_pack.pack, PLACE)
    code = (
        "import ssl; c = ssl.create_default_context(); "
        "print(len(c.get_ca_certs()), ssl.get_default_verify_paths().cafile)"
    )
    assert trixie.run(f"{PLACE}/bin/python", "-c", code).stdout == "0 None\n"
    bundle = trixie.path / "etc/pki/tls/certs/ca-bundle.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    count, path = trixie.run(f"{PLACE}/bin/python", "-c", code).stdout.split()
    assert int(count) > 50
    assert path == "/etc/pki/tls/certs/ca-bundle.crt"
