"""Real files of macOS, out of wheels; none is run here, and none is larger than 4 MB packed."""

from __future__ import annotations

from tests.wheels import Wheel

PILLOW_ARM = Wheel(
    "pillow==11.0.0",
    "macosx_11_0_arm64",
    "084a07ef0821cfe4858fe86652fffac8e187b6ae677e9906e192aafcc1b69903",
)
"""Signed ad hoc by ``codesign``, or by the linker; libraries with absolute names, one with an absolute rpath."""

PILLOW_INTEL = Wheel(
    "pillow==10.4.0",
    "macosx_10_10_x86_64",
    "673655af3eadf4df6b5457033f086e90299fdd7a47983a13827acf7459c15d94",
)
"""Signed with two kinds of hashes: macOS 10.10 knew SHA-1 alone."""

MARKUPSAFE = Wheel(
    "markupsafe==2.1.5",
    "macosx_10_9_universal2",
    "8dec4936e9c3100156f8a2dc89c4b88d5c435175ff03413b443469c7c8c5f4d1",
)
"""A fat file: a slice for x86_64 without a signature, and one for arm64 with the linker's."""

MSALRUNTIME = Wheel(
    "pymsalruntime==0.20.7",
    "macosx_12_0_arm64",
    "1cd25b9917f78f1ac4a438860fb6ac26edc4dabf6fae8b20a116ea153b755099",
)
"""Signed with a certificate of Microsoft's; its extension module has 40 bytes to spare."""
