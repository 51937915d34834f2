"""``python3.X-config``, in places where a shell script breaks easily."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.relocate.build_files import ConfigScriptFixer
from tests.relocate.contexts import PRIVATE, context, entry

if TYPE_CHECKING:
    from pathlib import Path

_UPSTREAM = f"""#!/bin/sh
installed_prefix ()
{{
    RESULT=$(dirname $(cd $(dirname "$1") && pwd -P))
    echo $RESULT
}}
prefix_real=$(installed_prefix "$0")
prefix="{PRIVATE}"
exec_prefix="${{prefix}}"
includedir=$(echo "${{prefix}}/include" | sed "s#$prefix#$prefix_real#")
libdir=$(echo "{PRIVATE}/lib" | sed "s#$prefix#$prefix_real#")
LIBS="-L{PRIVATE}/lib -lm"
echo "$prefix_real|$includedir|$libdir|$LIBS"
"""

_ANOTHER = f"#!/bin/sh\necho '{PRIVATE}' >/dev/null\nprefix={PRIVATE}\necho \"$prefix|{PRIVATE}/lib\"\n"


def _place(folder: Path, text: str) -> Path:
    given_entry = entry("bin/python3.12-config", text)
    fixer = ConfigScriptFixer(context())
    assert fixer.claims(given_entry, given_entry.head(512))
    script = folder / "bin" / "python3.12-config"
    script.parent.mkdir(parents=True)
    script.write_bytes(fixer.fix(given_entry, given_entry.read()) or b"")
    script.chmod(0o755)
    return script


def _run(*command: str | Path, folder: Path | None = None, path: str = "/usr/bin:/bin") -> str:
    environment = {"PATH": path, "CDPATH": "/usr"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["plain", "a b", "a'b", 'a"b', "a#b", "a&b", "a$b", "-a", "é"])
def test_c5_s11_place(tmp_path: Path, name: str) -> None:
    """The prefix is printed as it is, and every value names it; ``echo`` itself changes a backslash."""
    place = tmp_path / name
    script = _place(place, _UPSTREAM)
    expected = f"{place}|{place}/include|{place}/lib|-L{place}/lib -lm\n"
    assert _run(script) == expected
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "one").symlink_to("../links/two")
    (tmp_path / "links" / "two").symlink_to(script)
    assert _run(tmp_path / "links" / "one") == expected
    assert _run("sh", "bin/python3.12-config", folder=place) == expected
    assert _run("python3.12-config", folder=tmp_path, path=f"{script.parent}:/usr/bin:/bin") == expected


def test_c5_script_without_the_known_locator(tmp_path: Path) -> None:
    """A distribution's own script gets the locator in front."""
    script = _place(tmp_path / "a b", _ANOTHER)
    assert _run(script) == f"{tmp_path}/a b|{tmp_path}/a b/lib\n"


def test_s9_scripts_that_are_something_else() -> None:
    """Another program's ``-config`` that is no shell script is left alone."""
    assert not ConfigScriptFixer(context()).claims(entry("bin/curl-config", "#!/usr/bin/perl\n"), b"#!/usr/bin/perl\n")
    assert not ConfigScriptFixer(context()).claims(entry("share/x-config", "#!/bin/sh\n"), b"#!/bin/sh\n")
