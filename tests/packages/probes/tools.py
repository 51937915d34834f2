"""Probes for programs, and for what builds programs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BIN = Path(sys.prefix, "bin")


def _run(*command: str, folder: str = "/tmp", status: int = 0) -> str:
    words = [BIN / command[0], *command[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def ruff() -> None:
    """Finds a mistake."""
    with TemporaryDirectory() as folder:
        Path(folder, "a.py").write_text("import os\n")
        assert "F401" in _run("ruff", "check", "--no-cache", "a.py", folder=folder, status=1)
    from ruff.__main__ import find_ruff_bin

    assert Path(find_ruff_bin()) == BIN / "ruff"


def uv() -> None:
    """Finds the Python beside it, and makes an environment of it."""
    with TemporaryDirectory() as folder:
        _run("uv", "venv", "--offline", "--python", str(BIN / "python"), f"{folder}/v")
        done = subprocess.run(
            [f"{folder}/v/bin/python", "-c", "import sys; print(sys.base_prefix)"], capture_output=True, check=False
        )
    assert done.stdout.decode().strip() == sys.prefix, done.stderr


def black() -> None:
    """Formats; it is compiled."""
    import black as bl

    assert not bl.__file__.endswith(".py")
    assert _run("black", "-c", "a = {  1:2 }") == "a = {1: 2}\n"


def mypy() -> None:
    """Finds a mistake; it is compiled, and knows the types of the standard library."""
    import mypy.build

    assert not mypy.build.__file__.endswith(".py")
    assert "Incompatible types" in _run("mypy", "--cache-dir=/dev/null", "-c", "import os\nx: int = os.sep", status=1)


def cython() -> None:
    """Translates; the headers of the unpacked Python are where it says."""
    with TemporaryDirectory() as folder:
        Path(folder, "a.pyx").write_text("def f(int x):\n    return x + 1\n")
        _run("cython", "-3", "a.pyx", folder=folder)
        assert "PyInit_a" in Path(folder, "a.c").read_text()


def nuitka() -> None:
    """Translates to C; a compiler is the target's."""
    assert "Commercial" in _run("nuitka", "--version")


def pybind11() -> None:
    """Says where its headers are, and its files for CMake and pkg-config."""
    headers = _run("pybind11-config", "--includes")
    assert f"-I{sys.prefix}/" in " ".join(shlex.split(headers))
    for option, name in (("--cmakedir", "pybind11Config.cmake"), ("--pkgconfigdir", "pybind11.pc")):
        (folder,) = shlex.split(_run("pybind11-config", option))
        assert Path(folder, name).is_file()


def cmake() -> None:
    """Configures with ninja, and finds pybind11 and the unpacked Python."""
    with TemporaryDirectory() as folder:
        text = """cmake_minimum_required(VERSION 3.20)
        project(p NONE)
        find_package(Python REQUIRED COMPONENTS Interpreter)
        message(STATUS "found <${Python_EXECUTABLE}>")
        file(WRITE out "x")
        add_custom_target(t ALL COMMAND ${CMAKE_COMMAND} -E touch made)
        """
        Path(folder, "CMakeLists.txt").write_text(text)
        words = ["-GNinja", f"-DCMAKE_MAKE_PROGRAM={BIN}/ninja", f"-DPython_ROOT_DIR={sys.prefix}", "-B", "b", "."]
        assert f"found <{BIN}/python" in _run("cmake", *words, folder=folder)
        _run("cmake", "--build", "b", folder=folder)
        assert Path(folder, "b/made").exists()


def ninja() -> None:
    """Builds."""
    with TemporaryDirectory() as folder:
        Path(folder, "build.ninja").write_text("rule t\n  command = touch $out\nbuild x: t\n")
        _run("ninja", folder=folder)
        assert Path(folder, "x").exists()


def pyinstaller() -> None:
    """Its own compiled start program is there and runs."""
    import PyInstaller

    assert _run("pyinstaller", "--version").strip() == PyInstaller.__version__
    (loader,) = Path(PyInstaller.__path__[0]).glob("bootloader/Linux-64bit-intel/run")
    done = subprocess.run([loader], capture_output=True, text=True, check=False)
    assert "archive" in done.stderr, done.stderr


def ansible_core() -> None:
    """Runs a module with the unpacked Python."""
    words = ["localhost", "-i", "localhost,", "-c", "local", "-m", "command", "-a", "cat /etc/passwd"]
    with TemporaryDirectory() as folder:
        # ansible itself takes no path with a space
        Path(folder, "link").symlink_to(sys.prefix)
        assert "root:x:0" in _run("ansible", *words, "-e", f"ansible_python_interpreter={folder}/link/bin/python")


def awscli() -> None:
    """Knows a service; its data are there."""
    assert _run("aws", "--version").startswith("aws-cli/")
    assert '"Bucket": ""' in _run("aws", "s3api", "create-bucket", "--generate-cli-skeleton")
