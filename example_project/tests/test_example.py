"""The example does what it says."""

from __future__ import annotations

import json
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from example_project.cli import main
from example_project.detect import SeriesError, defaults, detect, parse, sample
from example_project.service import Handler

SPIKES = ["2026-03-03T13:00:00", "2026-03-06T13:00:00", "2026-03-06T14:00:00", "2026-03-09T08:00:00"]
"""The readings that were moved when the sample was made."""


def test_finds_the_spikes_of_the_sample() -> None:
    """Exactly the readings that were moved are anomalies."""
    report = detect(parse(sample()), defaults())
    assert [anomaly.time.isoformat() for anomaly in report.anomalies] == SPIKES
    assert report.readings == 240


@pytest.mark.parametrize("count", [1, 2, 5])
def test_short_series(count: int) -> None:
    """A series shorter than the window is judged too."""
    text = "time,value\n" + "".join(f"2026-01-0{day + 1},5\n" for day in range(count))
    assert detect(parse(text), defaults()).anomalies == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "line 1"),
        ("time,value\n2026-01-01,1\n2026-01-02,x\n", "line 3: value"),
        ("time,value\n", "no readings"),
    ],
)
def test_bad_series(text: str, reason: str) -> None:
    """What is wrong is named with its line."""
    with pytest.raises(SeriesError, match=reason):
        parse(text)


def test_signature(tmp_path: Path) -> None:
    """A signature is valid for its file alone."""
    runner, key, file = CliRunner(), str(tmp_path / "key"), tmp_path / "report"
    file.write_text("report")
    assert runner.invoke(main, ["keygen", key]).exit_code == 0
    signature = runner.invoke(main, ["sign", str(file), key]).output.strip()
    assert runner.invoke(main, ["verify", str(file), f"{key}.pub", signature]).output == "valid\n"
    file.write_text("changed")
    assert runner.invoke(main, ["verify", str(file), f"{key}.pub", signature]).exit_code == 1


def test_service() -> None:
    """The service answers, and refuses what is no series."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    assert json.load(urlopen(f"{url}/health"))["status"] == "ok"
    answer = json.load(urlopen(f"{url}/detect", sample().encode()))
    assert len(answer["report"]["anomalies"]) == len(SPIKES)
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{url}/detect", b"no series")
    assert caught.value.code == 400
    server.shutdown()
