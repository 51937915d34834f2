"""Activation in the real shells (C12): what every one of them does, and what is special to some."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.interpreter import generated
from tests.activate.shells import DUMP, FISH, NUSHELL, SH, SHELLS, TCSH, UNTOLD, Shell

SCRIPTS = Path(generated.__file__).parents[1] / "activate"

NAMES = {
    "plain": "app",
    "space": "my app",
    "quotes": 'it\'s "here"',
    "dollar": "a$HOME `b`",
    "backslash": "a\\nb\\",
    "percent": "100%!",
    "newline": "a\nb\n",
    "letters": "é漢",
    "dash": "-n",
    "long": "x" * 150 + "/" + "y" * 150,
    "glob": "[a]*?",
}

_WITHOUT_NEWLINE = ("tcsh", "zsh-as-csh")
"""csh has no way to hold a newline that a program printed, and zsh in its manner none to be given one in quotes."""

every_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.name)
of_the_sh_family = pytest.mark.parametrize("shell", SH, ids=lambda shell: shell.name)


def make_pack(prefix: Path) -> Path:
    """Make what activation sees of a pack."""
    shutil.copytree(SCRIPTS, prefix / "bin")
    (prefix / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    return prefix


def _active(prefix: Path, path: str = "/usr/bin:/bin") -> dict[str, str]:
    return {"PATH": f"{prefix}/bin:{path}", "VIRTUAL_ENV": str(prefix), "VIRTUAL_ENV_PROMPT": prefix.name}


def _ours(environment: dict[str, str]) -> dict[str, str]:
    names = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")
    return {name: environment[name] for name in names if name in environment}


@pytest.mark.parametrize(
    ("shell", "name"),
    [(shell, name) for shell in SHELLS for name in NAMES if name != "newline" or shell.name not in _WITHOUT_NEWLINE],
    ids=lambda value: getattr(value, "name", value),
)
def test_c12_on_twice_and_off(shell: Shell, name: str, tmp_path: Path) -> None:
    """Whatever the folder is called: the pack is first, once, and afterwards all is as it was."""
    prefix = make_pack(tmp_path / NAMES[name])
    before = {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/kept"}
    lines = (DUMP, shell.activation(prefix), DUMP, shell.activation(prefix), DUMP, "deactivate", DUMP)
    found = shell.dumps(tmp_path, *lines, environment={"PYTHONHOME": "/kept"})
    assert [_ours(each) for each in found] == [before, _active(prefix), _active(prefix), before]
    # Nushell counts the commands that it ran
    assert found[0].keys() | {"LAST_EXIT_CODE"} == found[3].keys() | {"LAST_EXIT_CODE"}
    assert sorted(path.name for path in (prefix / "bin").iterdir()) == sorted(path.name for path in SCRIPTS.iterdir())


@every_shell
def test_c12_one_over_another(shell: Shell, tmp_path: Path) -> None:
    """The second takes the first one's place; what the caller had before both comes back, set or not."""
    first, second = make_pack(tmp_path / "first"), make_pack(tmp_path / "second")
    own = {"VIRTUAL_ENV": "/other", "VIRTUAL_ENV_PROMPT": "other"}
    lines = (shell.activation(first), DUMP, shell.activation(second), DUMP, "deactivate", DUMP)
    found = [_ours(each) for each in shell.dumps(tmp_path, *lines, environment=own)]
    assert found == [_active(first), _active(second), {"PATH": "/usr/bin:/bin", **own}]


@every_shell
@pytest.mark.parametrize("form", ["file", "folder", "bin", "relative"])
def test_c12_through_links(shell: Shell, form: str, tmp_path: Path) -> None:
    """A link to the script, to the pack or to its ``bin``, or a relative path: the pack is found where it really is."""
    prefix = make_pack(tmp_path / "real one")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/file").symlink_to(f"../real one/bin/{shell.script}")
    (tmp_path / "links/folder").symlink_to("../real one")
    (tmp_path / "links/bin").symlink_to(prefix / "bin")
    if form == "file":
        shutil.copy(tmp_path / "links/file", tmp_path / f"links/{shell.script}", follow_symlinks=False)
    files: dict[str, Path | str] = {
        "file": tmp_path / "links" / shell.script,
        "folder": tmp_path / "links/folder/bin" / shell.script,
        "bin": tmp_path / "links/bin" / shell.script,
        "relative": f"./real one/../real one/bin/{shell.script}",
    }
    (found,) = shell.dumps(tmp_path, shell.source(files[form]), DUMP)
    assert _ours(found) == _active(prefix)


@every_shell
def test_c12_after_a_move(shell: Shell, tmp_path: Path) -> None:
    """The scripts hold no path: the tree works where it was moved to."""
    moved = make_pack(tmp_path / "old").rename(tmp_path / "new")
    (found,) = shell.dumps(tmp_path, shell.activation(moved), DUMP)
    assert _ours(found) == _active(moved)


