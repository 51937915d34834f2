"""Signing a report, so that whoever gets it can check that nobody changed it (Ed25519, RFC 8032)."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeyFileError(ValueError):
    """A key that cannot be read."""


def new_key() -> Ed25519PrivateKey:
    """Return a new key."""
    return Ed25519PrivateKey.generate()


def write_keys(key: Ed25519PrivateKey, path: Path) -> None:
    """Write the private key, and the public one beside it as ``.pub``."""
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)
    path.with_name(path.name + ".pub").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def sign(key: Ed25519PrivateKey, data: bytes) -> str:
    """Return the signature in base64."""
    return base64.b64encode(key.sign(data)).decode()


def is_valid(key: Ed25519PublicKey, data: bytes, signature: str) -> bool:
    """Whether the signature is this data's."""
    try:
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key. Raises `KeyFileError`."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path} is not a private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is not an Ed25519 key")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """Read a public key. Raises `KeyFileError`."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path} is not a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path} is not an Ed25519 key")
    return key
