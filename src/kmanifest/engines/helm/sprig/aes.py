"""`encryptAES` and `decryptAES`: AES-256 in CBC mode, with the bytes of the password as the key.

Source: sprig v3.3.0 crypto.go.
"""

from binascii import b2a_base64

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.gotypes import to_bytes
from kmanifest.model.errors import MissingError
from kmanifest.startup.typing import Any

_BLOCK_SIZE = 16


def _cipher(password: str, vector: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError as error:
        raise MissingError("encryptAES and decryptAES need the package cryptography") from error
    key = to_bytes(password)[:32].ljust(32, b"\0")
    return Cipher(algorithms.AES(key), modes.CBC(vector))


def encrypt(password: str, text: str, vector: bytes) -> str:
    """Return the initialization vector and the encrypted text, as base64."""
    data = to_bytes(text)
    padding = _BLOCK_SIZE - len(data) % _BLOCK_SIZE
    encryptor = _cipher(password, vector).encryptor()
    ciphertext = encryptor.update(data + bytes((padding,)) * padding) + encryptor.finalize()
    return b2a_base64(vector + ciphertext, newline=False).decode()


def decrypt(password: str, data: bytes) -> bytes:
    """Return the decrypted data.

    The last byte is the length of the padding, without a check.
    """
    if len(data) < _BLOCK_SIZE:
        # Go slices the vector from the decoded data, whose capacity is what base64 has reserved.
        raise GoError(
            f"runtime error: slice bounds out of range [:16] with capacity {_capacity(data)}"
        )
    ciphertext = data[_BLOCK_SIZE:]
    if len(ciphertext) % _BLOCK_SIZE:
        raise GoError("crypto/cipher: input not full blocks")
    if not ciphertext:
        raise GoError("runtime error: index out of range [-1]")
    decryptor = _cipher(password, data[:_BLOCK_SIZE]).decryptor()
    plaintext: bytes = decryptor.update(ciphertext) + decryptor.finalize()
    size = len(plaintext) - plaintext[-1]
    if size < 0:
        raise GoError(f"runtime error: slice bounds out of range [:{size}]")
    return plaintext[:size]


def _capacity(data: bytes) -> int:
    """Return the capacity that Go's DecodeString reserves: three bytes for each group of four characters."""
    return (len(data) + 2) // 3 * 3
