"""Mach-O files out of real wheels: their paths become relocatable, and their signatures stay valid.

LIEF reads the load commands back, and a checker of its own the signatures: neither knows the code that wrote them.
"""

from __future__ import annotations

import io
import struct
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import lief
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_envpack.errors import RelocationError
from hatch_envpack.layout import Layout, Root
from hatch_envpack.macho.edit import set_paths
from hatch_envpack.macho.read import MachoError, is_macho, read_macho
from hatch_envpack.registry import Registry
from hatch_envpack.relocate.chain import make_chain
from hatch_envpack.relocate.fixer import Context
from hatch_envpack.relocate.macho import MachoFixer
from tests.macho import forge
from tests.macho.signatures import Signature, check, slices
from tests.macho.wheels import MARKUPSAFE, MSALRUNTIME, PILLOW_ARM, PILLOW_INTEL
from tests.relocate.contexts import context, entry

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from tests.wheels import Wheel

SITE = "lib/python3.12/site-packages"
SPEEDUPS = "markupsafe/_speedups.cpython-312-darwin.so"
JPEG = "PIL/.dylibs/libjpeg.62.4.0.dylib"
LIBRARY_KINDS = {0xC: "LOAD_DYLIB", 0x80000018: "LOAD_WEAK_DYLIB", 0x8000001F: "REEXPORT_DYLIB",
                 0x20: "LAZY_LOAD_DYLIB", 0x80000023: "LOAD_UPWARD_DYLIB"}  # fmt: skip


def _context(*roots: Root) -> Context:
    base = context()
    return Context(base.interpreter, Layout(roots), base.libraries, base.site_packages)


BUILD = _context(Root("/build/env", PurePosixPath()))
DLC = _context(Root("/DLC", PurePosixPath(SITE)))
"""Where delocate says that the libraries lie that it copies into a wheel."""


def _entry(path: str) -> Entry:
    return entry(path)


def _commands(data: bytes) -> dict[str, list[str]]:
    """Return kind and path of every load command of every slice, in their order, as LIEF sees them."""
    lief.logging.disable()
    parsed = lief.MachO.parse(io.BytesIO(data))
    assert parsed is not None
    found = {}
    for binary in filter(None, map(parsed.at, range(parsed.size))):
        lines = []
        for command in binary.commands:
            kind = command.command.name
            if isinstance(command, lief.MachO.DylibCommand):
                kind += " " + str(command.name)
            elif isinstance(command, lief.MachO.RPathCommand):
                kind += " " + str(command.path)
            lines.append(kind)
        found["arm64" if binary.header.cpu_type == lief.MachO.Header.CPU_TYPE.ARM64 else "x86_64"] = lines
    return found


def _signature(piece: bytes) -> Signature:
    signature = check(piece)
    assert signature is not None
    return signature


@pytest.mark.parametrize(
    ("place", "expected", "same_size_of_commands"),
    [
        ("lib/_speedups.so", "@loader_path/libz.1.dyl", True),
        (f"{SITE}/{SPEEDUPS}", "@loader_path/../../../libz.1.dyl", False),
        ("bin/python3.12", "@loader_path/../lib/libz.1.dyl", True),
    ],
)
def test_n9_n10_every_slice(place: str, expected: str, same_size_of_commands: bool) -> None:  # noqa: FBT001
    """In both slices the path begins at the file's own folder; all else is as it was, and arm64 is signed."""
    data = forge.needs_build_library(MARKUPSAFE.files[SPEEDUPS])
    fixed = MachoFixer(BUILD).fix(_entry(place), data)
    assert fixed is not None
    old, new = _commands(data), _commands(fixed)
    assert set(new) == {"arm64", "x86_64"}
    for cpu in new:
        asked = [line.replace("/build/env/lib/libz.1.dyl", expected) for line in old[cpu]]
        assert asked != old[cpu]
        assert new[cpu] == asked
        sizes = [struct.unpack("<I", slices(each)[cpu][20:24])[0] for each in (data, fixed)]
        assert (sizes[0] == sizes[1]) is same_size_of_commands
    assert len(fixed) == len(data)
    assert b"/build/env" not in fixed
    assert check(slices(fixed)["x86_64"]) is None
    assert _signature(slices(fixed)["arm64"]) == _signature(slices(MARKUPSAFE.files[SPEEDUPS])["arm64"])
    assert MachoFixer(BUILD).fix(_entry(place), fixed) is None


