"""Completion in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_envpack.cli.program import VERBS
from tests.conftest import missing

_BASH = """
source <(hatch-envpack completion bash)
complete -p hatch-envpack >&2
COMP_WORDS=({line} ''); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_hatch_envpack_completion hatch-envpack '' ''
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_ZSH = """
autoload -Uz compinit; compinit -u -D
source <(hatch-envpack completion zsh)
[[ $_comps[hatch-envpack] == _hatch_envpack_completion ]] || exit 9
# outside of a line editor nothing can be shown: take what would be
_describe() {{ print -rl -- ${{(P)3}} }}
words=({line} ''); CURRENT=$#words
_hatch_envpack_completion
"""
_FISH = "hatch-envpack completion fish | source; complete -C '{line} '"


@pytest.mark.parametrize(("shell", "script"), [("bash", _BASH), ("zsh", _ZSH), ("fish", _FISH)])
def test_shell(tmp_path: Path, shell: str, script: str) -> None:
    """Verbs are completed, and the verbs of a verb."""
    if shutil.which(shell) is None:
        missing(f"{shell} is not installed")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for line, names in [("hatch-envpack", set(VERBS)), ("hatch-envpack cache", {"dir", "size", "prune", "clean"})]:
        done = subprocess.run(
            [shell, "-c", script.format(line=line)],
            env={"PATH": path, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        # zsh and fish show what a verb does beside its name
        assert {
            words.split(":")[0].split("\t")[0].split(",")[-1] for words in done.stdout.split("\n") if words
        } == names
