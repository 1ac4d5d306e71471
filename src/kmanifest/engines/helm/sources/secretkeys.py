"""Sign data with the secret OpenPGP keys (version 4, RSA and Ed25519) of a keyring.

A secret key can be encrypted with AES in cipher feedback mode (CFB). The AES key is a hash of the salt and the
passphrase, repeated many times.
Source: RFC 9580, 3.7, 5.2 and 5.5.3. Source of the subpackets of a signature: github.com/ProtonMail/go-crypto
v1.4.1 openpgp/clearsign/clearsign.go, packet/signature.go.
"""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kmanifest.engines.helm.sources.openpgp import (
    ED25519,
    HASHES,
    SECRET_TAGS,
    Key,
    public_part,
    read_integer,
    read_keyring_packets,
    read_signature,
)
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final

Passphrase = Callable[[], bytes]

_SHA512: Final = 10
_TEXT_SIGNATURE: Final = 0x01
_UNENCRYPTED, _SHA1_CHECKED, _SUM_CHECKED = 0, 254, 255
_SIMPLE, _SALTED, _ITERATED = 0, 1, 3
_STUB_MODES: Final = (101, 102)  # gpg's markers for a secret key stored elsewhere
_AES_KEY_SIZES: Final = {7: 16, 8: 24, 9: 32}  # bytes, by the number of the cipher
_BLOCK: Final = 16
_CHUNK: Final = 1 << 16


def read_secrets(keyring: bytes) -> dict[bytes, bytes]:
    """Return the secret parts of the keys in a keyring, by their public parts."""
    secrets: dict[bytes, bytes] = {}
    for tag, body in read_keyring_packets(keyring):
        if tag in SECRET_TAGS:
            public = public_part(body)
            secret = body[len(public) :]
            if secret[:1] == bytes([_UNENCRYPTED]) or (
                len(secret) > 2 and secret[2] not in _STUB_MODES
            ):
                secrets[public] = secret
    return secrets


