"""A small HTTP service: send it a series, get a signed report."""

from __future__ import annotations

import json
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click

from example_project import __version__, signing
from example_project.detect import SeriesError, defaults, detect, parse

_LIMIT = 10_000_000
_PAGE = b"""<!doctype html><title>driftwatch</title><h1>driftwatch</h1>
<p>POST a CSV with the columns <code>time</code> and <code>value</code> to <code>/detect</code>.</p>
"""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    key = signing.new_key()
    server_version = f"driftwatch/{__version__}"

    def do_GET(self) -> None:  # noqa: N802 - the name that the base class calls
        """Answer ``/`` and ``/health``."""
        if self.path == "/health":
            self._json(HTTPStatus.OK, {"status": "ok", "version": __version__})
        elif self.path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE)
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": f"nothing at {self.path}"})

    def do_POST(self) -> None:  # noqa: N802
        """Answer ``/detect``."""
        size = self.headers.get("Content-Length", "")
        if self.path != "/detect":
            self._json(HTTPStatus.NOT_FOUND, {"error": f"nothing at {self.path}"})
        elif not size.isdecimal() or int(size) > _LIMIT:
            self._json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"Content-Length must be at most {_LIMIT}"})
        else:
            try:
                report = detect(parse(self.rfile.read(int(size)).decode("utf-8")), defaults()).model_dump_json()
            except (SeriesError, UnicodeDecodeError) as error:
                self._json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
                return
            signature = signing.sign(self.key, report.encode())
            self._json(HTTPStatus.OK, {"report": json.loads(report), "signature": signature})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write the log to standard error, without the address of the client."""
        sys.stderr.write(f"{format % args}\n")

    def _json(self, status: HTTPStatus, answer: object) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def main(host: str, port: int) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    click.echo(f"http://{host}:{server.server_port}/")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
