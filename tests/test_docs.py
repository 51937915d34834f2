"""What the documents tell people to type works, and what they show is true."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import tomlkit

from hatch_envpack.accept import UNUSED
from hatch_envpack.cache.entries import KINDS
from hatch_envpack.cache.tag import claim
from hatch_envpack.cli.program import VERBS, program
from hatch_envpack.config import HATCHLING_OPTIONS, parse_settings
from hatch_envpack.settings import Settings
from hatch_envpack.sums.sums import OWN_FILES
from tests.conftest import REPOSITORY, copy_example, find_pyenv, hatchling_build, missing
from tests.documents import blocks
from tests.environment.made import make_environment

if TYPE_CHECKING:
    from tests.conftest import Built

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "example_project/README.md"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link names a file of the repository."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_option_is_documented() -> None:
    """The table of options has every option, and no other."""
    text = (REPOSITORY / "docs/options.md").read_text()
    rows = set(re.findall(r"^\| `([\w-]+)` \|", text.split("\n## ")[0], re.MULTILINE))
    assert {name.replace("-", "_") for name in rows} == set(Settings.__dataclass_fields__)
    assert all(f"`{name}`" in text for name in HATCHLING_OPTIONS - {"enable-by-default"})


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_toml_that_is_shown_is_accepted(path: Path) -> None:
    """Every table of the target that is shown parses without an error."""
    for block in blocks(path, "toml"):
        targets = tomlkit.parse(block).unwrap().get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {})
        parse_settings(targets.get("envpack", {}))


def test_readme_main_command(tmp_path: Path) -> None:
    """The README's command line builds the example's pack from a fresh clone, and what follows it runs the pack."""
    if shutil.which("git") is None:
        missing("git is not installed")
    subprocess.run(["git", "clone", "-q", REPOSITORY, tmp_path / "clone"], check=True)
    build, unpack = blocks(REPOSITORY / "README.md", "console")[:2]
    assert "hatch build -t envpack" in build
    script = f"set -e\n{build}{unpack}".replace("/tmp/driftwatch", str(tmp_path / "driftwatch"))
    # a Python with pip, as the README asks for
    path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path / "clone", env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 anomalies in 240 readings" in done.stdout


@pytest.mark.parametrize("document", ["docs/getting-started.md", "example_project/README.md"])
def test_unpacking_as_documented(tmp_path: Path, pyenv_pack: Built, document: str) -> None:
    """The commands that begin with ``mkdir`` unpack and run the pack."""
    shown = [block for block in blocks(REPOSITORY / document, "console") if re.match("mkdir|/opt|tar", block)]
    lines = [
        line for block in shown for line in block.splitlines() if "readings.csv" not in line and "serve" not in line
    ]
    script = "set -e\n" + "\n".join(lines).replace("/opt", str(tmp_path)).replace("dist/", "")
    done = subprocess.run(
        ["bash", "-c", script], cwd=pyenv_pack.pack.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 anomalies in 240 readings" in done.stdout


def _run_console(document: str, folder: Path, cwd: Path, **variables: str) -> str:
    """Run all that is shown to be typed, with ``/opt`` in a folder of the test's; return what it prints."""
    script = "set -e\n" + "\n".join(blocks(REPOSITORY / document, "console"))
    script = script.replace("/opt", str(folder)).replace("dist/", "")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=cwd, env={**os.environ, "PATH": path, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_command_line_as_documented(tmp_path: Path, pyenv_pack: Built) -> None:
    """What is shown unpacks, runs and verifies a pack."""
    printed = _run_console("docs/command-line.md", tmp_path, pyenv_pack.pack.parent)
    assert "4 anomalies in 240 readings" in printed
    shown = "\n".join(blocks(REPOSITORY / "docs/command-line.md", "console"))
    ways = re.findall(r"hatch-envpack verify |verify_envpack\.py", shown)
    # the program takes two lines to say it, and gives the same digest however it is run
    assert printed.count(" files and links are as they were packed") == len(ways) >= 5
    assert len(set(re.findall(r"^sha256 ([0-9a-f]{64})$", printed, re.MULTILINE))) == 1


def test_packing_an_environment_as_documented(tmp_path: Path) -> None:
    """What is shown packs an environment, runs the pack elsewhere, and does the same from Python."""
    work = tmp_path / "work"
    make_environment(work / ".venv")
    printed = _run_console("docs/export.md", tmp_path, work)
    assert printed.splitlines()[-1] == str(tmp_path / "environment")
    assert {path.name.partition("-")[0] for path in work.glob("*.envpack.tar.zst")} == {"work"}
    code = "\n".join(blocks(REPOSITORY / "docs/export.md", "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("environment.tar.zst ")
    assert "\n3.12." in done.stdout
    assert re.search(r"^True [0-9a-f]{64} \d+\nadded since: 0$", done.stdout, re.MULTILINE)
    assert (work / "unpacked/bin/python").exists()


@pytest.mark.parametrize("name", ["pack"])
def test_every_option_of_a_verb_is_documented(name: str) -> None:
    """The table has every option, and no other."""
    verb = program.get_command(click.Context(program), name)
    assert verb is not None
    options = {
        word for each in verb.params if isinstance(each, click.Option) for word in (*each.opts, *each.secondary_opts)
    }
    text = (REPOSITORY / "docs/export.md").read_text().partition("\n## Options")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)
    assert {word for cell in cells for word in re.findall(r"`(-[\w-]+)`", cell)} == options


OPTIONS_OF_OTHERS = {
    "venv-pack": """
    --prefix -p --output -o --format --python-prefix --compress-level --zip-symlinks --no-zip-64 --exclude --include
    --force -f --quiet -q --help -h --version
    """,
    "conda-pack": """
    --name -n --prefix -p --output -o --arcroot --dest-prefix -d --parcel-root --parcel-name --format --compress-level
    --n-threads -j --zip-symlinks --no-zip-64 --ignore-editable-packages --ignore-missing-files --exclude --include
    --force -f --quiet -q --version -h
    """,
}


@pytest.mark.parametrize("name", OPTIONS_OF_OTHERS)
def test_every_option_of_others_has_its_place(name: str) -> None:
    """Each option that people come with is named on the left, and what is named on the right is one of ours."""
    text = (REPOSITORY / "docs/migration.md").read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    named = {word for row in rows for word in re.findall(r"(?<![\w-])--?[a-z][\w-]*", row[0])}
    assert set(OPTIONS_OF_OTHERS[name].split()) - named - {"--help"} == set()
    verb = program.get_command(click.Context(program), "pack")
    assert verb is not None
    ours = {word for each in verb.params for word in (*each.opts, *each.secondary_opts)} | {"--help"}
    answered = {word for row in rows for word in re.findall(r"`(?:pack )?(--?[a-z][\w-]*)[^`]*`", row[1])}
    assert answered - ours == set()


def test_every_verb_is_documented() -> None:
    """The table has every verb, and no other."""
    text = (REPOSITORY / "docs/command-line.md").read_text()
    context = click.Context(program)
    verbs = set()
    for name in VERBS:
        verb = program.get_command(context, name)
        verbs |= {f"{name} {inner}" for inner in verb.commands} if isinstance(verb, click.Group) else {name}
    assert set(re.findall(r"^\| `([\w ]+)` \|", text.split("\n## ")[0], re.MULTILINE)) == verbs


def test_the_packs_own_files_are_documented() -> None:
    """The table has each, and no other."""
    text = (REPOSITORY / "docs/how-it-works.md").read_text().partition("\n## Digests")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE) == list(OWN_FILES)


def test_the_cache_as_documented(tmp_path: Path) -> None:
    """What is shown runs and empties the cache; every kind of entry is explained."""
    root = tmp_path / "cache"
    claim(root)
    (root / "frames").mkdir()
    (root / "frames/abc").write_bytes(bytes(1000))
    printed = _run_console("docs/cache.md", tmp_path, tmp_path, HATCH_ENVPACK_CACHE_DIR=str(root))
    assert printed.splitlines()[0] == str(root)
    assert "1.0 kB" in printed
    assert not list((root / "frames").iterdir())
    rows = re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "docs/cache.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(KINDS)


def test_plugin_as_documented(tmp_path: Path) -> None:
    """The example plugin, installed beside hatch-envpack, mends a file, leaves one out, and finds one.

    What it finds is accepted as the configuration says, and stands in the manifest.
    """
    (code,) = blocks(REPOSITORY / "docs/plugins.md", "python")
    site = tmp_path / "site"
    (site / "my_package").mkdir(parents=True)
    (site / "my_package/__init__.py").write_text("")
    (site / "my_package/plugin.py").write_text(code)
    info = site / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hatch_envpack]\nmotd = my_package.plugin\n")
    allow = [{"kind": "internal-note", "path": "**/NOTES.txt", "reason": "read by nobody"}]
    options = {"python": find_pyenv("3.12"), "exclude_sets": ["drafts"], "allow": allow, "bytecode": False}
    project = copy_example(tmp_path, **options)
    for name, text in {"motd.txt": "from BUILD", "x.draft": "", "NOTES.txt": "INTERNAL", "sub/NOTES.txt": ""}.items():
        path = project / "example_project/data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    search = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    done = hatchling_build(project, environment={"PYTHONPATH": search})
    assert done.returncode == 0, done.stdout + done.stderr
    (pack,) = (project / "dist").iterdir()
    place = tmp_path / "place"
    place.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pack, "-C", place], check=True)
    data = Path("lib/python3.12/site-packages/example_project/data")
    assert (place / data / "motd.txt").read_text() == "from PACK"
    assert not (place / data / "x.draft").exists()
    manifest = json.loads((place / "envpack.json").read_bytes())
    assert manifest["left_out"] == {"drafts": 1}
    notes = [finding for finding in manifest["findings"] if finding["kind"] == "internal-note"]
    assert [(note["path"], note["accepted"]) for note in notes] == [(str(data / "NOTES.txt"), "read by nobody")]
    assert "internal-note" not in done.stdout + done.stderr


def test_every_kind_of_finding_is_documented() -> None:
    """The table has every kind that the code makes, and no other."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \|", (REPOSITORY / "docs/findings.md").read_text().split("\n## ")[0], re.MULTILINE
    )
    kinds = set()
    for path in (REPOSITORY / "hatch_envpack").rglob("*.py"):
        kinds |= {word for node in ast.walk(ast.parse(path.read_text())) for word in _kinds(node)}
    assert set(rows) == kinds
    assert rows == sorted(rows)


def _kinds(node: ast.AST) -> list[str]:
    """Return the constants that a call makes a finding's kind of."""
    if not isinstance(node, ast.Call):
        return []
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    given = [keyword.value for keyword in node.keywords if keyword.arg == "finding"] if name == "ExcludeSet" else []
    given += node.args[:1] if name in ("Finding", "_find") else []
    words = [UNUSED if isinstance(each, ast.Name) else getattr(each, "value", None) for each in given]
    return [word for word in words if isinstance(word, str)]
