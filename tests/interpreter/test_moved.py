"""Every interpreter that can be packed, in a path with a space and a quote, with the original out of sight."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import find_debian, find_pyenv, missing
from tests.interpreter.moved import Moved, links_of, move

_VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

_SITE = (
    "import json, os, site, sys, sysconfig; print(json.dumps([sys.prefix, sys.base_prefix, "
    "site.ENABLE_USER_SITE, sys.path, sysconfig.get_path('purelib')]))"
)

_COMPILE = """
import shlex, subprocess, sys, sysconfig
value = sysconfig.get_config_var
words = [each for name in ("LDSHARED", "CFLAGS", "CPPFLAGS", "CCSHARED") for each in shlex.split(value(name) or "")]
include = "-I" + sysconfig.get_path("include")
subprocess.run([*words, include, "cext.c", "-o", "cext" + value("EXT_SUFFIX")], cwd=sys.argv[1], check=True)
sys.path.insert(0, sys.argv[1])
import cext
print(cext.__name__)
"""

_EXTENSION = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "cext", "", -1, NULL};
PyMODINIT_FUNC PyInit_cext(void) { return PyModule_Create(&module); }
"""

_CERTIFICATES = """
import os, ssl, sys
own = ssl._ssl.get_default_verify_paths()
empty, bundle, folder = sys.argv[1:]
ssl._ssl.get_default_verify_paths = lambda: (own[0], empty + "/cert.pem", own[2], empty + "/certs")
for files, folders in (((empty + "/none", bundle), (folder,)), ((), (empty, folder)), ((), ())):
    ssl._ENVPACK_CERTIFICATES, ssl._ENVPACK_FOLDERS = files, folders
    context = ssl.create_default_context()
    print(ssl.get_default_verify_paths()[:2], len(context.get_ca_certs()) > 50)
ssl._ENVPACK_CERTIFICATES = (bundle,)
os.environ["SSL_CERT_DIR"] = empty
print(ssl.get_default_verify_paths()[:2])
"""

_MAPPED = "print({line.split(None, 5)[5].strip() for line in open('/proc/self/maps') if 'libpython' in line})"


@pytest.fixture(scope="session", params=[*_VERSIONS, "debian"])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """Return each interpreter in turn."""
    program = find_debian() if request.param == "debian" else find_pyenv(request.param)
    return move(program, tmp_path_factory.mktemp("moved") / "a b'c")


def test_i7_i9_one_prefix_and_no_user_site(moved: Moved, tmp_path: Path) -> None:
    """However it is called: the prefix is the tree, it is no environment, and ``~/.local`` adds nothing."""
    name = moved.interpreter.library_folder
    user = tmp_path / f"home/.local/lib/{name}/site-packages"
    (tmp_path / "elsewhere").mkdir()
    user.mkdir(parents=True)
    (user / "added.pth").write_text(f"{tmp_path / 'elsewhere'}\n")
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.symlink_to(moved.place / "bin" / "python3")
    folder.symlink_to(moved.place)
    dotted = moved.place / "lib" / ".." / "bin" / "python"
    for program, prefix in (
        (moved.python, moved.place),
        (outside, moved.place),
        (dotted, moved.place),
        (folder / "bin" / "python", folder),
    ):
        answer = json.loads(moved.run(program, "-c", _SITE, HOME=str(tmp_path / "home")))
        site = f"{prefix}/lib/{name}/site-packages"
        assert answer[:3] == [str(prefix), str(prefix), False], program
        assert answer[4] == site
        assert answer[3].count(site) == 1
        assert all(path.startswith(f"{prefix}/lib/") for path in answer[3] if path), answer[3]


@pytest.mark.parametrize("how", ["--symlinks", "--copies"])
def test_i8_environment(moved: Moved, tmp_path: Path, how: str) -> None:
    """An environment runs with the tree's own libpython, and its own environment sees the packages of the tree."""
    moved.run(moved.python, "-m", "venv", "--without-pip", how, tmp_path / "venv")
    program = tmp_path / "venv" / "bin" / "python"
    answer = json.loads(moved.run(program, "-c", _SITE))
    assert answer[:3] == [str(tmp_path / "venv"), str(moved.place), False]
    mapped = moved.run(program, "-c", _MAPPED)
    assert "/usr/lib" not in mapped
    assert program.is_symlink() == (how == "--symlinks")
    moved.run(moved.python, "-m", "venv", "--without-pip", "--system-site-packages", how, tmp_path / "open")
    seen = json.loads(moved.run(tmp_path / "open" / "bin" / "python", "-c", _SITE))
    assert seen[:3] == [str(tmp_path / "open"), str(moved.place), True]
    assert f"{moved.library}/site-packages" in seen[3]


def test_i8_pip_in_a_copied_environment(moved: Moved, tmp_path: Path) -> None:
    """``venv --copies`` installs pip, with the wheels that came along."""
    moved.run(moved.python, "-m", "venv", "--copies", tmp_path / "venv")
    assert "pip " in moved.run(tmp_path / "venv" / "bin" / "python", "-m", "pip", "--version")


def test_c1_extension_compiles(moved: Moved, tmp_path: Path) -> None:
    """The compiler's variables can be split by a shell's rules and name files that are there."""
    if shutil.which("gcc") is None:
        missing("there is no gcc")
    (tmp_path / "cext.c").write_text(_EXTENSION)
    assert moved.run(moved.python, "-c", _COMPILE, tmp_path) == "cext\n"