def sign_text(key: Key, secret: bytes, text: bytes, *, passphrase: Passphrase, now: int) -> bytes:
    """Return the packet with a signature of a text.

    `passphrase` is called if the secret key is encrypted. `now` is in seconds since 1970. Raises SourceError if the
    secret key can't be used.
    """
    subpackets = _subpacket(2 | 0x80, now.to_bytes(4, "big")) + _subpacket(16, key.fingerprint[-8:])
    subpackets += _subpacket(33, b"\x04" + key.fingerprint)
    head = (
        bytes([4, _TEXT_SIGNATURE, key.algorithm, _SHA512])
        + len(subpackets).to_bytes(2, "big")
        + subpackets
    )
    digest = hashlib.sha512(text + head + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
    try:
        value = _signature_value(key, _unlock(secret, passphrase), digest)
    except (ArithmeticError, IndexError, ValueError) as error:
        raise SourceError("the secret key is damaged") from error
    body = head + b"\0\0" + digest[:2] + value
    # A signature by a damaged key can reveal the secret key, so it is verified first.
    if not read_signature(body).is_signed_by(key, text):
        raise SourceError("the secret key is damaged")
    return b"\xc2\xff" + len(body).to_bytes(4, "big") + body


def _subpacket(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def _signature_value(key: Key, secret_numbers: bytes, digest: bytes) -> bytes:
    if key.numbers is not None:
        signature = _rsa_private_key(key.numbers, secret_numbers).sign(
            digest, padding.PKCS1v15(), Prehashed(hashes.SHA512())
        )
        return _encode_integer(signature)
    if key.algorithm == ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret_numbers[:32]).sign(digest)
    seed = read_integer(secret_numbers)[0].to_bytes(32, "big")
    signature = ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(digest)
    return _encode_integer(signature[:32]) + _encode_integer(signature[32:])


def _rsa_private_key(public: tuple[int, int], secret_numbers: bytes) -> rsa.RSAPrivateKey:
    exponent, rest = read_integer(secret_numbers)
    p, rest = read_integer(rest)
    q, _ = read_integer(rest)
    return rsa.RSAPrivateNumbers(
        p,
        q,
        exponent,
        rsa.rsa_crt_dmp1(exponent, p),
        rsa.rsa_crt_dmq1(exponent, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(public[1], public[0]),
    ).private_key()


def _encode_integer(content: bytes) -> bytes:
    """Return a number as an OpenPGP multiprecision integer."""
    number = int.from_bytes(content, "big")
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


# --- encrypted secret keys ------------------------------------------------------------------------------------------


def _unlock(secret: bytes, passphrase: Passphrase) -> bytes:
    """Return the decrypted numbers of a secret key. Raises SourceError if the passphrase is wrong."""
    if secret[0] == _UNENCRYPTED:
        return _require_checksum(secret[1:-2], secret[-2:] == _checksum(secret[1:-2]))
    if secret[0] not in (_SHA1_CHECKED, _SUM_CHECKED):
        raise SourceError("the secret key is protected in a way that is not supported")
    size = _AES_KEY_SIZES.get(secret[1])
    if size is None:
        raise SourceError(
            f"the secret key is encrypted with cipher {secret[1]}, but only AES is supported"
        )
    key, rest = _derive_key(secret[2:], passphrase, size)
    decrypted = _decrypt(key, rest[:_BLOCK], rest[_BLOCK:])
    if secret[0] == _SHA1_CHECKED:
        numbers, stored_hash = decrypted[:-20], decrypted[-20:]
        return _require_checksum(
            numbers, hashlib.sha1(numbers, usedforsecurity=False).digest() == stored_hash
        )
    return _require_checksum(decrypted[:-2], decrypted[-2:] == _checksum(decrypted[:-2]))


def _require_checksum(numbers: bytes, is_valid: bool) -> bytes:  # noqa: FBT001 - of a private function
    if not is_valid:
        raise SourceError("openpgp: invalid data: private key checksum failure")
    return numbers


def _checksum(content: bytes) -> bytes:
    return (sum(content) & 0xFFFF).to_bytes(2, "big")


def _derive_key(specifier: bytes, passphrase: Passphrase, size: int) -> tuple[bytes, bytes]:
    """Return the key of `size` bytes for a passphrase, and the bytes after the specifier.

    `specifier` begins with a string-to-key (S2K) specifier, which selects the hash and the salt.
    """
    mode, hash_name = specifier[0], HASHES.get(specifier[1], ("", ""))[0]
    if mode not in (_SIMPLE, _SALTED, _ITERATED) or not hash_name:
        raise SourceError("the secret key is protected in a way that is not supported")
    salt = b"" if mode == _SIMPLE else specifier[2:10]
    rest = specifier[2 + len(salt) :]
    hash_input = salt + passphrase()
    count = len(hash_input)
    if mode == _ITERATED:
        count, rest = max(count, (16 + (rest[0] & 15)) << ((rest[0] >> 4) + 6)), rest[1:]
    key = b""
    while len(key) < size:
        zeros = bytes(len(key) // hashlib.new(hash_name).digest_size)
        key += _hash_repeated(hash_name, zeros, hash_input, count)
    return key[:size], rest


def _hash_repeated(hash_name: str, zeros: bytes, hash_input: bytes, count: int) -> bytes:
    """Return the hash of the zeros and of `count` bytes of the repeated input."""
    digest = hashlib.new(hash_name, zeros, usedforsecurity=False)
    chunk = hash_input * (_CHUNK // max(len(hash_input), 1) + 1)
    for _ in range(count // len(chunk) if hash_input else 0):
        digest.update(chunk)
    digest.update(chunk[: count % len(chunk)] if hash_input else b"")
    return digest.digest()


def _decrypt(key: bytes, initial_vector: bytes, content: bytes) -> bytes:
    """Decrypt AES-CFB: each block is combined with the encrypted previous block."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - CFB is built from ECB
    blocks = (initial_vector + content)[: -(-len(content) // _BLOCK) * _BLOCK]
    stream = encryptor.update(blocks)[: len(content)]
    size = len(content)
    return (int.from_bytes(content, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
