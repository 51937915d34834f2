"""Reading ``.dist-info`` folders."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.environment.distributions import EntryPoint, read_distributions
from hatch_envpack.environment.memory import Memory
from hatch_envpack.environment.model import Environment
from hatch_envpack.errors import InstallError
from hatch_envpack.prove.proof import top_level_modules
from hatch_envpack.segment.split import split, split_ahead

_SITE = PurePosixPath("lib/python3.12/site-packages")
_MAGIC = b"\xcb\r\r\n"


def _install(root: Path, record: str, **files: str) -> None:
    info = root / _SITE / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Demo\nVersion: 1.0\n\nText\n")
    (info / "RECORD").write_text(record)
    for name, text in files.items():
        (info / name.replace("_json", ".json").replace("_txt", ".txt")).write_text(text)


def test_rows_are_relative_to_the_environment(tmp_path: Path) -> None:
    """``RECORD`` counts from site-packages; the pack counts from its root. Quotes and commas are csv's."""
    _install(tmp_path, '../../../bin/demo,sha256=a,1\r\n"demo/a,b.py",sha256=b,2\r\ndemo-1.0.dist-info/RECORD,,\r\n')
    (demo,) = read_distributions(tmp_path, _SITE)
    assert (demo.name, demo.key, demo.version) == ("Demo", "demo", "1.0")
    assert [(str(row.path), row.digest, row.size) for row in demo.rows] == [
        ("bin/demo", "sha256=a", "1"),
        (f"{_SITE}/demo/a,b.py", "sha256=b", "2"),
        (f"{_SITE}/demo-1.0.dist-info/RECORD", "", ""),
    ]


def test_entry_points(tmp_path: Path) -> None:
    """Groups and names keep their case; an extra is noted."""
    _install(tmp_path, "", entry_points_txt="[console_scripts]\nDemo = demo.cli:main\nweb = demo.web:run [web]\n")
    (demo,) = read_distributions(tmp_path, _SITE)
    assert demo.entry_points == (
        EntryPoint("console_scripts", "Demo", "demo.cli:main", extras=False),
        EntryPoint("console_scripts", "web", "demo.web:run", extras=True),
    )


@pytest.mark.parametrize("row", ["/etc/passwd", "../../../../outside"])
def test_rows_outside_are_refused(tmp_path: Path, row: str) -> None:
    """A file outside of the environment cannot be packed, and is named."""
    _install(tmp_path, f"{row},,\n")
    with pytest.raises(InstallError, match="outside of the environment"):
        read_distributions(tmp_path, _SITE)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A row without its file is a finding that names the file, and the rest is packed."""
    _install(tmp_path, "demo.py,,\n")
    environment = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE))
    _, findings = split(environment, _MAGIC)
    assert [(finding.kind, finding.path) for finding in findings] == [("missing-file", f"{_SITE}/demo.py")]


def test_c8_c10_traces_of_the_build_are_left_out(tmp_path: Path) -> None:
    """A local ``direct_url.json``, uv's notes and old bytecode stay behind; what nobody owns is a segment."""
    info = "demo-1.0.dist-info"
    names = ("METADATA", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")
    _install(
        tmp_path,
        "".join(f"{info}/{name},,\n" for name in names) + "__pycache__/x.cpython-312.pyc,,\n",
        direct_url_json='{"url": "file:///home/me/demo.whl"}',
        uv_cache_json="{}",
        REQUESTED="",
    )
    (tmp_path / _SITE / "own.pth").write_text("")
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "bin").mkdir()
    for name in ("activate", "activate.nu", "activate_this.py", "activate-license", "python3.12", "python-tool"):
        (tmp_path / "bin" / name).write_text("")
    environment = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE))
    packed = {segment.name: [str(entry.path) for entry in segment.entries] for segment in split(environment, _MAGIC)[0]}
    assert packed == {
        "distribution:demo": [f"{_SITE}/{info}/METADATA"],
        "unowned": ["bin/activate-license", "bin/python-tool", f"{_SITE}/own.pth"],
    }


def test_c8_remote_direct_url_is_kept(tmp_path: Path) -> None:
    """Where a distribution came from is kept when it means something elsewhere."""
    _install(tmp_path, "demo-1.0.dist-info/direct_url.json,,\n", direct_url_json='{"url": "https://example.org/d.whl"}')
    environment = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE))
    owned = next(segment for segment in split(environment, _MAGIC)[0] if segment.distribution)
    assert [entry.path.name for entry in owned.entries] == ["direct_url.json"]


def test_top_level_modules(tmp_path: Path) -> None:
    """Packages, modules, extension modules and namespace packages; no scripts, data folders or metadata."""
    rows = (
        "../../../bin/run.py", "pkg/__init__.py", "pkg/sub/x.py", "single.py", "_ext.cpython-312-x86_64-linux-gnu.so",
        "abi.abi3.so", "space/inner/mod.py", "pkg.libs/libz-1.so", "data/readme.txt", "not-a-name.py",
        "demo-1.0.dist-info/RECORD",
    )  # fmt: skip
    _install(tmp_path, "".join(f"{row},,\n" for row in rows))
    (demo,) = read_distributions(tmp_path, _SITE)
    assert top_level_modules(demo, _SITE) == {"pkg", "single", "_ext", "abi", "space"}


def test_memory_is_not_believed(tmp_path: Path) -> None:
    """What was read ahead counts for files and rows that are as they were then, and for no others."""
    record = "demo.py,sha256=a,1\r\nkept.py,sha256=b,1\r\nprogram.py,,\r\ndemo-1.0.dist-info/RECORD,,\r\n"
    _install(tmp_path, record)
    site = tmp_path / _SITE
    for name in ("demo.py", "kept.py", "program.py"):
        (site / name).write_text("1")
    memory = Memory()
    split_ahead(Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE, memory), memory=memory), _MAGIC, bool)
    ahead = dict(memory.entries)
    assert {"demo.py", "kept.py", "program.py"} <= {path.rpartition("/")[2] for path in ahead}
    (site / "program.py").chmod(0o755)
    (site / "demo.py").write_text("22")
    (site / "demo-1.0.dist-info/RECORD").write_text(record.replace("a,1", "c,2") + "demo-1.0.dist-info/new.txt,,\r\n")
    (site / "demo-1.0.dist-info/new.txt").write_text("")
    known = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE, memory), memory=memory)
    plain = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE))
    assert split(known, _MAGIC) == split(plain, _MAGIC)
    entries = {entry.path.name: entry for segment in split(known, _MAGIC)[0] for entry in segment.entries}
    assert entries["kept.py"] is ahead[str(_SITE / "kept.py")]
    assert (entries["demo.py"].digest, entries["demo.py"].size) == ("sha256=c", "2")
    assert entries["program.py"].executable


def test_read_ahead_ends_when_it_is_enough(tmp_path: Path) -> None:
    """After the first distribution, whatever there is behind it."""
    _install(tmp_path, "demo.py,,\r\ndemo-1.0.dist-info/RECORD,,\r\n")
    (tmp_path / _SITE / "demo.py").write_text("")
    (tmp_path / _SITE / "loose.py").write_text("")
    environment = Environment(tmp_path, _SITE, read_distributions(tmp_path, _SITE))
    split_ahead(environment, _MAGIC, lambda: True)
    assert not any(path.endswith("loose.py") for path in environment.memory.entries)
    split_ahead(environment, _MAGIC, bool)
    assert any(path.endswith("loose.py") for path in environment.memory.entries)
