"""Provenance files: a signed text with the hash of a packaged chart.

Source: helm v3.22.0 pkg/provenance/sign.go, Verify; RFC 9580, 7 (the cleartext signature framework).
"""

from hashlib import sha256

from kmanifest.engines.helm.charts.chart import METADATA
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources.openpgp import (
    dearmor,
    find_signer,
    read_keyring,
    read_packets,
    read_signature,
)
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

_TEXT_BEGIN: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE_BEGIN: Final = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END: Final = "-----END PGP SIGNATURE-----"


class Verification(NamedTuple):
    """Who has signed a chart, by which key, and its hash."""

    names: tuple[str, ...]
    fingerprint: str
    hash: str

    def text(self) -> str:
        """What helm prints of it."""
        signed = "".join(f"Signed by: {name}\n" for name in self.names)
        return f"{signed}Using Key With Fingerprint: {self.fingerprint}\nChart Hash Verified: {self.hash}\n"


def verify(name: str, package: bytes, provenance: bytes, keyring: bytes, now: int) -> Verification:
    """Who has signed the packaged chart of this name; SourceError where nobody has. `now` is in seconds."""
    text, armored = _split_message(provenance)
    signatures = [body for tag, body in read_packets(dearmor(armored)) if tag == 2]
    if not signatures:
        raise SourceError("failed to decode signature: signature block not found")
    # As the lines were signed: each without blanks at its end.
    canonical = "\r\n".join(line.rstrip(" \t") for line in text.split("\n"))
    signed = canonical.encode("utf-8", "surrogateescape")
    owner = find_signer(read_keyring(keyring), read_signature(signatures[0]), signed, now)
    actual_digest = f"sha256:{sha256(package).hexdigest()}"
    expected_digest = _read_hashes(text).get(name)
    if expected_digest is None:
        raise SourceError(f"provenance does not contain a SHA for a file named {quoted(name)}")
    if expected_digest != actual_digest:
        raise SourceError(
            f"sha256 sum does not match for {name}: {quoted(expected_digest)} != {quoted(actual_digest)}"
        )
    return Verification(owner.names, owner.key.fingerprint.hex().upper(), actual_digest)


def _split_message(content: bytes) -> tuple[str, str]:
    """The signed text, its lines without what escapes them, and the armored signature."""
    lines = content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    try:
        begin = lines.index(_TEXT_BEGIN)
        start = lines.index("", begin) + 1
        middle = lines.index(_SIGNATURE_BEGIN, start)
        end = lines.index(_SIGNATURE_END, middle)
    except ValueError as error:
        raise SourceError("failed to decode signature: signature block not found") from error
    text = "\n".join(line.removeprefix("- ") for line in lines[start:middle])
    return text, "\n".join(lines[middle : end + 1])


def _read_hashes(text: str) -> dict[str, str]:
    """The hashes in a text, by the names of files; before them stands what the chart's Chart.yaml has."""
    parts = text.split("\n...\n")
    if len(parts) < 2:
        raise SourceError("message block must have at least two parts")
    decode(load_yaml(parts[0].encode("utf-8", "surrogateescape")), METADATA)
    document = load_yaml(parts[1].encode("utf-8", "surrogateescape"))
    files = document.get("files") if isinstance(document, dict) else None
    return (
        {str(name): str(digest) for name, digest in files.items()}
        if isinstance(files, dict)
        else {}
    )