def test_c1_c3_no_text_names_the_build_machine(moved: Moved) -> None:
    """Neither the prefix of the original nor the folder that it was compiled in is left in any text file."""
    interpreter = moved.interpreter
    needles = [*interpreter.built_in, *([str(interpreter.prefix)] if interpreter.is_private else [])]
    assert needles
    files = [Path(parent, name) for parent, _, names in os.walk(moved.place) for name in names]
    assert len(files) > 500
    texts = {path: path.read_bytes() for path in files if not path.is_symlink()}
    texts = {path: data for path, data in texts.items() if not data.startswith(b"\x7fELF")}
    assert [path for path, data in texts.items() if any(needle.encode() in data for needle in needles)] == []


def test_c3_make_finds_the_prefix(moved: Moved, tmp_path: Path) -> None:
    """The makefile's variables name the place that it is read from."""
    if shutil.which("make") is None:
        missing("there is no make")
    plain = tmp_path / "plain"
    plain.symlink_to(moved.place)  # make splits names at spaces
    (makefile,) = (plain / "lib").glob("python3*/config-*/Makefile")
    asking = tmp_path / "Makefile"
    asking.write_text(f"show:\n\t@echo $(prefix) $(INCLUDEPY)\n\ninclude {makefile}\n")
    include = f"{plain}/include/{moved.interpreter.include.name}"
    assert moved.run("make", "-s", "-f", asking, "show") == f"{plain} {include}\n"


def test_c4_pkg_config_names_the_headers(moved: Moved) -> None:
    """``pkg-config`` gives the headers of the tree, with the space escaped as it does."""
    if shutil.which("pkg-config") is None:
        missing("there is no pkg-config")
    name = f"python-{moved.interpreter.short_version}"
    folder = moved.place / "lib" / "pkgconfig"
    include = moved.run("pkg-config", "--variable=includedir", name, PKG_CONFIG_LIBDIR=str(folder)).strip()
    header = Path(include.replace("\\", ""), moved.interpreter.include.name, "Python.h")
    assert header.resolve() == moved.place / "include" / moved.interpreter.include.name / "Python.h"
    assert header.is_file()


def test_c5_config_script_through_a_link(moved: Moved, tmp_path: Path) -> None:
    """``python3.X-config`` prints the new place, called by its path and through a link to it."""
    script = moved.place / "bin" / f"{moved.interpreter.program}-config"
    (tmp_path / "link").symlink_to(script)
    include = f"-I{moved.place}/include/{moved.interpreter.include.name}"
    for program in (script, tmp_path / "link"):
        assert moved.run(program, "--prefix") == f"{moved.place}\n"
        assert moved.run(program, "--exec-prefix") == f"{moved.place}\n"
        assert moved.run(program, "--includes") == f"{include} {include}\n"
        assert moved.run(program, "--configdir").startswith(f"{moved.library}/config-")
        assert f"-L{moved.place}/lib" in moved.run(program, "--ldflags", "--embed")


def test_c5_python_variant_of_the_config_script(moved: Moved) -> None:
    """``config-*/python-config.py`` asks the interpreter that runs it."""
    (script,) = moved.library.glob("config-*/python-config.py")
    assert moved.run(moved.python, script, "--prefix") == f"{moved.place}\n"


def test_i12_debian_headers_include_each_other(moved: Moved) -> None:
    """Debian's ``pyconfig.h`` names another one by its place beside its own folder, and it is there."""
    header = moved.place / "include" / moved.interpreter.include.name / "pyconfig.h"
    if not moved.interpreter.is_private:
        name = f"../{moved.interpreter.multiarch}/{moved.interpreter.include.name}/pyconfig.h"
        assert f'include "{name}"' in header.read_text()
        header = header.parent / name
    assert "#define SIZEOF_VOID_P 8" in header.read_text()


def test_i1_n12_links_stay_inside(moved: Moved) -> None:
    """Every link is relative and leads to something in the tree; libpython has its chain."""
    links = links_of(moved.place)
    assert links["bin/python"] == moved.interpreter.program
    for path, target in links.items():
        assert not target.startswith("/"), path
        assert (moved.place / path).resolve(strict=True).is_relative_to(moved.place.resolve()), path
    name = f"libpython{moved.interpreter.short_version}.so"
    assert (moved.place / "lib" / f"{name}.1.0").is_file()
    assert (moved.place / "lib" / name).resolve() == (moved.place / "lib" / f"{name}.1.0").resolve()


def test_d1_certificates(moved: Moved, tmp_path: Path) -> None:
    """Where OpenSSL's place is empty: a bundle, else a folder, else nothing; a variable of the caller's comes first."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.is_file():
        missing("there are no certificates")
    words = (tmp_path, bundle, bundle.parent)
    answer = moved.run(moved.python, "-X", "dev", "-W", "error", "-c", _CERTIFICATES, *words).splitlines()
    assert answer[0] == f"('{bundle}', None) True"
    assert [line.rpartition(" ")[0] for line in answer[1:3]] == [f"(None, '{bundle.parent}')", "(None, None)"]
    assert answer[3] == f"(None, '{tmp_path}')"


def test_d1_costs_nothing_without_tls(moved: Moved) -> None:
    """No module of ours makes ``ssl`` be imported, and nothing of ours is imported where nothing has to be mended."""
    loaded = moved.run(moved.python, "-c", "import sys; print('ssl' in sys.modules, '_envpack_site' in sys.modules)")
    assert loaded == "False False\n"
