"""One environment: packed, unpacked on a bare machine, used, compared with the wheels."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_envpack.environment.installer import find_uv
from hatch_envpack.interpreter.resolve import resolve_interpreter
from tests.packages.wheels import Compared, compare, is_elf
from tests.targets.roots import bare_root, build_root

if TYPE_CHECKING:
    from tests.packages.environments import Environment
    from tests.targets.roots import Root

_PROBES = Path(__file__).with_name("probes")
_PLACE = "/opt/a place"
_RUN = "import runpy, sys; runpy.run_path(sys.argv[1])[sys.argv[2]]()"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one environment."""

    name: str
    build_seconds: float
    pack_bytes: int
    tree_bytes: int
    files: int
    elf_files: int
    needs: dict[str, Any]
    distributions: dict[str, str]
    accepted: tuple[str, ...]
    findings: tuple[str, ...]
    """Those that are not accepted."""
    failed_probes: tuple[str, ...]
    probes: int
    equal_files: int
    """Compiled files that are their wheel's."""
    edited_files: tuple[str, ...]
    """Those that had to change, with the reason."""
    changed_files: tuple[str, ...]
    from_source: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to explain."""
        return not (self.findings or self.failed_probes or self.changed_files)


def try_out(environment: Environment, folder: Path, *, wheels: bool = True) -> Result:
    """Pack, unpack, probe and compare one environment, below an empty folder."""
    project = _project(environment, folder / "project")
    begin = time.monotonic()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "envpack"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode:
        raise RuntimeError(f"{environment.name}: {done.stdout}{done.stderr}")
    (pack,) = (project / "dist").glob("*.envpack.tar.zst")
    packages = environment.target_packages
    make = build_root if packages else bare_root
    root = make("trixie", folder / "root", *packages)
    place = root.unpack(pack, _PLACE)
    manifest = json.loads((place / "envpack.json").read_bytes())
    files = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    distributions = {each["name"]: each["version"] for each in manifest["distributions"] if each["name"] != "packages"}
    failed = _failed_probes(environment, root)
    compared = Compared(0, (), (), ())
    if wheels:
        python = resolve_interpreter(environment.python, root=project, uv=find_uv()).executable
        compared = compare(place, distributions, python, folder / "wheels")
    findings = [(_words(finding), "accepted" in finding) for finding in manifest["findings"]]
    return Result(
        name=environment.name,
        build_seconds=round(seconds, 1),
        pack_bytes=pack.stat().st_size,
        tree_bytes=sum(path.stat().st_size for path in files),
        files=len(files),
        elf_files=sum(is_elf(path) for path in files),
        needs=manifest["needs"],
        distributions=distributions,
        accepted=tuple(words for words, accepted in findings if accepted),
        findings=tuple(words for words, accepted in findings if not accepted),
        failed_probes=failed,
        probes=len(environment.requirements),
        equal_files=compared.equal,
        edited_files=compared.edited,
        changed_files=compared.changed,
        from_source=compared.without_wheel,
    )


def _failed_probes(environment: Environment, root: Root) -> tuple[str, ...]:
    known = probes()
    failed = []
    for name in package_names(environment):
        path, function = known[name]
        (root.path / "probe.py").write_bytes(path.read_bytes())
        command = (f"{_PLACE}/bin/python", "-c", _RUN, "/probe.py", function)
        done = root.run(*command, environment={"HOME": "/tmp"})
        if done.returncode:
            failed.append(f"{name}: status {done.returncode}\n{done.stderr}")
    return tuple(failed)


def missing_packages(environment: Environment) -> list[str]:
    """Return the Debian packages that packing the environment needs and that the machine has not."""
    form = ["--show", "--showformat=${db:Status-Status}"]
    asked = {
        name: subprocess.run(["dpkg-query", *form, name], capture_output=True, check=False).stdout
        for name in environment.build_packages
    }
    return [name for name, status in asked.items() if status != b"installed"]


def probes() -> dict[str, tuple[Path, str]]:
    """Return file and function of each probe, by the name of the package that it uses."""
    found = {}
    for path in sorted(_PROBES.glob("*.py")):
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found[str(canonicalize_name(node.name))] = (path, node.name)
    return found


def package_names(environment: Environment) -> list[str]:
    """Return the normalised names of the packages that an environment asks for."""
    return [str(canonicalize_name(Requirement(text).name)) for text in environment.requirements]


def _project(environment: Environment, folder: Path) -> Path:
    (folder / "packages").mkdir(parents=True)
    (folder / "packages/__init__.py").touch()
    allow = "".join(
        f"[[tool.hatch.build.targets.envpack.allow]]\nkind = {json.dumps(each.kind)}\n"
        f"reason = {json.dumps(each.reason)}\npath = {json.dumps(each.path)}\n"
        for each in environment.allow
    )
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "packages"\nversion = "1"\ndependencies = {json.dumps(environment.requirements)}\n'
        f'[tool.hatch.build.targets.envpack]\npython = "{environment.python}"\n'
        f'installer = "{environment.installer}"\nbytecode = {json.dumps(environment.bytecode)}\n{allow}'
    )
    return folder


def _words(finding: dict[str, str]) -> str:
    return " | ".join(finding[key] for key in ("kind", "path", "what", "accepted") if key in finding)
