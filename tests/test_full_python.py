"""Unpacked, a pack is a full Python: environments are made from it, packages installed into it, extensions compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Built, copy_example, find_debian, missing
from tests.targets.roots import run_hiding

_EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *ignored) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "cext", "", -1, methods};
PyMODINIT_FUNC PyInit_cext(void) { return PyModule_Create(&module); }
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a wheel of pure Python."""
    path = tmp_path / "pure_demo-1.0-py3-none-any.whl"
    files = {
        "pure_demo.py": "def main():\n    print('pure')\n",
        "pure_demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pure-demo\nVersion: 1.0\n",
        "pure_demo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "pure_demo-1.0.dist-info/entry_points.txt": "[console_scripts]\npure-demo = pure_demo:main\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        record = "".join(f"{name},,\n" for name in (*files, "pure_demo-1.0.dist-info/RECORD"))
        archive.writestr("pure_demo-1.0.dist-info/RECORD", record)
    return path


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """Return the source of a C extension."""
    folder = tmp_path / "cext"
    folder.mkdir()
    (folder / "cext.c").write_text(_EXTENSION)
    (folder / "setup.py").write_text(
        "from setuptools import setup, Extension\n"
        "setup(name='cext', version='1.0', ext_modules=[Extension('cext', ['cext.c'])])\n"
    )
    return folder


class Unpacked:
    """A pack that was unpacked on this machine, with the interpreter that it was made from out of sight."""

    def __init__(self, built: Built, place: Path) -> None:
        place.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", built.pack, "-C", place], check=True)
        self.place = place
        prefix = built.interpreter.parent.parent
        self.hidden = [prefix] if prefix != Path("/usr") else [*Path("/usr/lib").glob("python3*"), built.interpreter]

    def run(self, program: Path | str, *arguments: str | Path, at: Path | None = None) -> str:
        """Run a program, of the pack's ``bin`` where ``at`` names no other folder; return what it prints."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = run_hiding(self.hidden, (at or self.place / "bin") / program, *arguments, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def unpacked(tmp_path: Path, example_pack: Built) -> Unpacked:
    """Return each of the two packs, unpacked in a path with a space and a quote."""
    return Unpacked(example_pack, tmp_path / "a b'c")


@pytest.mark.parametrize("how", ["--symlinks", "--copies"])
def test_i8_venv_and_pip(tmp_path: Path, unpacked: Unpacked, wheel: Path, extension: Path, how: str) -> None:
    """An environment is made with pip in it, and takes a wheel and a C extension from source."""
    folder = tmp_path / "venv"
    unpacked.run("python", "-m", "venv", how, folder)
    unpacked.run(folder / "bin/python", "-m", "pip", "install", "-q", wheel, extension)
    assert unpacked.run(folder / "bin/pure-demo") == "pure\n"
    code = "import cext, sys; print(cext.answer(), sys.prefix, sys.base_prefix)"
    assert unpacked.run(folder / "bin/python", "-c", code) == f"42 {folder} {unpacked.place}\n"


def test_c1_pip_into_the_tree_itself(unpacked: Unpacked, wheel: Path, extension: Path) -> None:
    """``ensurepip`` gives pip, which installs into the tree's own ``site-packages`` and ``bin``."""
    unpacked.run("python", "-m", "ensurepip")
    unpacked.run("python", "-m", "pip", "install", "-q", wheel, extension)
    (site,) = unpacked.place.glob("lib/python3.*/site-packages")
    assert (site / "pure_demo.py").is_file()
    assert unpacked.run("pure-demo") == "pure\n"
    assert unpacked.run("python", "-c", "import cext; print(cext.answer(), cext.__file__)").startswith(
        f"42 {site}/cext"
    )


def test_c1_c5_configuration_names_the_new_place(tmp_path: Path, unpacked: Unpacked) -> None:
    """``sysconfig`` and ``python3.X-config`` print the new place, also through a link."""
    code = "import sysconfig as s; print(s.get_config_var('prefix'), s.get_path('include'), s.get_path('purelib'))"
    (library,) = (unpacked.place / "lib").glob("python3.*")
    include = unpacked.place / "include" / library.name
    assert unpacked.run("python", "-c", code) == f"{unpacked.place} {include} {library}/site-packages\n"
    assert (include / "Python.h").is_file()
    script = f"{library.name}-config"
    (tmp_path / "link").symlink_to(unpacked.place / "bin" / script)
    for program in (script, tmp_path / "link"):
        assert unpacked.run(program, "--prefix") == f"{unpacked.place}\n"
        assert unpacked.run(program, "--includes") == f"-I{include} -I{include}\n"
    for path in unpacked.place.glob("lib/pkgconfig/*.pc"):
        assert path.read_text().count("${pcfiledir}/../..") >= 1


_EMBEDDING = """
#include <Python.h>
int main(void) {
    Py_Initialize();
    int failed = PyRun_SimpleString("import os, ssl, sqlite3, zlib; print(os.path.dirname(os.__file__), flush=True)");
    return Py_FinalizeEx() | failed;
}
"""


def test_n12_program_that_embeds_python(tmp_path: Path, example_pack: Built) -> None:
    """Compiled by what ``python3.X-config`` and ``pkg-config`` say, it runs beside ``python``, or with PYTHONHOME."""
    if not shutil.which("pkg-config"):
        missing("pkg-config is not installed")
    unpacked = Unpacked(example_pack, tmp_path / "plain")  # the shell splits what the tools print at spaces
    place = unpacked.place
    (library,) = (path for path in place.glob("lib/python3.*") if path.is_dir())
    version = library.name.removeprefix("python")
    (tmp_path / "main.c").write_text(_EMBEDDING)
    by_script = f"{place}/bin/python{version}-config"
    by_package = f"PKG_CONFIG_LIBDIR={place}/lib/pkgconfig pkg-config"
    flags = {
        "script": f"$({by_script} --embed --cflags) $0 -o $1 $({by_script} --embed --ldflags)",
        "package": f"$0 -o $1 $({by_package} --cflags --libs python-{version}-embed)",
    }
    for name, words in flags.items():
        program = place / "bin" / name
        command = f"gcc {words} -Wl,-rpath,{place}/lib"
        subprocess.run(["sh", "-ec", command, tmp_path / "main.c", program], check=True, capture_output=True)
        # https://docs.python.org/3/c-api/init_config.html#init-path-config: `python3` on PATH says where its library is
        beside = unpacked.run("env", f"PATH={place}/bin", program, at=Path("/usr/bin"))
        elsewhere = shutil.move(program, tmp_path / name)
        told = unpacked.run("env", f"PYTHONHOME={place}", elsewhere, at=Path("/usr/bin"))
        assert (beside, told) == (f"{library}\n", f"{library}\n")
        linked = subprocess.run(["ldd", elsewhere], capture_output=True, text=True, check=True).stdout
        assert f"=> {place}/lib/libpython{version}.so.1.0" in linked


def test_i11_child_processes(unpacked: Unpacked) -> None:
    """``multiprocessing``, process pools and ``subprocess`` of ``sys.executable`` work, however a child is started."""
    code = """
import concurrent.futures, multiprocessing, subprocess, sys
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool, concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
            print(pool.map(abs, [-1]), *executor.map(abs, [-3]))
    print(subprocess.check_output([sys.executable, "-c", "print(2)"], text=True), end="")
"""
    script = unpacked.place / "script.py"
    script.write_text(code)
    assert unpacked.run("python", script) == "[1] 3\n" * 3 + "2\n"


def test_i12_debian_without_its_venv_package(tmp_path: Path, wheel: Path) -> None:
    """Where ``ensurepip`` and its wheels are not installed, the pack brings them all the same."""
    interpreter = find_debian()
    project = copy_example(tmp_path, python=interpreter)
    version = f"python{interpreter.name.removeprefix('python')}"
    hidden = [Path("/usr/lib", version, "ensurepip"), Path("/usr/share/python-wheels")]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    script = 'cd "$0" && exec "$@"'
    # what is found out here about the interpreter is not so outside of this namespace of mounts
    environment = {**os.environ, "HATCH_ENVPACK_CACHE_DIR": str(tmp_path / "cache")}
    done = run_hiding(hidden, "sh", "-c", script, project, *command, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (pack,) = (project / "dist").iterdir()
    unpacked = Unpacked(Built(project, interpreter, pack), tmp_path / "place")
    unpacked.run("python", "-m", "venv", tmp_path / "venv")
    unpacked.run(tmp_path / "venv/bin/python", "-m", "pip", "install", "-q", wheel)
    assert unpacked.run(tmp_path / "venv/bin/pure-demo") == "pure\n"
