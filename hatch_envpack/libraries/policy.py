"""Which shared libraries are the target's own, as data.

The base is PEP 600 (https://peps.python.org/pep-0600/) and the policy of auditwheel
(https://github.com/pypa/auditwheel/blob/main/src/auditwheel/policy/manylinux-policy.json), which say what a wheel may
expect of every Linux. This list is shorter: bare machines have no ``libstdc++``, ``libexpat`` or ``libz``, and wheels
expect them all the same, so these are copied.
"""

from __future__ import annotations

import re

_EVERY_TARGET = (
    # glibc: one version of all its parts, and never another one than the loader's
    "libBrokenLocale", "libanl", "libc", "libc_malloc_debug", "libdl", "libm", "libmemusage", "libmvec",
    "libnss_compat", "libnss_db", "libnss_dns", "libnss_files", "libnss_hesiod", "libpcprofile", "libpthread",
    "libresolv", "librt", "libthread_db", "libutil", "ld", "ld-linux", "ld-linux-x86-64", "ld-linux-aarch64",
    "ld-linux-armhf", "ld64", "linux-vdso",
    # the unwinder, which glibc itself loads by name
    "libgcc_s",
)  # fmt: skip

_OF_THE_HOST = (
    # drivers and what speaks to them: they fit the target's kernel and hardware
    "libGL", "libEGL", "libGLX", "libGLX_mesa", "libGLdispatch", "libGLESv1_CM", "libGLESv2", "libGLU", "libOpenGL",
    "libOpenCL", "libcuda", "libdrm", "libgbm", "libnvcuvid", "libnvidia-encode", "libnvidia-ml",
    "libnvidia-ptxjitcompiler", "libvulkan",
    # the X server's side, as PEP 600 has it
    "libX11", "libX11-xcb", "libXext", "libXrender", "libICE", "libSM", "libxcb",
    # sound: they load plugins of their own version; libudev and libsystemd, which do not, are copied
    "libasound", "libjack", "libpulse",
)  # fmt: skip

_TEMPLATES = ("PyInstaller/bootloader/",)
"""Folders of ``site-packages`` with programs that are copied into other programs: in a copy, a way to libraries that is
relative to the program's place would lead anywhere."""

_OLD_NAME = re.compile(r"-\d[\d.]*$")
"""``libc-2.31``: how the files behind the sonames were called before glibc 2.34."""

_LEGACY = frozenset({"libnsl.so.1"})
"""glibc's own ``libnsl`` ended at version 1; ``libnsl.so.2`` is another project's, which few machines have."""


def is_on_every_target(soname: str) -> bool:
    """Whether every Linux with glibc has this library, so that it is never copied."""
    return soname in _LEGACY or not _stems(soname).isdisjoint(_EVERY_TARGET)


def is_of_the_host(soname: str) -> bool:
    """Whether the library must be the target's own, because it belongs to its hardware or display."""
    return not _stems(soname).isdisjoint(_OF_THE_HOST)


def is_template(path: str) -> bool:
    """Whether a file, given below ``site-packages``, is never run in its place."""
    return path.startswith(_TEMPLATES)


def is_system_library(name: str) -> bool:
    """Whether a file of this name may be loaded from outside of an unpacked pack."""
    return is_on_every_target(name) or is_of_the_host(name)


def _stems(name: str) -> set[str]:
    stem = name.partition(".so")[0]
    return {stem, _OLD_NAME.sub("", stem)}
