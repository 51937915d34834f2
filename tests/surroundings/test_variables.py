"""Hostile variables, folders and mounts of the target's: I9, I10, N11, D5, A11."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Built, build, copy_example, find_pyenv
from tests.surroundings.conftest import PLACE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.surroundings.conftest import Bare
    from tests.targets.roots import Root

_ENCODINGS = """
import json, locale, os, sys
with open("/tmp/n\\u00e4me", "w", encoding="utf-8") as stream:
    stream.write("\\u00fc")
print(json.dumps([sys.getfilesystemencoding(), os.listdir("/tmp"), sys.flags.utf8_mode]))
"""

_LIBRARIES = """
import json, os, subprocess, sys
code = "print(*{line[73:-1] for line in open('/proc/self/maps') if 'libpython' in line}, sep=chr(10))"
child = subprocess.run([sys.executable, "-c", "import os; print(dict(os.environ))"], capture_output=True, text=True)
print(json.dumps([subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout, child.stdout]))
"""


@pytest.mark.parametrize(
    "environment",
    [{}, {"LC_ALL": "C"}, {"LANG": "xx_XX.UTF-8"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "1"}, {"LC_ALL": "C.UTF-8"}],
    ids=["empty", "C", "unknown", "utf8", "C.UTF-8"],
)
def test_d5_any_locale(bare: Bare, environment: dict[str, str]) -> None:
    """Names and contents that are not ASCII work, and so does a command; the root has no locale at all but C."""
    assert not list(bare.path.glob("usr/lib/locale/*-archive"))
    out = bare.python("-c", _ENCODINGS, **environment)
    encoding, names, _ = json.loads(out)
    assert (encoding, "n\u00e4me" in names) == ("utf-8", True)
    done = bare.root.run(f"{PLACE}/bin/driftwatch", "demo", environment=environment)
    assert done.returncode == 0, done.stderr
    assert "anomalies" in done.stdout


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_n11_foreign_libraries(bare: Bare) -> None:
    """A ``libpython`` that ``LD_LIBRARY_PATH`` leads to is not taken, and no child is given the variable."""
    for library in bare.place.glob("lib/libpython3*.so*"):
        bare.put(f"/srv/foreign/{library.name}", "this is no library")
    mapped, variables = json.loads(bare.python("-c", _LIBRARIES, LD_LIBRARY_PATH="/srv/foreign"))
    assert mapped == f"{PLACE}/lib/libpython3.12.so.1.0\n"
    assert "'LD_LIBRARY_PATH': '/srv/foreign'" in variables
    _, variables = json.loads(bare.python("-c", _LIBRARIES))
    assert "LD_" not in variables
    (script,) = bare.place.glob("bin/driftwatch")
    assert b"LD_LIBRARY_PATH" not in script.read_bytes()


def test_a11_read_only_and_noexec(bare: Bare) -> None:
    """With the pack read-only and ``/tmp`` mounted ``noexec``: a command runs, and so do children and extensions."""
    code = (
        "mount -t tmpfs -o noexec tmpfs /tmp && cd /tmp && "
        f'"{PLACE}/bin/driftwatch" demo && "{PLACE}/bin/python" -c \''
        "import multiprocessing, ctypes, ssl, sqlite3, tempfile; tempfile.TemporaryFile(); "
        'print(multiprocessing.get_context("spawn").Pool(1).map(abs, [-7]))\''
    )
    done = bare.root.run("sh", "-c", code, read_only=PLACE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[7]\n")


@pytest.fixture(scope="session")
def isolated_pack(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the example packed with the option ``isolated``."""
    interpreter = find_pyenv("3.12")
    options = {"isolated": True, "verify": False, "bytecode": False}
    return build(copy_example(tmp_path_factory.mktemp("isolated"), python=interpreter, **options), interpreter)


def test_i10_isolated(trixie: Root, isolated_pack: Built) -> None:
    """A command of an isolated pack sees neither ``PYTHONPATH``, nor the working directory, nor ``~/.local``."""
    place = trixie.unpack(isolated_pack.pack, PLACE)
    _place_strangers(trixie.path)
    hostile = {"PYTHONPATH": "/srv/stranger", "PYTHONHOME": "/nonexistent", "HOME": "/home", "PYTHONSTARTUP": "/x"}
    for command in (f"{PLACE}/bin/driftwatch", "driftwatch"):
        environment = {**hostile, "PATH": f"{PLACE}/bin:/bin"}
        done = trixie.run(command, "demo", environment=environment, folder="/srv/stranger")
        assert (done.returncode, "anomalies" in done.stdout, done.stderr) == (0, True, "")
    assert b'python3.12" -I ' in (place / "bin/driftwatch").read_bytes()
    # the same surroundings reach `bin/python`, which stays an ordinary Python
    done = trixie.run(f"{PLACE}/bin/python", "-c", "import click", environment={"PYTHONPATH": "/srv/stranger"})
    assert "a stranger" in done.stderr


def test_i10_not_isolated(bare: Bare) -> None:
    """Without the option, ``PYTHONPATH`` reaches commands as it reaches any Python; ``~/.local`` does not."""
    _place_strangers(bare.path)
    command = f"{PLACE}/bin/driftwatch"
    done = bare.root.run(command, "demo", environment={"PYTHONPATH": "/srv/stranger"})
    assert "a stranger" in done.stderr
    done = bare.root.run(command, "demo", environment={"HOME": "/home"}, folder="/srv/stranger")
    assert done.returncode == 0, done.stderr


def _place_strangers(root: Path) -> None:
    """Put modules named as the example's dependency where ``PYTHONPATH``, a user site and a folder may lead."""
    folders = [root / "srv/stranger"]
    folders += [root / f"home/.local/lib/python{version}/site-packages" for version in ("3.11", "3.12")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "click.py").write_text("raise SystemExit('a stranger was imported')\n")
