"""``hatch-envpack pack``, and `hatch_envpack.pack` behind it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

import hatch_envpack
from hatch_envpack import EnvpackError
from tests.cli.test_program import COMMAND
from tests.environment.made import SITE, install, make_environment, snapshot

if TYPE_CHECKING:
    from pathlib import Path

_FAST = ("--no-verify", "--no-bytecode", "--level", "1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an environment of its own, in which the project and two others are installed."""
    root = tmp_path_factory.mktemp("projects") / "my-tool"
    site = make_environment(root / ".venv")
    install(site, "my_tool", {"my_tool.py": "print('tool')\n", "my_tool_data/a.txt": "a", "my_tool_data/b.txt": "b"})
    install(site, "other", {"other.py": "X = 1\n"}, version="2.0")
    return root


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run([COMMAND, "pack", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _members(pack: Path) -> set[str]:
    done = subprocess.run(["tar", "-tf", pack], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pack(tmp_path: Path, project: Path) -> None:
    """One word is enough: the pack lies here, under a name that says what it is; it was proven, and runs elsewhere."""
    before = snapshot(project)
    done = run(tmp_path, project / ".venv")
    assert done.returncode == 0, done.stderr
    (pack,) = tmp_path.iterdir()
    assert done.stdout == f"{pack.name}\n"
    assert pack.name.startswith("my_tool-1.0-cp312-manylinux_")
    assert pack.name.endswith("_x86_64.envpack.tar.zst")
    assert "Unpacking and proving the pack" in done.stderr
    assert snapshot(project) == before
    place = tmp_path / "else where"
    place.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", place], check=True)
    ran = subprocess.run([place / "bin/python", "-m", "my_tool"], env={}, capture_output=True, text=True, check=True)
    assert ran.stdout == "tool\n"


def test_environment_without_its_project(tmp_path: Path) -> None:
    """The name is the folder's, and there is no version; both can be given."""
    make_environment(tmp_path / "data env")
    assert run(tmp_path, "data env", *_FAST).stdout.startswith("data_env-cp312-manylinux_")
    given = run(tmp_path, "data env", *_FAST, "--name", "jobs", "--version", "7")
    assert given.stdout.startswith("jobs-7-cp312-manylinux_")


@pytest.mark.parametrize(("name", "how"), [("e.tar.gz", "-xzf"), ("e.tgz", "-xzf"), ("e.tar", "-xf"), ("e.zip", "")])
def test_the_name_says_the_format(tmp_path: Path, project: Path, name: str, how: str) -> None:
    """``--output`` names a file of any format, whose plain tool unpacks it."""
    done = run(tmp_path, project / ".venv", "-o", f"out/{name}", *_FAST)
    assert (done.returncode, done.stdout) == (0, f"out/{name}\n"), done.stderr
    (tmp_path / "place").mkdir()
    command: list[str | Path] = (
        ["tar", how, tmp_path / "out" / name] if how else ["unzip", "-q", tmp_path / "out" / name]
    )
    subprocess.run(command, cwd=tmp_path / "place", check=True)
    ran = subprocess.run(
        [tmp_path / "place/bin/python", "-c", "import other; print(other.X)"], capture_output=True, check=True
    )
    assert ran.stdout == b"1\n"


def test_folder(tmp_path: Path, project: Path) -> None:
    """``--format dir`` makes a folder that runs; ``--output`` of a file's format may be a folder for it."""
    done = run(tmp_path, project / ".venv", "-f", "dir", "-o", "env", *_FAST)
    assert (done.returncode, done.stdout) == (0, "env\n"), done.stderr
    assert (
        subprocess.run([tmp_path / "env/bin/python", "-m", "my_tool"], check=True, capture_output=True).stdout
        == b"tool\n"
    )
    (tmp_path / "packs").mkdir()
    done = run(tmp_path, project / ".venv", "-o", "packs", *_FAST)
    assert done.stdout.startswith("packs/my_tool-1.0-cp312-")


def test_what_is_there_is_kept_without_force(tmp_path: Path, project: Path) -> None:
    """The file stays as it was, whether it was named or not, and nothing else is left; ``--force`` replaces it."""
    (tmp_path / "e.tar.gz").write_text("mine")
    done = run(tmp_path, project / ".venv", "-o", "e.tar.gz", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: e.tar.gz exists: remove it, name another file with `--output`, or use `--force`\n" in done.stderr
    assert (tmp_path / "e.tar.gz").read_text() == "mine"
    assert run(tmp_path, project / ".venv", "-o", "e.tar.gz", "--force", *_FAST).returncode == 0
    assert "bin/python" in _members(tmp_path / "e.tar.gz")
    first = run(tmp_path, project / ".venv", *_FAST)
    again = run(tmp_path, project / ".venv", *_FAST)
    assert (first.returncode, again.returncode) == (0, 1)
    assert f"{first.stdout.strip()} exists" in again.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"e.tar.gz", first.stdout.strip()}


def test_folder_in_the_way_of_a_file(tmp_path: Path, project: Path) -> None:
    """``--force`` removes no folder for a file, and no folder that is not a pack."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    done = run(tmp_path, project / ".venv", "-o", "mine", "-f", "dir", "--force", *_FAST)
    assert done.returncode == 1
    assert "error: mine is in the way, and is no pack that could be replaced: move or remove it\n" in done.stderr
    assert (tmp_path / "mine/file").exists()
    name = run(tmp_path, project / ".venv", *_FAST).stdout.strip()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    done = run(tmp_path, project / ".venv", "--force", *_FAST)
    assert done.returncode == 1
    assert f"error: {name} is a folder, and the format tar.zst is a file: name another one\n" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mine", name])


def test_patterns(tmp_path: Path, project: Path) -> None:
    """``--include`` brings back what ``--exclude`` takes; a pattern that matches nothing is told."""
    options = ("-x", "my_tool_data/*", "-x", "**/my_tool_data/*", "-i", "**/b.txt", "--exclude-set", "stubs")
    done = run(tmp_path, project / ".venv", "-o", "e.tar", *options, *_FAST)
    assert done.returncode == 0, done.stderr
    assert "unused-exclude" in done.stderr
    members = _members(tmp_path / "e.tar")
    assert f"{SITE}/my_tool_data/b.txt" in members
    assert f"{SITE}/my_tool_data/a.txt" not in members


def test_findings(tmp_path: Path) -> None:
    """They are shown, ``--strict`` makes them errors, ``--accept`` names those that are meant."""
    root = tmp_path / "env"
    site = make_environment(root)
    install(site, "thing", {"thing.py": "X = 1\n", "gone.py": "X = 2\n"})
    (site / "gone.py").unlink()
    (site / "thing.py").write_text("X = 3\n")
    plain = run(tmp_path, root, "-o", "a.tar", *_FAST)
    assert plain.returncode == 0
    assert "missing-file" in plain.stderr
    assert "record-mismatch" in plain.stderr
    strict = run(tmp_path, root, "-o", "b.tar", "--strict", "-a", "missing-file", *_FAST)
    assert strict.returncode == 1
    assert "error: 1 findings, and `strict` makes them errors" in strict.stderr
    assert "record-mismatch" in strict.stderr
    assert not (tmp_path / "b.tar").exists()
    both = run(
        tmp_path, root, "-o", "b.tar", "--strict", "-a", "missing-file", "-a", "record-mismatch=thing.py", *_FAST
    )
    assert both.returncode == 0, both.stderr


def test_for_programs(tmp_path: Path, project: Path) -> None:
    """``--json`` tells where the pack is and what is in it; with ``--quiet``, nothing else is said."""
    done = run(tmp_path, project / ".venv", "-o", "e.tar.gz", "--json", "--quiet", *_FAST)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["pack"], told["format"], told["findings"]) == ("e.tar.gz", "tar.gz", [])
    assert told["bytes"] == (tmp_path / "e.tar.gz").stat().st_size
    assert {"interpreter", "distribution:my-tool", "distribution:other"} <= {each["name"] for each in told["segments"]}
    assert all(each["files"] > 0 < each["compressed"] for each in told["segments"])


def test_any_number_of_jobs_gives_the_same_bytes(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a cold cache."""
    digests = set()
    for jobs in ("1", "5"):
        monkeypatch.setenv("HATCH_ENVPACK_CACHE_DIR", str(tmp_path / f"cache-{jobs}"))
        assert run(tmp_path, project / ".venv", "-o", f"{jobs}.tar.zst", "--jobs", jobs, *_FAST).returncode == 0
        digests.add(_digest(tmp_path / f"{jobs}.tar.zst"))
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "env.rar"], "the name env.rar does not say which format is wanted: end it with one of .tar.zst"),
        (["-o", "e.tar.gz", "-l", "13"], "the level must be between 1 and 12 for the format tar.gz, not 13"),
        (["--for", "spark", "-f", "tar.zst"], "Spark cannot take the format tar.zst: it has no zstd for archives: use"),
        (["--for", "spark", "-o", "e.zip"], "Spark cannot take the format zip: it would write links as text files"),
        (["--for", "spark", "-f", "tar.gz", "-o", "e"], "Spark tells an archive by its name, and would not unpack e"),
        (["-o", "{prefix}/e.tar.gz"], "lies in the environment that is packed: name one outside of it"),
        (["-x", "!"], "pattern"),
        (["--exclude-set", "tets"], "did you mean `tests`?"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)  # fmt: skip
def test_bad_options(tmp_path: Path, project: Path, options: list[str], words: str) -> None:
    """One line that says what is wrong and what to do; nothing is written."""
    prefix = project / ".venv"
    before = snapshot(prefix)
    arguments = [option.format(prefix=prefix) for option in options]
    done = run(tmp_path, prefix, *_FAST, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    error = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert words in error[0]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert snapshot(prefix) == before


def test_not_an_environment(tmp_path: Path) -> None:
    """What is no environment, or one of conda's, is told by name."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "conda/conda-meta").mkdir(parents=True)
    for name, words in (
        ("plain", "is no virtual environment"),
        ("nowhere", "there is no such folder"),
        ("conda", "pack it with conda-pack"),
    ):
        done = run(tmp_path, name)
        assert done.returncode == 1
        assert words in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"plain", "conda"}


def test_spark_gets_what_it_can_read(tmp_path: Path, project: Path) -> None:
    """``--for spark`` alone chooses the format."""
    done = run(tmp_path, project / ".venv", "--for", "spark", *_FAST)
    assert done.stdout.strip().endswith(".envpack.tar.gz")


def test_from_python(tmp_path: Path, project: Path) -> None:
    """The functions do what the verbs do, and raise one kind of error."""
    done = hatch_envpack.pack(project / ".venv", tmp_path / "e.tar.gz", verify=False, bytecode=False, level=1)
    assert (done.path, done.format) == (tmp_path / "e.tar.gz", "tar.gz")
    assert done.size == done.path.stat().st_size
    assert done.findings == ()
    there = hatch_envpack.unpack(done.path, tmp_path / "env")
    assert (
        subprocess.run([there.folder / "bin/python", "-m", "my_tool"], check=True, capture_output=True).stdout
        == b"tool\n"
    )
    with pytest.raises(EnvpackError, match="exists"):
        hatch_envpack.pack(project / ".venv", tmp_path / "e.tar.gz")
    with pytest.raises(EnvpackError, match="the format rar is unknown: the formats are"):
        hatch_envpack.pack(project / ".venv", format="rar")
    with pytest.raises(EnvpackError, match="the engine sparkle is unknown: the engines are spark"):
        hatch_envpack.pack(project / ".venv", engine="sparkle")
    with pytest.raises(AttributeError, match="has no attribute 'pakc'"):
        hatch_envpack.pakc  # noqa: B018


def test_time_stamp(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``SOURCE_DATE_EPOCH`` counts; what is no time is an error."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert run(tmp_path, project / ".venv", "-o", "e.tar", *_FAST).returncode == 0
    listing = subprocess.run(
        ["tar", "-tvf", tmp_path / "e.tar"], env={"TZ": "UTC"}, capture_output=True, text=True, check=True
    )
    assert all("2001-09-09" in line for line in listing.stdout.splitlines())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    done = run(tmp_path, project / ".venv", "-o", "f.tar", *_FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: SOURCE_DATE_EPOCH must be seconds since 1970, not 'today': correct or unset it" in done.stderr
