"""A real CPython for Windows, from the package index alone, for tests under Wine.

Panda3D's wheel brings everything but the program and the library in Python; the first is written here, and the second
is that of any CPython of the same version.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

_WHEEL = "panda3d-1.10.16-cp312-cp312-win_amd64.whl"
_REQUIREMENT = "panda3d==1.10.16 --hash=sha256:f6493e2ecc0d1b7c1556a999556e5278cbc9484fe5fe1e159a1ccc02b870b18f\n"
_LEFT_OUT = ("test", "idlelib", "tkinter", "lib2to3", "lib-dynload", "site-packages", "config-*", "__pycache__")

_RVA = 0x1000
_CODE = 0x80
_IMPORTS = (("KERNEL32.dll", ("GetCommandLineW", "ExitProcess")), ("SHELL32.dll", ("CommandLineToArgvW",)))


def make_windows_python(prefix: Path, stdlib: Path) -> None:
    """Make a prefix of Python 3.12 with the library of another CPython 3.12."""
    prefix.mkdir()
    with zipfile.ZipFile(_download()) as wheel:
        for name in wheel.namelist():
            path = PurePosixPath(name)
            # Wine 8 has nothing that `_wmi` could ask, and crashes
            if path.parent.name == "deploy_libs" and path.suffix in (".dll", ".pyd") and path.name != "_wmi.pyd":
                folder = prefix / "DLLs" if path.suffix == ".pyd" else prefix
                folder.mkdir(exist_ok=True)
                (folder / path.name).write_bytes(wheel.read(name))
    shutil.copytree(stdlib, prefix / "Lib", ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (prefix / "python.exe").write_bytes(program("python312.dll", subsystem=3))
    (prefix / "pythonw.exe").write_bytes(program("python312.dll", subsystem=2))


def _download() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "hatch-envpack-tests")
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / _WHEEL).exists():
        requirement = cache / f"{_WHEEL}.{os.getpid()}.txt"
        requirement.write_text(_REQUIREMENT)
        target = ["--platform", "win_amd64", "--python-version", "3.12", "--only-binary", ":all:", "--no-deps"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", *target]
        subprocess.run([*pip, "--dest", cache, "--requirement", requirement], check=True, capture_output=True)
        requirement.unlink()
    return cache / _WHEEL


def program(library: str, *, subsystem: int) -> bytes:
    """Return a program for Windows that calls ``Py_Main`` of ``library`` with the words of its command line."""
    content, addresses = _imported((*_IMPORTS, (library, ("Py_Main",))))
    code = bytearray()

    def call(function: str) -> None:
        code.extend(b"\xff\x15" + struct.pack("<i", addresses[function] - (_RVA + len(code) + 6)))

    code += b"\x48\x83\xec\x38"  # sub rsp, 0x38
    call("GetCommandLineW")
    code += b"\x48\x89\xc1\x48\x8d\x54\x24\x28"  # mov rcx, rax; lea rdx, [rsp+0x28]
    call("CommandLineToArgvW")
    code += b"\x48\x89\xc2\x8b\x4c\x24\x28"  # mov rdx, rax; mov ecx, [rsp+0x28]
    call("Py_Main")
    code += b"\x89\xc1"  # mov ecx, eax
    call("ExitProcess")
    content[: len(code)] = code
    return _image(bytes(content), subsystem)


def _imported(imports: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[bytearray, dict[str, int]]:
    """Return the section with its import tables behind room for the code, and where each function's address is."""
    content = bytearray(_CODE + 20 * (len(imports) + 1))
    addresses = {}
    for number, (library, functions) in enumerate(imports):
        thunks = b""
        for function in functions:
            content += bytes(len(content) % 2)
            thunks += struct.pack("<Q", _RVA + len(content))
            content += b"\0\0" + function.encode() + b"\0"
        name = _RVA + len(content)
        content += library.encode() + b"\0"
        content += bytes(-len(content) % 8)
        lookup = _RVA + len(content)
        content += thunks + bytes(8)
        table = _RVA + len(content)
        content += thunks + bytes(8)
        addresses.update({function: table + 8 * index for index, function in enumerate(functions)})
        struct.pack_into("<5I", content, _CODE + 20 * number, lookup, 0, 0, name, table)
    return content, addresses


def _image(content: bytes, subsystem: int) -> bytes:
    size = len(content) + -len(content) % 0x200
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, size, 0, 0, _RVA, _RVA)
    optional += struct.pack("<QII6HIIIIHH", 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x2000, 0x200, 0, subsystem, 0x8100)  # fmt: skip  # noqa: E501
    optional += struct.pack("<4QII", 0x200000, 0x1000, 0x100000, 0x1000, 0, 16)
    folders = bytearray(128)
    struct.pack_into("<II", folders, 8, _RVA + _CODE, _CODE)
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", len(content), _RVA, size, 0x200, 0, 0, 0, 0, 0xE0000020)
    headers = dos + b"PE\0\0" + coff + optional + bytes(folders) + section
    return headers.ljust(0x200, b"\0") + content.ljust(size, b"\0")
