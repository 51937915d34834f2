"""Probes for databases, networks and formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _error(kind: type[Exception], function: Callable[..., object], *arguments: object, **options: object) -> str:
    """Call a function that must fail; return what it says."""
    try:
        function(*arguments, **options)
    except kind as error:
        return str(error)
    raise AssertionError("somebody answered")


def lxml() -> None:
    """Parses, transforms."""
    from lxml import etree, html

    assert etree.fromstring(b"<a><b>1</b></a>").xpath("string(b)") == "1"
    assert html.fromstring("<p>x<br>y").text_content() == "xy"
    sheet = etree.fromstring(
        b'<s:stylesheet version="1.0" xmlns:s="http://www.w3.org/1999/XSL/Transform"><s:template match="/">'
        b'<s:value-of select="a"/></s:template></s:stylesheet>'
    )
    assert "7" in str(etree.XSLT(sheet)(etree.fromstring(b"<a>7</a>")))


def cryptography() -> None:
    """Signs and verifies."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    key.public_key().verify(key.sign(b"x"), b"x")


def psycopg() -> None:
    """The C implementation, with the libpq that it brings; nobody answers."""
    import psycopg as pg

    assert pg.pq.__impl__ == "binary"
    assert "refused" in _error(pg.OperationalError, pg.connect, "host=127.0.0.1 port=1 sslmode=require")


def psycopg2_binary() -> None:
    """The libpq that it brings; nobody answers."""
    import psycopg2

    assert "refused" in _error(psycopg2.OperationalError, psycopg2.connect, "host=127.0.0.1 port=1 sslmode=require")


def mysqlclient() -> None:
    """The client library of the build machine; nobody answers."""
    import MySQLdb

    assert MySQLdb.get_client_info()
    assert "onnect to" in _error(MySQLdb.OperationalError, MySQLdb.connect, host="127.0.0.1", port=1)


def pymssql() -> None:
    """FreeTDS; nobody answers."""
    import pymssql as ms

    assert "20009" in _error(ms.OperationalError, ms.connect, "127.0.0.1", port="1", login_timeout=1)


def sqlalchemy() -> None:
    """The compiled parts, and SQLite."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.util import has_compiled_ext

    assert has_compiled_ext()
    with create_engine("sqlite://").connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1


def greenlet() -> None:
    """Switches there and back."""
    from greenlet import getcurrent
    from greenlet import greenlet as let

    assert let(lambda: getcurrent().parent.switch(7)).switch() == 7


def gevent() -> None:
    """Runs its loop with everything patched, name look-up by c-ares."""
    from gevent import monkey

    monkey.patch_all()
    import socket

    import gevent
    from gevent.resolver.ares import Resolver

    server = socket.create_server(("127.0.0.1", 0))
    client = gevent.spawn(lambda: socket.create_connection(server.getsockname()).sendall(b"x"))
    assert server.accept()[0].recv(1) == b"x"
    client.join()
    assert Resolver().gethostbyname("127.0.0.1") == "127.0.0.1"


def uvloop() -> None:
    """Runs a child process in its loop."""
    import asyncio
    import sys

    import uvloop

    async def main() -> int:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(3)")
        return await process.wait()

    assert uvloop.run(main()) == 3


def httptools() -> None:
    """Parses a request."""
    from httptools import HttpRequestParser, parse_url

    parser = HttpRequestParser(object())
    parser.feed_data(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert parser.get_method() == b"GET"
    assert parse_url(b"http://x/a").path == b"/a"


def aiohttp() -> None:
    """Serves and asks itself, with the parsers in C."""
    import asyncio

    from aiohttp import ClientSession, http_parser, web

    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy

    async def main() -> str:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(text=request.path)

        app = web.Application()
        app.router.add_get("/a", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/a") as response:
            return await response.text()

    assert asyncio.run(main()) == "/a"


def grpcio() -> None:
    """A call from a channel to a server."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    class Handler(grpc.GenericRpcHandler):
        def service(self, _details: object) -> object:
            return grpc.unary_unary_rpc_method_handler(lambda request, _context: request * 2)

    server = grpc.server(ThreadPoolExecutor(1), handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary("/s/m")(b"x", timeout=20) == b"xx"
    server.stop(None).wait()


def protobuf() -> None:
    """The implementation in C."""
    from google.protobuf import struct_pb2
    from google.protobuf.internal import api_implementation

    assert api_implementation.Type() == "upb"
    message = struct_pb2.Value(string_value="x")
    assert struct_pb2.Value.FromString(message.SerializeToString()) == message


def orjson() -> None:
    """There and back."""
    import orjson as oj

    assert oj.loads(oj.dumps({"a": [1, 2.5, None]})) == {"a": [1, 2.5, None]}


def msgpack() -> None:
    """There and back, in C."""
    import msgpack as mp
    from msgpack import _cmsgpack

    assert mp.Packer is _cmsgpack.Packer
    assert mp.unpackb(mp.packb({"a": [1, 2.5]})) == {"a": [1, 2.5]}


def ujson() -> None:
    """There and back."""
    import ujson as uj

    assert uj.loads(uj.dumps({"a": [1, 2.5]})) == {"a": [1, 2.5]}


def pydantic() -> None:
    """Validates."""
    from pydantic import BaseModel

    class Model(BaseModel):
        a: int

    assert Model.model_validate_json('{"a": "7"}').a == 7


def cffi() -> None:
    """Calls the C library; also back, which needs libffi's own memory."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef("int abs(int); void qsort(void *, size_t, size_t, int (*)(const void *, const void *));")
    library = ffi.dlopen(None)
    assert library.abs(-7) == 7
    values = ffi.new("int[]", [3, 1, 2])
    compare = ffi.callback(
        "int(const void *, const void *)", lambda a, b: ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0]
    )
    library.qsort(values, 3, 4, compare)
    assert list(values) == [1, 2, 3]


def regex() -> None:
    """What `re` cannot do."""
    import regex as rx

    assert rx.findall(r"\p{Lu}", "aÄb") == ["Ä"]


def playwright() -> None:
    """The driver that it brings, a Node, runs; browsers are downloaded by their user."""
    import subprocess

    from playwright._impl._driver import compute_driver_executable, get_driver_env
    from playwright.sync_api import sync_playwright

    assert sync_playwright
    command = [*compute_driver_executable(), "--version"]
    done = subprocess.run(command, env=get_driver_env(), capture_output=True, check=False)
    assert done.stdout.startswith(b"Version "), done.stderr
