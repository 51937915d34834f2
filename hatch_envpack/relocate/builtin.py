"""The built-in fixers, registered as any plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_envpack.markers import hookimpl
from hatch_envpack.relocate.build_files import (
    BuildDetailsFixer,
    ConfigScriptFixer,
    MakefileFixer,
    PkgConfigFixer,
    SysconfigJsonFixer,
)
from hatch_envpack.relocate.dist_info import DirectUrlFixer, InstallerFixer
from hatch_envpack.relocate.elf import ElfFixer
from hatch_envpack.relocate.headers import PyconfigFixer
from hatch_envpack.relocate.launcher import LauncherFixer
from hatch_envpack.relocate.macho import MachoFixer
from hatch_envpack.relocate.script import ScriptFixer
from hatch_envpack.relocate.site_files import PthFixer
from hatch_envpack.relocate.stdlib_patches import StdlibPatchFixer
from hatch_envpack.relocate.sysconfig_data import SysconfigDataFixer
from hatch_envpack.relocate.text_files import CmakeFixer, KernelFixer, QtConfFixer

if TYPE_CHECKING:
    from hatch_envpack.relocate.fixer import Fixer


@hookimpl
def hatch_envpack_fixers() -> list[type[Fixer]]:
    """Return them in no particular order: each says its own."""
    return [
        BuildDetailsFixer,
        CmakeFixer,
        ConfigScriptFixer,
        DirectUrlFixer,
        ElfFixer,
        InstallerFixer,
        KernelFixer,
        LauncherFixer,
        MachoFixer,
        MakefileFixer,
        PkgConfigFixer,
        PthFixer,
        PyconfigFixer,
        QtConfFixer,
        ScriptFixer,
        StdlibPatchFixer,
        SysconfigDataFixer,
        SysconfigJsonFixer,
    ]
