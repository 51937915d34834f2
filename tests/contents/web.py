"""A web server for tests, with ranges and without."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Web:
    """What is served, and what was sent."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    sent: int = 0
    """Bytes of all bodies."""
    before: Callable[[int], None] = lambda _: None
    """Called with the number of each request."""
    requests: int = 0
    url: str = ""


@contextmanager
def serve(web: Web) -> Iterator[Web]:
    """Serve the files until the end of the ``with`` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.before(web.requests)
            web.requests += 1
            data = web.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if web.ranges and match:
                start, end = int(match[1]), min(int(match[2]), len(data) - 1)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
                data = data[start : end + 1]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
            except ConnectionError:
                return  # whoever reads it has enough
            web.sent += len(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
