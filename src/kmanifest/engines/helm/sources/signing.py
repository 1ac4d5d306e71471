"""Provenance files made: what a packaged chart says of itself and its hash, signed in clear text.

Source: helm v3.22.0 pkg/provenance/sign.go, NewFromKeyring, ClearSign, messageBlock; RFC 9580, 7.
"""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.openpgp import Owner, read_keyring
from kmanifest.engines.helm.sources.packing import package_name
from kmanifest.engines.helm.sources.secretkeys import read_secrets
from kmanifest.engines.helm.sources.secretkeys import sign as sign_text
from kmanifest.model.errors import MissingError, SourceError
from kmanifest.startup.typing import Final

Passphrase = Callable[[str], bytes]

_LINE: Final = 64


def sign(
    chart: Chart, package: bytes, keyring: bytes, who: str, *, passphrase: Passphrase, now: int
) -> bytes:
    """The provenance file of a chart that was packaged, by the key in the keyring whose owner's name holds `who`.

    `passphrase` is asked, with the owner's name, for a key that is locked. `now` is in seconds. SourceError where there
    is no such key, or it can't be used.
    """
    owner = _find_owner(read_keyring(keyring), who)
    secrets = read_secrets(keyring)
    usable = (key for key, ends in owner.signers if key.body in secrets and not 0 < ends <= now)
    key = next(usable, None)
    if key is None:
        raise SourceError(
            "provided key is not a private key. Try providing a keyring with secret keys"
        )
    text = _message(chart, package)
    # The line ends that are signed are not those of the file, and the last of them is not signed.
    signed = "\r\n".join(text.split("\n")).encode("utf-8", "surrogateescape")
    packet = sign_text(
        key, secrets[key.body], signed, passphrase=lambda: passphrase(owner.names[0]), now=now
    )
    escaped = "".join(
        f"- {line}\n" if line[:1] == "-" else f"{line}\n" for line in text.split("\n")
    )
    head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    return (head + escaped).encode("utf-8", "surrogateescape") + _armored(packet)


def _find_owner(owners: list[Owner], who: str) -> Owner:
    for owner in owners:
        if who in owner.names:
            return owner
    found = [owner for owner in owners for name in owner.names if who in name]
    if not found:
        raise MissingError("private key not found")
    if len(found) > 1:
        raise SourceError(f"more than one key contain the id {quoted(who)}")
    return found[0]


def _message(chart: Chart, package: bytes) -> str:
    """What is signed, its lines without blanks at their ends."""
    metadata = to_yaml(chart.metadata.object())
    told = to_yaml({"files": {package_name(chart): f"sha256:{sha256(package).hexdigest()}"}})
    lines = f"{metadata}\n\n...\n{told}\n".split("\n")
    return "\n".join(line.rstrip(" \t\r") for line in lines)


def _armored(packet: bytes) -> bytes:
    """A packet as text. It has a checksum, which helm leaves out: without one, gpg 2.2 reads on where the text has ended."""
    text = b64encode(packet).decode()
    lines = "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    checksum = b64encode(_checksum(packet)).decode()
    return f"-----BEGIN PGP SIGNATURE-----\n\n{lines}\n={checksum}\n-----END PGP SIGNATURE-----\n".encode()


def _checksum(content: bytes) -> bytes:
    """The checksum of an armor. Source: RFC 9580, 6.1.1."""
    found = 0xB704CE
    for byte in content:
        found ^= byte << 16
        for _ in range(8):
            found <<= 1
            if found & 0x1000000:
                found ^= 0x1864CFB
    return found.to_bytes(3, "big")
