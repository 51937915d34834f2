"""Time zones on a machine without data for them (D4)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.checks.timezones import TimezoneCheck
from tests.conftest import build, copy_example, find_pyenv
from tests.relocate.contexts import context, entry
from tests.surroundings.conftest import PLACE

if TYPE_CHECKING:
    from tests.surroundings.conftest import Bare
    from tests.targets.roots import Root

_ZONE = "import datetime, zoneinfo; print(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')))"
SITE = "lib/python3.12/site-packages"


def test_d4_zones_from_the_pack(trixie: Root, tmp_path: Path) -> None:
    """Where ``tzdata`` is packed, a machine without zones has them, and the build has nothing to say."""
    interpreter = find_pyenv("3.12")
    options = {"extra_dependencies": ["tzdata", "tzlocal"], "bytecode": False, "verify": False}
    pack = build(copy_example(tmp_path, python=interpreter, **options), interpreter).pack
    trixie.unpack(pack, PLACE)
    assert not (trixie.path / "usr/share/zoneinfo").exists()
    done = trixie.run(f"{PLACE}/bin/python", "-c", _ZONE)
    assert done.stdout == "2026-07-01 00:00:00+02:00\n", done.stderr
    manifest = subprocess.run(["tar", "--zstd", "-xOf", pack, "envpack.json"], capture_output=True, check=True).stdout
    assert [finding for finding in json.loads(manifest)["findings"] if finding["kind"] == "no-tzdata"] == []


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d4_zones_of_the_system(bare: Bare) -> None:
    """Without ``tzdata``, zones are the system's: missing on a bare machine, found where it has them."""
    done = bare.root.run(f"{PLACE}/bin/python", "-c", _ZONE)
    assert "ZoneInfoNotFoundError" in done.stderr
    data = Path("/usr/share/zoneinfo/Europe/Berlin").read_bytes()
    zone = bare.path / "usr/share/zoneinfo/Europe/Berlin"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(data)
    assert bare.python("-c", _ZONE) == "2026-07-01 00:00:00+02:00\n"


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        ('tzdata ; platform_system == "Windows"', True),
        ("tzdata>=2022.7", True),
        ('tzdata ; extra == "timezone"', False),
        ("tzdata-extra", False),
        ("not a requirement at all", False),
    ],
)
def test_d4_who_asks_for_zones_is_told(requires: str, told: bool) -> None:  # noqa: FBT001
    """Whoever requires ``tzdata`` on any system uses zones, but for an extra; with ``tzdata`` there is no finding."""
    metadata = entry(
        f"{SITE}/pandas-2.0.dist-info/METADATA", f"Name: pandas\nVersion: 2.0\nRequires-Dist: {requires}\n"
    )
    check = TimezoneCheck(context())
    found = list(check.check([metadata]))
    assert [(finding.kind, finding.path) for finding in found] == [("no-tzdata", str(metadata.path))] * told
    data = entry(f"{SITE}/tzdata-2025.2.dist-info/METADATA", "Name: tzdata\nVersion: 2025.2\n")
    assert list(check.check([metadata, data])) == []
