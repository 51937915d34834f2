"""Changes to modules of the standard library, where no file can say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.interpreter.generated import looks_in_dist_packages

if TYPE_CHECKING:
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.relocate.fixer import Context
    from hatch_envpack.segment.entry import Entry

_TLS = """

# Added by hatch-envpack: OpenSSL looks for certificates where it was configured to, on the machine that built it.
# Where that place is empty, the places of other systems are tried, when a program first asks for the defaults.
_ENVPACK_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL 7 and newer
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS, BSD
    "/usr/local/etc/ssl/cert.pem",
)


def _envpack_cafile():
    import os

    cafile_env, cafile, capath_env, capath = _ssl.get_default_verify_paths()
    if cafile_env in os.environ or capath_env in os.environ or os.path.isfile(cafile):
        return None
    try:
        if any(os.scandir(capath)):
            return None
    except OSError:
        pass
    return next(filter(os.path.isfile, _ENVPACK_CERTIFICATES), None)


def _envpack_patch():
    set_default_verify_paths = SSLContext.set_default_verify_paths
    paths_before = get_default_verify_paths

    def with_certificates(self):
        set_default_verify_paths(self)
        cafile = _envpack_cafile()
        if cafile is not None:
            self.load_verify_locations(cafile)

    def paths_with_certificates():
        paths = paths_before()
        return paths if paths.cafile or paths.capath else paths._replace(cafile=_envpack_cafile())

    with_certificates.__name__ = "set_default_verify_paths"
    with_certificates.__doc__ = set_default_verify_paths.__doc__
    SSLContext.set_default_verify_paths = with_certificates
    paths_with_certificates.__name__ = "get_default_verify_paths"
    paths_with_certificates.__doc__ = paths_before.__doc__
    return paths_with_certificates


get_default_verify_paths = _envpack_patch()
"""

_SCHEME = ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'  # by hatch-envpack: no Debian system")
"""What is installed belongs into the prefix's own ``site-packages``.

Appended code would come too late: functions of the module have the default scheme as the default of an argument.
"""

_DISTUTILS = """

# Added by hatch-envpack: this prefix is no Debian system; it is treated as a virtual environment is.
def is_virtual_environment():
    return True
"""

_ENSUREPIP = """

# Added by hatch-envpack: this prefix is no Debian system, and dpkg knows nothing of it.
def _ensurepip_is_disabled_in_debian_for_system():
    pass
"""


@dataclass(frozen=True, slots=True)
class _Patch:
    module: str
    """Below the standard library's folder."""
    debian: bool
    """Only for interpreters as Debian patches them."""
    appended: str = ""
    replaced: tuple[str, str] = ("", "")

    def apply(self, data: bytes) -> bytes:
        old, new = (text.encode() for text in self.replaced)
        return (data.replace(old, new) if old else data) + self.appended.encode()


_PATCHES = (
    _Patch("ssl.py", debian=False, appended=_TLS),
    _Patch("sysconfig.py", debian=True, replaced=_SCHEME),
    _Patch("sysconfig/__init__.py", debian=True, replaced=_SCHEME),
    _Patch("_distutils_system_mod.py", debian=True, appended=_DISTUTILS),
    _Patch("ensurepip/__init__.py", debian=True, appended=_ENSUREPIP),
)


class StdlibPatchFixer:
    """Appends, or replaces a part of a line: line numbers in tracebacks stay those of the original."""

    name: ClassVar[str] = "stdlib-patches"
    order: ClassVar[int] = 250

    def __init__(self, context: Context) -> None:
        library = context.site_packages.parent
        self._patches = {library / patch.module: patch for patch in _PATCHES if _applies(patch, context.interpreter)}

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim the modules that have a patch."""
        del head
        return entry.path in self._patches

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Apply the patch."""
        return self._patches[entry.path].apply(data)


def _applies(patch: _Patch, interpreter: Interpreter) -> bool:
    return not patch.debian or looks_in_dist_packages(interpreter)
