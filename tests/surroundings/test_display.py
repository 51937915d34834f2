"""A window on a real X server, with Tcl and Tk of the pack alone (D2)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.targets.roots import run_hiding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Built

_WINDOW = """
import tkinter, tkinter.font, tkinter.ttk
window = tkinter.Tk()
tkinter.ttk.Label(window, text="Gr\\u00fc\\u00dfe", font=tkinter.font.nametofont("TkDefaultFont")).pack()
canvas = tkinter.Canvas(window, width=120, height=80)
canvas.create_line(0, 0, 120, 80)
canvas.pack()
image = tkinter.PhotoImage(width=2, height=2)
window.wait_visibility()
folders = window.tk.eval("info library"), window.tk.eval("set tk_library")
print(window.winfo_viewable(), window.winfo_width() >= 120, *folders)
window.destroy()
"""


@pytest.fixture
def display() -> Iterator[str]:
    """Start an X server without a screen; return the name of its display."""
    if shutil.which("Xvfb") is None:
        missing("Xvfb is not installed")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as stream:
            number = stream.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


def test_d2_window(tmp_path: Path, pyenv_pack: Built, display: str) -> None:
    """A window is shown, with themed widgets, a font and an image; the host's Tcl and Tk are hidden."""
    place = tmp_path / "a b'c"
    place.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", pyenv_pack.pack, "-C", place], check=True)
    hidden = [
        pyenv_pack.interpreter.parent.parent,
        *Path("/usr/share").glob("tcltk*"),
        *Path("/usr/lib").glob("tcltk*"),
    ]
    hidden += [
        *Path("/usr/lib").glob("*/libt*8.6.so*"),
        *Path("/usr/lib").glob("tk8*"),
        *Path("/usr/lib").glob("tcl8*"),
    ]
    done = run_hiding(hidden, place / "bin/python", "-c", _WINDOW, environment={"DISPLAY": display})
    assert done.stdout == f"1 True {place}/lib/tcl8.6 {place}/lib/tk8.6\n", done.stderr