@pytest.mark.parametrize("wheel", [PILLOW_ARM, PILLOW_INTEL], ids=["arm64", "x86_64"])
def test_n9_n10_real_library(wheel: Wheel) -> None:
    """The library's own name is relocatable, the folder outside of the pack gone; only load commands and hashes differ.

    Where there are hashes of two kinds, both are right.
    """
    data = wheel.files[JPEG]
    fixed = MachoFixer(DLC).fix(_entry(f"{SITE}/{JPEG}"), data)
    assert fixed is not None
    ((cpu, old),) = _commands(data).items()
    assert "RPATH /usr/local/lib" in old
    asked = [line.replace("/DLC/PIL/.dylibs/", "@loader_path/") for line in old if line != "RPATH /usr/local/lib"]
    assert _commands(fixed) == {cpu: asked}
    assert len(fixed) == len(data)
    assert _signature(fixed) == _signature(data)
    place = data.index(struct.pack(">I", 0xFADE0CC0))
    first_page = 32 + struct.unpack("<I", data[20:24])[0]
    assert fixed[first_page:place] == data[first_page:place]
    assert MachoFixer(DLC).fix(_entry(f"{SITE}/{JPEG}"), fixed) is None


def test_n10_hashes_of_both_kinds() -> None:
    """The wheel for macOS 10.10 has what the test above says of it."""
    assert _signature(PILLOW_INTEL.files[JPEG]).functions == ("sha1", "sha256")


@pytest.mark.parametrize("wheel", [PILLOW_ARM, PILLOW_INTEL, MARKUPSAFE, MSALRUNTIME], ids=lambda each: each.platform)
def test_n2_files_that_are_right_are_not_touched(wheel: Wheel) -> None:
    """Every file of a wheel that names nothing of the build machine stays as it is, whoever signed it."""
    right = {name: data for name, data in wheel.files.items() if name != JPEG}
    assert right
    for name, data in right.items():
        assert MachoFixer(BUILD).fix(_entry(f"{SITE}/{name}"), data) is None
        assert set_paths(data, lambda _kind, path: path, "x") is data


def test_n2_slice_that_is_right_is_not_touched() -> None:
    """Of a fat file with one slice to edit, the other slice keeps its bytes."""
    whole = MARKUPSAFE.files[SPEEDUPS]
    arm, intel = forge.only(whole, "arm64"), forge.only(whole, "x86_64")
    for pieces in ((forge.needs_build_library(intel), arm), (intel, forge.needs_build_library(arm))):
        data = forge.fat(*pieces)
        fixed = MachoFixer(BUILD).fix(_entry("lib/x.so"), data)
        assert fixed is not None
        edited = 0 if pieces[1] == arm else 1
        cpu = ["x86_64", "arm64"][edited]
        assert list(slices(fixed).values())[1 - edited] == pieces[1 - edited]
        assert any("@loader_path/libz.1.dyl" in line for line in _commands(fixed)[cpu])
        assert len(fixed) == len(data)
        _signature(slices(fixed)["arm64"])


@pytest.mark.parametrize("kind", LIBRARY_KINDS, ids=LIBRARY_KINDS.get)
def test_n9_every_way_to_ask_for_a_library(kind: int) -> None:
    """The path changes, the kind of load command stays."""
    data = forge.needs_build_library(MARKUPSAFE.files[SPEEDUPS], kind)
    fixed = MachoFixer(BUILD).fix(_entry("bin/x"), data)
    assert fixed is not None
    for piece in slices(fixed).values():
        at = piece.index(b"@loader_path/../lib/libz.1.dyl\0")
        assert struct.unpack("<I", piece[at - 24 : at - 20])[0] == kind
    _signature(slices(fixed)["arm64"])


def test_n9_folders_in_which_libraries_are_looked_for() -> None:
    """Into the pack: from the file's own folder; outside or the working directory: dropped; Apple's own: kept.

    No folder is named twice: the loader of macOS 15 refuses that.
    """
    folders = [
        "/build/env/lib", "@loader_path/.dylibs", "/usr/local/lib", "/usr/lib/swift", "lib", "@executable_path/../lib",
        "@loader_path/../lib/", "/build/env/bin/", "/opt/homebrew/lib", "/build/env/lib/../lib/", "/System/x",
    ]  # fmt: skip
    data = forge.grown_rpath(PILLOW_ARM.files[JPEG], *folders)
    fixed = MachoFixer(BUILD).fix(_entry("bin/x"), data)
    assert fixed is not None
    assert [line for line in _commands(fixed)["arm64"] if line.startswith("RPATH")] == [
        "RPATH @loader_path/../lib", "RPATH @loader_path/.dylibs", "RPATH /usr/lib/swift",
        "RPATH @executable_path/../lib", "RPATH @loader_path", "RPATH /System/x",
    ]  # fmt: skip
    assert _signature(fixed) == _signature(PILLOW_ARM.files[JPEG])


