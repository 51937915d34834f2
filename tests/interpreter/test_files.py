"""Which files of an installation are packed, on small installations made for each test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.errors import InterpreterError
from hatch_envpack.interpreter.ensurepip import lacks_ensurepip, with_ensurepip
from hatch_envpack.interpreter.files import interpreter_entries, interpreter_roots
from hatch_envpack.interpreter.model import Interpreter
from hatch_envpack.interpreter.resolve import resolve_interpreter
from hatch_envpack.layout import Layout
from tests.conftest import find_debian, find_pyenv


@pytest.fixture
def installation(tmp_path: Path) -> Interpreter:
    """Return an installation in a prefix of its own: the files that every test needs."""
    prefix = tmp_path / "python"
    stdlib = prefix / "lib/python3.12"
    files = {
        "bin/python3.12": "program",
        "bin/pip3.12": "pip's",
        "bin/pydoc3.12": "script",
        "lib/libpython3.12.so.1.0": "library",
        "lib/python3.12/os.py": "",
        "lib/python3.12/ensurepip/__init__.py": "",
        "lib/python3.12/ensurepip/_bundled/pip-24.0-py3-none-any.whl": "",
        "lib/python3.12/site-packages/numpy/__init__.py": "",
        "include/python3.12/Python.h": "",
    }
    for name, text in files.items():
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text(text)
    include = prefix / "include/python3.12"
    return Interpreter(
        executable=prefix / "bin/python3.12",
        prefix=prefix,
        version=(3, 12, 1),
        version_text="3.12.1",
        abiflags="",
        cache_tag="cpython-312",
        magic=b"\xcb\r\r\n",
        machine="x86_64",
        stdlib=stdlib,
        platstdlib=stdlib,
        include=include,
        platinclude=include,
        libdir=prefix / "lib",
        site_folders=(stdlib / "site-packages",),
        libpython=prefix / "lib/libpython3.12.so.1.0",
        multiarch="x86_64-linux-gnu",
    )


def _paths(interpreter: Interpreter) -> set[str]:
    return {str(entry.path) for entry in interpreter_entries(interpreter)}


def _link(interpreter: Interpreter, path: str) -> str | None:
    (entry,) = (entry for entry in interpreter_entries(interpreter) if str(entry.path) == path)
    return entry.link


def test_what_is_packed(installation: Interpreter) -> None:
    """Program with its two links, standard library, headers, library, scripts, and what is generated; nothing else."""
    assert _paths(installation) == {
        "bin/Activate.ps1",
        "bin/activate",
        "bin/activate.bat",
        "bin/activate.csh",
        "bin/activate.fish",
        "bin/activate.nu",
        "bin/deactivate.bat",
        "bin/pydoc3.12",
        "bin/python",
        "bin/python3",
        "bin/python3.12",
        "include/python3.12/Python.h",
        "lib/libpython3.12.so.1.0",
        "lib/python3.12/_envpack_site.py",
        "lib/python3.12/_envpack_terminfo.py",
        "lib/python3.12/lib-dynload/README.txt",
        "lib/python3.12/ensurepip/__init__.py",
        "lib/python3.12/ensurepip/_bundled/pip-24.0-py3-none-any.whl",
        "lib/python3.12/os.py",
        "lib/python3.12/site-packages/_envpack_site.pth",
        "pyvenv.cfg",
    }


def test_d3_readline_stands_before_the_extension(installation: Interpreter) -> None:
    """Where the extension module is there, ours comes before it in the search path."""
    assert "lib/python3.12/readline.py" not in _paths(installation)
    folder = installation.stdlib / "lib-dynload"
    folder.mkdir(exist_ok=True)
    (folder / "readline.cpython-312-x86_64-linux-gnu.so").write_text("")
    assert "lib/python3.12/readline.py" in _paths(installation)


def test_i2_folder_by_which_the_prefix_is_known(installation: Interpreter) -> None:
    """Where every extension module is built in, ``lib-dynload`` is there all the same; else nothing is put into it."""
    landmark, module = "lib/python3.12/lib-dynload/README.txt", "lib-dynload/zlib.cpython-312-x86_64-linux-gnu.so"
    assert landmark in _paths(installation)
    (installation.stdlib / "lib-dynload").mkdir(exist_ok=True)
    (installation.stdlib / module).write_text("")
    assert landmark not in _paths(installation)


@pytest.mark.parametrize(
    "name",
    [
        "EXTERNALLY-MANAGED",
        "__pycache__/os.cpython-312.pyc",
        "config-3.12-x86_64-linux-gnu/libpython3.12.a",
        "config-3.12-x86_64-linux-gnu/python.o",
        "idlelib/idle_test/test_x.py",
        "lib-dynload/_ctypes_test.cpython-312-x86_64-linux-gnu.so",
        "lib-dynload/_testcapi.cpython-312-x86_64-linux-gnu.so",
        "lib-dynload/xxlimited_35.cpython-312-x86_64-linux-gnu.so",
        "sitecustomize.py",
        "sqlite3/test/dbapi.py",
        "test/test_os.py",
        "unittest/test/test_case.py",
    ],
)
def test_i6_left_out(installation: Interpreter, name: str) -> None:
    """Bytecode, static libraries, tests, and what belongs to the build machine do not come along."""
    path = installation.stdlib / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    assert f"lib/python3.12/{name}" not in _paths(installation)


@pytest.mark.parametrize(
    "name",
    [
        "config-3.12-x86_64-linux-gnu/Makefile",
        "lib-dynload/_xxinterpchannels.cpython-312-x86_64-linux-gnu.so",
        "lib-dynload/math.cpython-312-x86_64-linux-gnu.so",
        "xml/test/data.xml",
        "unittest/case.py",
        "doctest.py",
    ],
)
def test_kept(installation: Interpreter, name: str) -> None:
    """What only looks like a test is packed."""
    path = installation.stdlib / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    assert f"lib/python3.12/{name}" in _paths(installation)


def test_i5_packages_are_not_even_walked(installation: Interpreter) -> None:
    """A link in ``site-packages`` that could not be packed does no harm."""
    (installation.stdlib / "site-packages/broken").symlink_to("/nowhere/at/all")
    assert "lib/python3.12/os.py" in _paths(installation)


def test_i1_absolute_link_inside_becomes_relative(installation: Interpreter) -> None:
    """A link that names the prefix stays a link, without it."""
    (installation.stdlib / "posixpath.py").symlink_to(installation.stdlib / "os.py")
    assert _link(installation, "lib/python3.12/posixpath.py") == "os.py"


def test_i1_link_out_of_the_tree_becomes_the_file(installation: Interpreter, tmp_path: Path) -> None:
    """The file that a link outside of the prefix leads to is packed in its place."""
    (tmp_path / "etc").write_text("text")
    (installation.stdlib / "outside.py").symlink_to(tmp_path / "etc")
    (entry,) = (each for each in interpreter_entries(installation) if each.path.name == "outside.py")
    assert (entry.link, entry.read()) == (None, b"text")


@pytest.mark.parametrize("target", ["/nowhere/at/all", "../../../../.."])
def test_i1_link_that_cannot_be_packed_is_named(installation: Interpreter, target: str) -> None:
    """A link to nothing, or to a folder outside, is one clear line with its path."""
    link = installation.stdlib / "broken"
    link.symlink_to(target)
    with pytest.raises(InterpreterError, match=r"^\S+/lib/python3.12/broken is a link to \S+, which cannot be packed"):
        interpreter_entries(installation)


def test_link_to_what_is_left_out_goes_too(installation: Interpreter) -> None:
    """No link is left that leads to a member that is not there."""
    (installation.stdlib / "test").mkdir()
    (installation.stdlib / "test/support.py").write_text("")
    (installation.stdlib / "support.py").symlink_to("test/support.py")
    assert "lib/python3.12/support.py" not in _paths(installation)


def test_n12_chain_of_the_library(installation: Interpreter) -> None:
    """The name that a linker looks for leads to the library; one of another version stays behind."""
    libdir = installation.libdir
    (libdir / "libpython3.12.so").symlink_to("libpython3.12.so.1.0")
    (libdir / "libpython3.11.so.1.0").write_text("another")
    (libdir / "libpython3.11.so").symlink_to("libpython3.11.so.1.0")
    assert _link(installation, "lib/libpython3.12.so") == "libpython3.12.so.1.0"
    assert not any("3.11" in path for path in _paths(installation))


def test_s19_scripts_keep_their_links(installation: Interpreter) -> None:
    """``pydoc`` stays a link to ``pydoc3.12``; pip's script is pip's, another version's is another's."""
    folder = installation.executable.parent
    (folder / "pydoc").symlink_to("pydoc3.12")
    (folder / "python3.12-config").write_text("")
    (folder / "python3-config").symlink_to("python3.12-config")
    (folder / "pydoc3.11").write_text("")
    (folder / "pydoc3").symlink_to("pydoc3.11")
    scripts = {path for path in _paths(installation) if path.startswith("bin/") and "config" in path}
    assert scripts == {"bin/python3.12-config", "bin/python3-config"}
    assert _link(installation, "bin/pydoc") == "pydoc3.12"
    assert _link(installation, "bin/python3-config") == "python3.12-config"
    assert not {"bin/pip3.12", "bin/pydoc3.11", "bin/pydoc3"} & _paths(installation)


def test_library_folder_of_another_name(installation: Interpreter) -> None:
    """A program that looks in ``lib64`` finds its library by a link."""
    assert _link(replace(installation, platlibdir="lib64"), "lib64") == "lib"


def test_moved_before_it_was_packed(installation: Interpreter) -> None:
    """The prefix that it was configured with, and the folder that it was compiled in, have places in the pack too."""
    moved = replace(
        installation,
        built_prefix="/install",
        built_in=("/build/Python-3.12.1",),
        config_folder="config-3.12-x86_64-linux-gnu",
    )
    layout = Layout(interpreter_roots(moved))
    assert layout.locate("/install/lib") == PurePosixPath("lib")
    assert layout.locate("/build/Python-3.12.1") == PurePosixPath("lib/python3.12/config-3.12-x86_64-linux-gnu")
    assert layout.build_paths == tuple(
        sorted({str(moved.stdlib), str(moved.include), str(moved.prefix)}, key=lambda path: (-len(path), path))
    )


def test_folder_of_the_compiler_that_is_the_whole_system(installation: Interpreter) -> None:
    """A build in ``/usr`` or above the prefix does not send every path into the ``config`` folder."""
    strange = replace(installation, built_in=("/usr", "/", str(installation.prefix.parent)))
    layout = Layout(interpreter_roots(strange))
    assert layout.locate("/usr/bin/install") is None
    assert layout.locate(str(installation.prefix.parent)) is None


@pytest.mark.parametrize("missing", ["__init__.py", "_bundled/pip-24.0-py3-none-any.whl"])
def test_i12_ensurepip_that_lacks_something(installation: Interpreter, tmp_path: Path, missing: str) -> None:
    """Without the module or without its wheel it is to be made anew; a wheel in the system's folder will do."""
    assert not lacks_ensurepip(installation)
    (installation.stdlib / "ensurepip" / missing).unlink()
    assert lacks_ensurepip(installation)
    (tmp_path / "pip-24.1-py3-none-any.whl").write_text("")
    with_folder = replace(installation, wheels=tmp_path)
    assert lacks_ensurepip(with_folder) == (missing == "__init__.py")
    assert "lib/python3.12/ensurepip/_bundled/pip-24.1-py3-none-any.whl" in _paths(with_folder)


