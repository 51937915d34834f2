"""Changes to modules of the standard library, where no file can say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hatch_envpack.interpreter.generated import looks_in_dist_packages

if TYPE_CHECKING:
    from hatch_envpack.entry import Entry
    from hatch_envpack.interpreter.model import Interpreter
    from hatch_envpack.relocate.fixer import Context

_TLS = """

# Added by hatch-envpack: OpenSSL looks for certificates where it was configured to, on the machine that built it.
# Where that place is empty, the places of other systems are tried, when a program first asks for the defaults.
_ENVPACK_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL 7 and newer
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # where SUSE's lies, which the other is a link to
    "/etc/ssl/cert.pem",  # Alpine, macOS, BSD
    "/usr/local/etc/ssl/cert.pem",
)


_ENVPACK_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")  # named by hash, where there is no bundle
_ENVPACK_CERTIFI = WITH_CERTIFI  # whether certifi, installed with this Python, is taken where there is nothing else


def _envpack_certificates():
    import os

    def is_filled(folder):
        try:  # OpenSSL looks for names as `5ed36f99.0` alone
            return any(name[8:9] == "." and name[9:].isdigit() for name in os.listdir(folder))
        except OSError:
            return False

    cafile_env, cafile, capath_env, capath = _ssl.get_default_verify_paths()
    if cafile_env in os.environ or capath_env in os.environ or os.path.isfile(cafile) or is_filled(capath):
        return {}
    for path in filter(os.path.isfile, _ENVPACK_CERTIFICATES):
        return {"cafile": path}
    for path in filter(is_filled, _ENVPACK_FOLDERS):
        return {"capath": path}
    own = os.path.join(os.path.dirname(os.__file__), "site-packages", "certifi", "cacert.pem")
    return {"cafile": own} if _ENVPACK_CERTIFI and os.path.isfile(own) else {}


def _envpack_patch():
    set_default_verify_paths = SSLContext.set_default_verify_paths
    paths_before = get_default_verify_paths

    def with_certificates(self):
        set_default_verify_paths(self)
        found = _envpack_certificates()
        if found:
            self.load_verify_locations(**found)

    def paths_with_certificates():
        return paths_before()._replace(**_envpack_certificates())

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


_VENV = """

# Added by hatch-envpack: the program finds its libraries in ../lib, and so must a copy of it (`venv --copies`).
def _envpack_patch():
    setup_python = EnvBuilder.setup_python

    def with_libraries(self, context):
        setup_python(self, context)
        if os.path.islink(context.env_exe):
            return
        ours = os.path.join(sys.base_prefix, "lib")
        theirs = os.path.join(context.env_dir, "lib")
        for name in os.listdir(ours):
            target = os.path.join(theirs, name)
            if (name.endswith(".so") or ".so." in name) and not os.path.lexists(target):
                try:
                    os.symlink(os.path.join(ours, name), target)
                except OSError:  # copies may have been asked for because there are no links here
                    shutil.copyfile(os.path.join(ours, name), target)

    with_libraries.__name__ = "setup_python"
    with_libraries.__doc__ = setup_python.__doc__
    EnvBuilder.setup_python = with_libraries


_envpack_patch()
"""

_TERMINALS = """

# Added by hatch-envpack: this prefix has the common terminals, for systems that have none.
import _envpack_terminfo
"""


@dataclass(frozen=True, slots=True)
class _Patch:
    module: str
    """Below the standard library's folder."""
    debian: bool
    """Only for interpreters as Debian patches them."""
    appended: str = ""
    replaced: tuple[str, str] = ("", "")

    def apply(self, data: bytes, certifi: str) -> bytes:
        old, new = (text.encode() for text in self.replaced)
        return (data.replace(old, new) if old else data) + self.appended.replace("WITH_CERTIFI", certifi).encode()


_PATCHES = (
    _Patch("ssl.py", debian=False, appended=_TLS),
    _Patch("venv/__init__.py", debian=False, appended=_VENV),
    _Patch("curses/__init__.py", debian=False, appended=_TERMINALS),
    _Patch("_pyrepl/curses.py", debian=False, appended=_TERMINALS),
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
        self._certifi = context.certificates == "certifi"
        self._patches = {library / patch.module: patch for patch in _PATCHES if _applies(patch, context.interpreter)}

    def claims(self, entry: Entry, head: bytes) -> bool:
        """Claim the modules that have a patch."""
        del head
        return entry.path in self._patches

    def fix(self, entry: Entry, data: bytes) -> bytes | None:
        """Apply the patch."""
        return self._patches[entry.path].apply(data, str(self._certifi))


def _applies(patch: _Patch, interpreter: Interpreter) -> bool:
    return not patch.debian or looks_in_dist_packages(interpreter)