def test_n9_libraries_from_elsewhere_stay() -> None:
    """A library outside of the pack is not renamed, nor is one whose folder's name only begins alike."""
    data = forge.needs_build_library(MARKUPSAFE.files[SPEEDUPS]).replace(b"/build/env/lib", b"/build/envx/li")
    assert MachoFixer(BUILD).fix(_entry("lib/x.so"), data) is None


def test_n9_no_room() -> None:
    """A path that does not fit is an error that names file, slice, and how to link the file so that it does."""
    name = "pymsalruntime/pymsalruntime.cpython-312-darwin.so"
    data = forge.needs_build_library(MSALRUNTIME.files[name])
    place = "/".join(f"folder-{number}" for number in range(20)) + "/module.so"
    with pytest.raises(RelocationError, match=r"/module.so cannot be edited: its arm64 slice: .* 40 to spare: .*pad"):
        MachoFixer(BUILD).fix(_entry(place), data)


def test_n9_what_lies_behind_the_load_commands_is_not_overwritten() -> None:
    """Bytes that no load command tells of are no padding."""
    data = bytearray(forge.needs_build_library(forge.only(MARKUPSAFE.files[SPEEDUPS], "x86_64")))
    data[32 + struct.unpack("<I", data[20:24])[0]] = 1
    with pytest.raises(RelocationError, match="its x86_64 slice"):
        MachoFixer(BUILD).fix(_entry(f"{SITE}/{SPEEDUPS}"), bytes(data))


def test_n10_signature_of_a_certificate_becomes_ad_hoc() -> None:
    """An edit voids a certificate's signature: what stands there then is valid, without it, under the same name."""
    name = "pymsalruntime/pymsalruntime.cpython-312-darwin.so"
    original = _signature(MSALRUNTIME.files[name])
    assert (original.certified, original.team, original.adhoc) == (True, True, False)
    data = forge.needs_build_library(MSALRUNTIME.files[name])
    fixed = MachoFixer(BUILD).fix(_entry("lib/x.so"), data)
    assert fixed is not None
    assert len(fixed) == len(data)
    made = _signature(fixed)
    assert (made.certified, made.team, made.adhoc, made.identifier) == (False, False, True, original.identifier)
    assert MachoFixer(BUILD).fix(_entry("lib/x.so"), fixed) is None


def test_n10_missing_signature_is_made() -> None:
    """On arm64 an edited file gets a signature under its own name, and grows by it; on x86_64 none is needed."""
    data = forge.needs_build_library(forge.unsigned(forge.only(MARKUPSAFE.files[SPEEDUPS], "arm64")))
    assert check(data) is None
    fixed = MachoFixer(BUILD).fix(_entry("bin/x.so"), data)
    assert fixed is not None
    signature = _signature(fixed)
    assert (signature.identifier, signature.adhoc, signature.functions) == ("x.so", True, ("sha256",))
    assert _commands(fixed)["arm64"][-1] == "CODE_SIGNATURE"
    start = 32 + struct.unpack("<I", fixed[20:24])[0]
    assert fixed[start : len(data)] == data[start:]
    assert MachoFixer(BUILD).fix(_entry("bin/x.so"), fixed) is None


def test_n10_damaged_signature_is_replaced() -> None:
    """A slice whose signature nobody can read is signed anew; what was there before is no reason to keep it so."""
    data = forge.needs_build_library(forge.only(MARKUPSAFE.files[SPEEDUPS], "arm64"))
    at = data.index(struct.pack(">I", 0xFADE0CC0))
    for damage in (b"\0\0\0\0", data[at : at + 8] + b"\xff\xff\xff\xff", data[at : at + 16] + b"\0\1\0\0"):
        damaged = data[:at] + damage + data[at + len(damage) :]
        fixed = MachoFixer(BUILD).fix(_entry("lib/x.so"), damaged)
        assert fixed is not None
        assert _signature(fixed).identifier == "x.so"


@pytest.mark.parametrize("wide", [False, True])
def test_n10_slices_behind_one_that_grows_move(wide: bool) -> None:  # noqa: FBT001
    """In a fat file, narrow or wide, each slice stays aligned and whole, and the table says where it is."""
    whole = MARKUPSAFE.files[SPEEDUPS]
    arm, intel = forge.only(whole, "arm64"), forge.only(whole, "x86_64")
    bare = forge.unsigned(arm)
    bare = bare + bytes(-len(bare) % 0x4000)  # so that the signature needs a page of its own
    linkedit = bare.index(b"__LINKEDIT") - 8
    size = struct.pack("<Q", len(bare) - struct.unpack_from("<Q", bare, linkedit + 40)[0])
    bare = bare[: linkedit + 48] + size + bare[linkedit + 56 :]
    data = forge.fat(forge.needs_build_library(bare), intel, wide=wide)
    fixed = MachoFixer(BUILD).fix(_entry("lib/x.so"), data)
    assert fixed is not None
    assert len(fixed) > len(data)
    assert slices(fixed)["x86_64"] == intel
    assert _signature(slices(fixed)["arm64"]).identifier == "x.so"
    if not wide:  # LIEF does not read the other form
        assert any("@loader_path/libz.1.dyl" in line for line in _commands(fixed)["arm64"])
    assert MachoFixer(BUILD).fix(_entry("lib/x.so"), fixed) is None


