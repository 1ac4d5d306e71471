"""Verify provenance files. A provenance file is a signed text with the hash of a packaged chart.

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
    """The result of a verification: the names and key fingerprint of the signer, and the chart's hash."""

    names: tuple[str, ...]
    fingerprint: str
    hash: str

    def text(self) -> str:
        """Return the text that Helm prints for it."""
        signed = "".join(f"Signed by: {name}\n" for name in self.names)
        return f"{signed}Using Key With Fingerprint: {self.fingerprint}\nChart Hash Verified: {self.hash}\n"


def verify(name: str, package: bytes, provenance: bytes, keyring: bytes, now: int) -> Verification:
    """Verify the packaged chart with the file name `name`. `now` is in seconds since 1970.

    Raises SourceError if the signature is not valid or the hash differs.
    """
    text, armored = _split_message(provenance)
    signatures = [body for tag, body in read_packets(dearmor(armored)) if tag == 2]
    if not signatures:
        raise SourceError("failed to decode signature: signature block not found")
    # The signature covers the lines without trailing spaces and tabs.
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
    """Return the signed text, with escaped dashes restored, and the armored signature."""
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
    """Return the hashes in a signed text, by file name. They follow the content of Chart.yaml."""
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
