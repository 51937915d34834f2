"""Probes for Jupyter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BIN = Path(sys.prefix, "bin")


def _run(*command: str, folder: str = "/tmp") -> str:
    words = [BIN / command[0], *command[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def nbconvert() -> None:
    """Executes a notebook: its kernel is the unpacked Python."""
    cell = {
        "cell_type": "code",
        "source": "import sys; sys.prefix",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    with TemporaryDirectory() as folder:
        kernel = {"name": "python3", "display_name": "x"}
        notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
        Path(folder, "a.ipynb").write_text(json.dumps(notebook))
        _run("jupyter", "nbconvert", "--execute", "--to", "notebook", "--inplace", "a.ipynb", folder=folder)
        done = json.loads(Path(folder, "a.ipynb").read_text())
    assert repr(sys.prefix) in json.dumps(done["cells"][0]["outputs"])


def _serves(program: str, path: str) -> None:
    import time
    import urllib.request

    with TemporaryDirectory() as folder:
        words = ["--allow-root", "--no-browser", "--ServerApp.token=x", "--port=8899"]
        process = subprocess.Popen([BIN / "jupyter", program, *words], cwd=folder, stderr=subprocess.DEVNULL)
        try:
            page = b""
            for _ in range(240):
                time.sleep(0.5)
                try:
                    page = urllib.request.urlopen(f"http://127.0.0.1:8899/{path}?token=x").read()
                    break
                except OSError:
                    assert process.poll() is None
            assert b"jupyter-config-data" in page
        finally:
            process.terminate()
            process.wait()


def jupyterlab() -> None:
    """Serves its page, from files below ``share``."""
    _serves("lab", "lab")


def notebook() -> None:
    """Serves its page."""
    _serves("notebook", "tree")


def ipykernel() -> None:
    """The kernel's program is ``python``, which is no folder's (C11)."""
    (kernel,) = Path(sys.prefix).glob("share/jupyter/kernels/python3/kernel.json")
    assert json.loads(kernel.read_text())["argv"][0] == "python"
    assert sys.prefix in _run("jupyter", "kernelspec", "list")


def pyzmq() -> None:
    """A message over a socket."""
    import zmq

    with zmq.Context() as context, context.socket(zmq.REP) as server, context.socket(zmq.REQ) as client:
        port = server.bind_to_random_port("tcp://127.0.0.1")
        client.connect(f"tcp://127.0.0.1:{port}")
        client.send(b"x")
        assert server.recv() == b"x"
    assert zmq.has("curve")


def tornado() -> None:
    """The part in C."""
    from tornado.util import _websocket_mask

    assert _websocket_mask.__module__ == "tornado.speedups" or "built-in" in repr(_websocket_mask)