def test_n9_through_the_chain() -> None:
    """The built-in fixers hold one that claims such a file wherever it lies, and no other touches it."""
    chain = make_chain(Registry().fixers, BUILD)
    data = forge.needs_build_library(MARKUPSAFE.files[SPEEDUPS])
    for place in ("bin/tool", "lib/libx.dylib", f"{SITE}/x/y.so"):
        made = entry(place)
        claimed = chain.claimants(made, data[:512])
        assert "macho" in [fixer.name for fixer in claimed]
        fixed = data
        for fixer in claimed:
            fixed = fixer.fix(made, fixed) or fixed
        assert b"/build/env" not in fixed
        _signature(slices(fixed)["arm64"])


def test_other_files_are_no_macho() -> None:
    """Class files of Java begin like fat files; neither they nor scripts are claimed."""
    assert not is_macho(b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(100))
    assert not is_macho(b"#!/bin/sh\n")
    assert not is_macho(b"")
    assert read_macho(b"\x7fELF") is None


def test_archives_of_object_files_stay() -> None:
    """A fat static library holds no Mach-O slice at the top, and nothing to edit."""
    archive = b"!<arch>\n".ljust(64, b"\n")
    data = struct.pack(">II5I", 0xCAFEBABE, 1, 0x0100000C, 0, 0x1000, len(archive), 12).ljust(0x1000, b"\0") + archive
    assert MachoFixer(BUILD).fix(_entry("lib/libx.a"), data) is None


def test_damaged_file_of_the_interpreter_is_an_error() -> None:
    """It names file and slice; a wheel's stays as it is, for some bring such files for their tests."""
    data = forge.needs_build_library(MARKUPSAFE.files[SPEEDUPS])
    second = data.index(b"\xcf\xfa\xed\xfe", 0x5000)
    damaged = data[: second + 20] + b"\xff\xff\xff\x7f" + data[second + 24 :]
    with pytest.raises(
        RelocationError, match=r"^lib/x\.dylib is damaged: its arm64 slice: the load commands do not fit"
    ):
        MachoFixer(BUILD).fix(_entry("lib/x.dylib"), damaged)
    assert MachoFixer(BUILD).fix(_entry(f"{SITE}/x.dylib"), damaged) is None


def _drop_all(_kind: int, path: str) -> str | None:
    """Ask for the most work: every absolute path changes."""
    return path if path.startswith("@") else "@loader_path/" + "x" * 40


@pytest.mark.parametrize("cut", [*range(0, 64, 3), *range(64, 4096, 97), *range(20_000, 117_000, 9_000)])
def test_truncated_files_are_errors(cut: int) -> None:
    """A file that ends too soon is an error, or no Mach-O file."""
    data = MARKUPSAFE.files[SPEEDUPS][:cut]
    if is_macho(data):
        with pytest.raises(MachoError):
            set_paths(data, _drop_all, "x")


@settings(max_examples=400)
@given(
    cpu=st.sampled_from(["arm64", "x86_64", "both"]),
    damage=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 1600), st.integers(-2000, -1)),
            st.one_of(st.binary(min_size=1, max_size=16), st.sampled_from([b"\xff" * 4, bytes(4), b"\xff" * 8])),
        ),
        max_size=5,
    ),
    cut=st.none() | st.integers(0, 120_000),
)
def test_hostile_files_are_errors(cpu: str, damage: list[tuple[int, bytes]], cut: int | None) -> None:
    """Any bytes give a file, or `MachoError`; nothing else, and none takes long or makes the file much larger."""
    whole = MARKUPSAFE.files[SPEEDUPS]
    data = bytearray(whole if cpu == "both" else forge.only(whole, cpu))
    size = len(data)
    for place, content in damage:
        start = place % size
        data[start : start + len(content)] = content
    damaged = bytes(data[:cut])
    begun = time.monotonic()
    try:
        result = set_paths(damaged, _drop_all, "x") if is_macho(damaged) else damaged
    except MachoError as error:
        assert str(error)  # noqa: PT017 - most examples raise nothing
    else:
        assert len(result) < 2 * size + 0x10000
    assert time.monotonic() - begun < 5
