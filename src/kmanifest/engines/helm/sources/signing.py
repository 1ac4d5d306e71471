"""Create provenance files: a packaged chart's metadata and hash as signed clear text.

Source: helm v3.22.0 pkg/provenance/sign.go, NewFromKeyring, ClearSign, messageBlock; RFC 9580, 7.
"""

from base64 import b64encode
from hashlib import sha256

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.openpgp import KeyOwner, read_keyring
from kmanifest.engines.helm.sources.packing import package_name
from kmanifest.engines.helm.sources.secretkeys import read_secrets, sign_text
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.startup.typing import Callable, Final

Passphrase = Callable[[str], bytes]

_LINE: Final = 64


def sign(
    chart: Chart, package: bytes, keyring: bytes, key_name: str, *, passphrase: Passphrase, now: int
) -> bytes:
    """Return the provenance file of a packaged chart.

    It is signed with the key in the keyring whose owner's name contains `key_name`. If the key is encrypted,
    `passphrase` is called with the owner's name. `now` is in seconds since 1970. Raises MissingError if there is no
    such key, and SourceError if it can't be used.
    """
    owner = _find_owner(read_keyring(keyring), key_name)
    secrets = read_secrets(keyring)
    usable = (
        key for key, expires in owner.signers if key.body in secrets and not 0 < expires <= now
    )
    key = next(usable, None)
    if key is None:
        raise SourceError(
            "provided key is not a private key. Try providing a keyring with secret keys"
        )
    text = _message_block(chart, package)
    # The signature covers CRLF line ends, though the file has LF. It does not cover the last line end.
    signed = "\r\n".join(text.split("\n")).encode("utf-8", "surrogateescape")
    packet = sign_text(
        key, secrets[key.body], signed, passphrase=lambda: passphrase(owner.names[0]), now=now
    )
    escaped = "".join(
        f"- {line}\n" if line[:1] == "-" else f"{line}\n" for line in text.split("\n")
    )
    header = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    return (header + escaped).encode("utf-8", "surrogateescape") + _armor(packet)


def _find_owner(owners: list[KeyOwner], key_name: str) -> KeyOwner:
    for owner in owners:
        if key_name in owner.names:
            return owner
    matches = [owner for owner in owners for name in owner.names if key_name in name]
    if not matches:
        raise MissingError("private key not found")
    if len(matches) > 1:
        raise SourceError(f"more than one key contain the id {quoted(key_name)}")
    return matches[0]


def _message_block(chart: Chart, package: bytes) -> str:
    """Return the text to sign, without trailing blanks in its lines."""
    metadata = to_yaml(chart.metadata.object())
    files = to_yaml({"files": {package_name(chart): f"sha256:{sha256(package).hexdigest()}"}})
    lines = f"{metadata}\n\n...\n{files}\n".split("\n")
    return "\n".join(line.rstrip(" \t\r") for line in lines)


def _armor(packet: bytes) -> bytes:
    """Return a packet as ASCII-armored text with a checksum.

    Helm writes no checksum. Without one, gpg 2.2 continues to read after the end of the text.
    """
    text = b64encode(packet).decode()
    lines = "\n".join(text[position : position + _LINE] for position in range(0, len(text), _LINE))
    checksum = b64encode(_crc24(packet)).decode()
    return f"-----BEGIN PGP SIGNATURE-----\n\n{lines}\n={checksum}\n-----END PGP SIGNATURE-----\n".encode()


def _crc24(content: bytes) -> bytes:
    """Return the CRC-24 checksum of an ASCII armor. Source: RFC 9580, 6.1.1."""
    checksum = 0xB704CE
    for byte in content:
        checksum ^= byte << 16
        for _ in range(8):
            checksum <<= 1
            if checksum & 0x1000000:
                checksum ^= 0x1864CFB
    return checksum.to_bytes(3, "big")
