"""A wheel of pip, from the user's own index."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from hatch_envpack.environment.distributions import read_distributions

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from hatch_envpack.environment.distributions import Distribution
    from hatch_envpack.environment.installer import Installer
    from hatch_envpack.interpreter.model import Interpreter

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip file can say."""

_METADATA = ("METADATA", "WHEEL", "entry_points.txt", "top_level.txt")


def pip_wheel(
    installer: Installer, interpreter: Interpreter, site_packages: PurePosixPath, project: Path, folder: Path
) -> Path:
    """Install pip below ``folder`` and make it a wheel again; return its path. Raises `InstallError`.

    Only pip can download a wheel as it is, and this is for machines that have none.
    """
    root = folder / "pip"
    installer.install(["pip"], installer.make_environment(interpreter, root), project)
    (pip,) = (each for each in read_distributions(root, site_packages) if each.key == "pip")
    path = folder / f"pip-{pip.version}-py3-none-any.whl"
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, digest, size in _files(pip, site_packages):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), (root / site_packages / name).read_bytes())
            writer.writerow((name, digest, size))
        record = f"{pip.info.name}/RECORD"
        writer.writerow((record, "", ""))
        archive.writestr(zipfile.ZipInfo(record, _EPOCH), rows.getvalue())
    return path


def _files(pip: Distribution, site_packages: PurePosixPath) -> list[tuple[str, str, str]]:
    """Return what was in the wheel that pip was installed from: no scripts, and nothing that an installer adds."""
    return sorted(
        (str(row.path.relative_to(site_packages)), row.digest, row.size)
        for row in pip.rows
        if row.path.is_relative_to(site_packages)
        and row.path.suffix != ".pyc"
        and (row.path.parent != pip.info or row.path.name in _METADATA)
    )
