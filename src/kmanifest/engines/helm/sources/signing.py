"""Provenance files made: what a packaged chart says of itself and its hash, signed in clear text.

Source: helm v3.22.0 pkg/provenance/sign.go, NewFromKeyring, ClearSign, messageBlock; RFC 9580, 7.
"""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.openpgp import KeyOwner, read_keyring
from kmanifest.engines.helm.sources.packing import package_name
from kmanifest.engines.helm.sources.secretkeys import read_secrets, sign_text
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.startup.typing import Final

Passphrase = Callable[[str], bytes]

_LINE: Final = 64


def sign(
    chart: Chart, package: bytes, keyring: bytes, key_name: str, *, passphrase: Passphrase, now: int
) -> bytes:
    """The provenance file of a chart that was packaged, by the key in the keyring whose owner's name holds `key_name`.

    `passphrase` is asked, with the owner's name, for a key that is locked. `now` is in seconds. SourceError where there
    is no such key, or it can't be used.
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
    # The line ends that are signed are not those of the file, and the last of them is not signed.
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
    """What is signed, its lines without blanks at their ends."""
    metadata = to_yaml(chart.metadata.object())
    files = to_yaml({"files": {package_name(chart): f"sha256:{sha256(package).hexdigest()}"}})
    lines = f"{metadata}\n\n...\n{files}\n".split("\n")
    return "\n".join(line.rstrip(" \t\r") for line in lines)


def _armor(packet: bytes) -> bytes:
    """A packet as text. It has a checksum, which helm leaves out: without one, gpg 2.2 reads on where the text has ended."""
    text = b64encode(packet).decode()
    lines = "\n".join(text[position : position + _LINE] for position in range(0, len(text), _LINE))
    checksum = b64encode(_crc24(packet)).decode()
    return f"-----BEGIN PGP SIGNATURE-----\n\n{lines}\n={checksum}\n-----END PGP SIGNATURE-----\n".encode()


def _crc24(content: bytes) -> bytes:
    """The checksum of an armor. Source: RFC 9580, 6.1.1."""
    checksum = 0xB704CE
    for byte in content:
        checksum ^= byte << 16
        for _ in range(8):
            checksum <<= 1
            if checksum & 0x1000000:
                checksum ^= 0x1864CFB
    return checksum.to_bytes(3, "big")
