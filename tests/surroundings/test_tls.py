"""HTTPS with the certificates of whatever system the pack lies on (D1): a real server, and a real authority."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.conftest import build, copy_example, find_pyenv, missing
from tests.surroundings.conftest import PLACE, Bare

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.roots import Root

VENV = "/srv/venv/bin/python"

_CLIENTS = """
import http.client, http.server, json, socket, ssl, sys, threading, urllib.request, urllib.error
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *words: None
offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
offered.load_cert_chain("/tmp/server.pem")
server.socket = offered.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
host, port = server.server_address
def by_url():
    return urllib.request.urlopen(f"https://{host}:{port}/").status
def by_client():
    connection = http.client.HTTPSConnection(host, port)
    connection.request("GET", "/")
    return connection.getresponse().status
def by_context():
    context = ssl.create_default_context()
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host) as wrapped:
        return 200 if wrapped.getpeercert() else 0
def by_bare_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths()
    with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host) as wrapped:
        return 200 if wrapped.getpeercert() else 0
def outcome(client):
    try:
        return client()
    except ssl.SSLCertVerificationError as error:
        return error.reason
    except urllib.error.URLError as error:
        return error.reason.reason
print(json.dumps([sorted({outcome(each) for each in (by_url, by_client, by_context, by_bare_context)}),
    ssl.get_default_verify_paths()[:2]]))
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return an authority that no system knows."""
    return trustme.CA()


@pytest.fixture
def served(bare: Bare, authority: trustme.CA) -> Bare:
    """Return the bare machine with a certificate for its loopback address."""
    _serve(bare.root, authority)
    return bare


def _serve(root: Root, authority: trustme.CA) -> None:
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(root.path / "tmp/server.pem")


def _ask(bare: Bare, program: str = f"{PLACE}/bin/python", **environment: str) -> tuple[list[object], list[object]]:
    outcomes, paths = json.loads(bare.python("-W", "error", "-c", _CLIENTS, program=program, **environment))
    return outcomes, paths


def _hashed_name(authority: trustme.CA, folder: Path) -> str:
    """Return the name by which OpenSSL looks for a certificate: https://docs.openssl.org/3.0/man1/openssl-rehash/."""
    if shutil.which("openssl") is None:
        missing("openssl is not installed")
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(path)]
    digest = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    path.unlink()
    return f"{digest}.0"


FAILED = ["CERTIFICATE_VERIFY_FAILED"]

LAYOUTS = {
    "debian": "/etc/ssl/certs/ca-certificates.crt",
    "rhel": "/etc/pki/tls/certs/ca-bundle.crt",
    "rhel-extracted": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "suse": "/etc/ssl/ca-bundle.pem",
    "suse-variable": "/var/lib/ca-certificates/ca-bundle.pem",
    "alpine": "/etc/ssl/cert.pem",
}


def test_d1_bundles_of_all_systems(served: Bare, authority: trustme.CA) -> None:
    """Each client trusts what the system trusts, from the pack and from an environment made of it."""
    for program, bundle in zip(cycle([f"{PLACE}/bin/python", VENV]), LAYOUTS.values(), strict=False):
        file = served.put(bundle, authority.cert_pem.bytes().decode())
        assert _ask(served, program) == ([200], [bundle, None])
        file.unlink()


@pytest.mark.parametrize("folder", ["/etc/ssl/certs", "/etc/pki/tls/certs"])
@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d1_folder_with_hashed_names(served: Bare, authority: trustme.CA, tmp_path: Path, folder: str) -> None:
    """A folder that OpenSSL can search is enough; other files beside do not matter."""
    served.put(f"{folder}/README", "")
    served.put(f"{folder}/{_hashed_name(authority, tmp_path)}", authority.cert_pem.bytes().decode())
    assert _ask(served) == ([200], [None, folder])


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d1_folder_that_openssl_cannot_search(served: Bare, authority: trustme.CA) -> None:
    """A certificate in OpenSSL's own folder, without its hashed name, does not hide the bundle that is elsewhere."""
    for folder in ("/usr/lib/ssl/certs", "/etc/ssl/certs"):
        served.put(f"{folder}/ssl-cert-snakeoil.pem", trustme.CA().cert_pem.bytes().decode())
    served.put(LAYOUTS["rhel"], authority.cert_pem.bytes().decode())
    assert _ask(served)[0] == [200]


@pytest.mark.parametrize("program", [f"{PLACE}/bin/python", VENV], ids=["pack", "venv"])
def test_d1_no_certificates_no_trust(served: Bare, program: str) -> None:
    """Where the system trusts nobody, nobody is trusted."""
    assert _ask(served, program) == (FAILED, [None, None])


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d1_another_authority_is_not_trusted(served: Bare) -> None:
    """A bundle that lacks the authority fails too."""
    served.put(LAYOUTS["debian"], trustme.CA().cert_pem.bytes().decode())
    assert _ask(served) == (FAILED, [LAYOUTS["debian"], None])


@pytest.mark.parametrize("example_pack", ["pyenv"], indirect=True)
def test_d1_the_callers_choice_counts(served: Bare, authority: trustme.CA, tmp_path: Path) -> None:
    """``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` are taken as they are, for better and for worse."""
    pem = authority.cert_pem.bytes().decode()
    served.put("/srv/own.pem", pem)
    served.put(f"/srv/own/{_hashed_name(authority, tmp_path)}", pem)
    assert _ask(served, SSL_CERT_FILE="/srv/own.pem")[0] == [200]
    assert _ask(served, SSL_CERT_DIR="/srv/own")[0] == [200]
    served.put(LAYOUTS["debian"], pem)
    assert _ask(served, SSL_CERT_FILE="/nonexistent", SSL_CERT_DIR="/nonexistent")[0] == FAILED


def test_d1_certifi(shared_certifi: Bare, authority: trustme.CA) -> None:
    """With the option, certifi's are trusted where the system has none; where it has some, these alone count."""
    bare = shared_certifi
    _serve(bare.root, authority)
    (bundle,) = bare.place.glob("lib/python3.*/site-packages/certifi/cacert.pem")
    before = bundle.read_text()
    assert _ask(bare)[0] == FAILED
    bundle.write_text(before + authority.cert_pem.bytes().decode())
    inside = f"{PLACE}/{bundle.relative_to(bare.place)}"
    assert _ask(bare) == ([200], [inside, None])
    assert _ask(bare, VENV) == ([200], [inside, None])
    assert _ask(bare, SSL_CERT_FILE="/nonexistent")[0] == FAILED
    bare.put(LAYOUTS["debian"], trustme.CA().cert_pem.bytes().decode())
    assert _ask(bare) == (FAILED, [LAYOUTS["debian"], None])


@pytest.fixture
def shared_certifi(trixie: Root, tmp_path: Path) -> Bare:
    """Return a bare machine with a pack that was built with the option."""
    interpreter = find_pyenv("3.12")
    project = copy_example(tmp_path, python=interpreter, certificates="certifi", verify=False, bytecode=False)
    place = trixie.unpack(build(project, interpreter).pack, PLACE)
    assert trixie.run(f"{PLACE}/bin/python", "-m", "venv", "--without-pip", "/srv/venv").returncode == 0
    return Bare(trixie, place)