@every_shell
@pytest.mark.parametrize("off", [False, True], ids=["shown", "switched-off"])
def test_c12_prompt(shell: Shell, off: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the table
    """The pack's name stands before the prompt, once, unless the user does not want that, and goes away again."""
    prefix = make_pack(tmp_path / "app")
    on = shell.activation(prefix)
    lines = (shell.set_prompt, on, on, shell.show_prompt, "deactivate", shell.show_prompt)
    done = shell.run(tmp_path, *lines, environment={"VIRTUAL_ENV_DISABLE_PROMPT": "1"} if off else {})
    assert done.stdout.decode() == f"[{'' if off else '(app) '}> ]\n[> ]\n", done.stderr


@of_the_sh_family
def test_c12_name_is_no_program_in_the_prompt(shell: Shell, tmp_path: Path) -> None:
    """Shells expand their prompts: nothing of a folder's name is run."""
    prefix = make_pack(tmp_path / "$(touch x)`touch x`%\\!")
    done = shell.run(tmp_path, shell.set_prompt, shell.activation(prefix), shell.show_prompt)
    assert done.stdout == b"[(_(touch x)_touch x____) > ]\n", done.stderr


@of_the_sh_family
def test_c12_hostile_settings(shell: Shell, tmp_path: Path) -> None:
    """Strict modes, no clobbering, no globs, an odd IFS, a CDPATH, aliases and functions in the way."""
    prefix = make_pack(tmp_path / "my app")
    (tmp_path / "elsewhere/my app/bin").mkdir(parents=True)
    functions = () if shell.name == "zsh-as-csh" else ("cd() { echo function; }; pwd() { echo function; }",)
    hostile = (
        *functions,
        "set -eu; set -C; set -f; IFS=/a; CDPATH=./elsewhere; export CDPATH",
        '[ -z "${BASH_VERSION-}" ] || shopt -s expand_aliases',
        *(f"alias {name}='echo alias'" for name in ("cd", "pwd", "readlink", "unset", "export", "command")),
    )
    lines = (*hostile, shell.source("./my app/bin/activate"), DUMP, "deactivate", DUMP)
    on, off = shell.dumps(tmp_path, *lines)
    assert (_ours(on), _ours(off)) == (_active(prefix), {"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("shell", UNTOLD, ids=lambda shell: shell.name)
@pytest.mark.parametrize("way", ["told", "here", "nowhere"])
def test_c12_shell_that_cannot_tell(shell: Shell, way: str, tmp_path: Path) -> None:
    """Where even the system does not say, a variable does, or the working directory; else the shell lives on."""
    prefix = make_pack(tmp_path / "my app")
    copy = Path(shutil.copy(prefix / "bin" / shell.script, tmp_path / "copy"))
    folder = prefix if way == "here" else tmp_path
    told = {"ENVPACK_PREFIX": str(prefix)} if way == "told" else {}
    if way != "nowhere":
        (found,) = shell.dumps(folder, shell.source(copy), DUMP, environment=told)
        assert _ours(found) == _active(prefix)
        return
    done = shell.run(folder, shell.source(copy), DUMP)
    assert "ENVPACK_PREFIX" in (done.stderr + done.stdout).decode()
    assert b"PATH=/usr/bin:/bin\0" in done.stdout
    assert b"VIRTUAL_ENV=" not in done.stdout


@pytest.mark.parametrize("shell", [*SH, FISH, TCSH], ids=lambda shell: shell.name)
def test_c12_folder_that_no_path_can_hold(shell: Shell, tmp_path: Path) -> None:
    """A colon separates the folders of PATH: that is said, nothing is changed, and the shell lives on."""
    done = shell.run(tmp_path, shell.activation(make_pack(tmp_path / "a:b")), shell.external.format(DUMP))
    assert b"Nothing was changed" in done.stderr + done.stdout
    assert b"PATH=/usr/bin:/bin\0" in done.stdout


def test_c12_other_environments_make_room(tmp_path: Path) -> None:
    """In bash, over an environment of ``venv`` and under one: each takes the other's place."""
    prefix = make_pack(tmp_path / "app")
    bash = next(shell for shell in SH if shell.name == "bash")
    (tmp_path / "venv").mkdir()
    done = bash.run(tmp_path, "/usr/bin/env python3 -m venv --without-pip venv")
    assert done.returncode == 0, done.stderr
    venv = bash.activation(tmp_path / "venv")
    pack = bash.activation(prefix)
    found = bash.dumps(tmp_path, venv, pack, DUMP, venv, DUMP, pack, DUMP, "deactivate", DUMP)
    assert [each["PATH"].removesuffix("/usr/bin:/bin") for each in found] == [
        f"{prefix}/bin:", f"{tmp_path}/venv/bin:", f"{prefix}/bin:", "",
    ]  # fmt: skip


def test_c12_every_script_is_packed(tmp_path: Path) -> None:
    """None of them is executable: they are there to be read by a shell."""
    del tmp_path
    assert {NUSHELL.script, FISH.script, TCSH.script, SH[0].script, "Activate.ps1", "activate.bat"} <= {
        PurePosixPath(path).name for path in SCRIPTS.iterdir() if not path.stat().st_mode & 0o111
    }
