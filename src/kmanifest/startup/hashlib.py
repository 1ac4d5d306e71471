"""Digests without importing `hashlib`, which loads OpenSSL in 2 to 4 ms, a tenth of a small build."""

from sys import version_info

_MODULES = {"sha1": "_sha1", "sha256": "_sha256", "sha512": "_sha512"}
if version_info >= (3, 12):
    _MODULES = {"sha1": "_sha1", "sha256": "_sha2", "sha512": "_sha2"}


def fingerprint(content: bytes) -> bytes:
    """Return a digest of 32 bytes, to recognize content on this machine. It is BLAKE2b, the fastest available."""
    try:
        module = __import__("_blake2")
    except ImportError:
        module = __import__("hashlib")
    checksum: bytes = module.blake2b(content, digest_size=32, usedforsecurity=False).digest()
    return checksum


def digest(name: str, content: bytes) -> bytes:
    """Return the digest of the content. `name` is `sha1`, `sha256` or `sha512`."""
    try:
        module = __import__(_MODULES[name])
    except ImportError:  # an interpreter built without these modules
        module = __import__("hashlib")
    digest_bytes: bytes = getattr(module, name)(content, usedforsecurity=False).digest()
    return digest_bytes