def test_i12_newest_of_the_systems_wheels(installation: Interpreter, tmp_path: Path) -> None:
    """Of a folder with more wheels only those that ``ensurepip`` installs come along, the newest of each."""
    names = ("pip-9.0-py3-none-any.whl", "pip-24.0-py3-none-any.whl", "setuptools-66.1-py3-none-any.whl", "x-1-a.whl")
    for name in names:
        (tmp_path / name).write_text("")
    old = replace(installation, version=(3, 11, 2), wheels=tmp_path)
    bundled = {path.name for path in map(PurePosixPath, _paths(old)) if path.suffix == ".whl"}
    assert bundled == {"pip-24.0-py3-none-any.whl", "setuptools-66.1-py3-none-any.whl"}


def test_i12_made_ensurepip_replaces_the_other(installation: Interpreter, tmp_path: Path) -> None:
    """Nothing of a broken ``ensurepip`` is left beside the one that is made."""
    wheel = tmp_path / "pip-25.0-py3-none-any.whl"
    wheel.write_text("")
    library = PurePosixPath("lib/python3.12")
    entries = with_ensurepip(interpreter_entries(installation), wheel, library)
    package = [str(each.path.relative_to(library)) for each in entries if "ensurepip" in each.path.parts]
    assert package == ["ensurepip/__init__.py", "ensurepip/__main__.py", f"ensurepip/_bundled/{wheel.name}"]
    assert entries == sorted(entries, key=lambda entry: entry.path.parts)


@pytest.mark.parametrize("find", [find_debian, lambda: find_pyenv("3.11")], ids=["debian", "pyenv"])
def test_i12_only_pythons_own_files(find: object) -> None:
    """Of the whole system, or of a pyenv tree full of packages, only what is Python's is read; always the same."""
    assert callable(find)
    interpreter = resolve_interpreter(str(find()), root=Path("/"), uv=None)
    entries = interpreter_entries(interpreter)
    version = interpreter.short_version
    assert 700 < len(entries) < 1500
    sources = {entry.source for entry in entries if entry.source is not None}
    strange = {
        path
        for path in sources
        if version not in str(path.relative_to(interpreter.prefix))
        and path.parent.name != "python-wheels"
        and path.name != "libpython3.so"
    }
    assert strange == set()
    assert not any({"site-packages", "dist-packages"} & set(path.parts) for path in sources)
    assert [entry.path for entry in entries] == sorted(entry.path for entry in entries)
    assert entries == interpreter_entries(interpreter)
    assert any(entry.path == PurePosixPath(f"lib/python{version}/LICENSE.txt") for entry in entries)
