"""Verify OpenPGP signatures (version 4, RSA and Ed25519) against the public keys in a keyring.

A primary key signs its own attributes: its user names, its expiration and its subkeys. Attributes without such a
self-signature are ignored.
Source: RFC 9580 and 4880. Source of the hashes that are too weak: github.com/ProtonMail/go-crypto v1.4.1
openpgp/packet/config.go.
"""

import hashlib
from base64 import b64decode

from kmanifest.engines.helm.sources.ed25519 import is_valid_signature
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, Iterator, Mapping, NamedTuple

_RSA_ALGORITHMS: Final = (1, 3)
_EDDSA_LEGACY: Final = 22
ED25519: Final = 27
"""The number of the Ed25519 algorithm. The legacy EdDSA algorithm encodes the same keys in another form."""
_ED25519_OID: Final = bytes.fromhex("2b06010401da470f01")
_MIN_RSA_BITS: Final = 2047
SECRET_TAGS: Final = {5: 6, 7: 14}
"""The tags of secret-key packets, mapped to the tags of the corresponding public-key packets."""

HASHES: Final = {
    2: ("sha1", "3021300906052b0e03021a05000414"),
    8: ("sha256", "3031300d060960864801650304020105000420"),
    9: ("sha384", "3041300d060960864801650304020205000430"),
    10: ("sha512", "3051300d060960864801650304020305000440"),
    11: ("sha224", "302d300d06096086480165030402040500041c"),
}
"""The name of each hash algorithm and the DER prefix of its hash in an RSA signature, by number."""

_SHA1: Final = 2
_CREATION_TIME, _SIGNATURE_LIFETIME, _KEY_LIFETIME = 2, 3, 9
_KEY_FLAGS, _EMBEDDED_SIGNATURE = 27, 32
_KNOWN_SUBPACKETS: Final = (
    2,
    3,
    4,
    5,
    7,
    9,
    11,
    12,
    16,
    20,
    21,
    22,
    23,
    24,
    25,
    26,
    27,
    28,
    29,
    30,
    31,
    32,
    33,
    34,
    39,
)
_SIGNING_FLAG: Final = 0x02


class Key(NamedTuple):
    """A public key.

    `body` is the content of its packet. `created` is in seconds since 1970. `numbers` are the RSA modulus and
    exponent, `point` is the encoded Ed25519 point. Other algorithms have neither.
    """

    body: bytes
    created: int
    numbers: tuple[int, int] | None
    point: bytes

    @property
    def fingerprint(self) -> bytes:
        """The SHA-1 fingerprint."""
        return hashlib.sha1(self.hash_input, usedforsecurity=False).digest()

    @property
    def algorithm(self) -> int:
        """The number of the public-key algorithm."""
        return self.body[5]

    @property
    def hash_input(self) -> bytes:
        """The bytes that stand for the key in hashes."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body


class Signature(NamedTuple):
    """A signature.

    `hashed_part` has the bytes that are covered by the signature itself, and `hashed_subpackets` has their content by
    type. `unhashed_subpackets` are not covered by the signature.
    """

    kind: int
    algorithm: int
    hash: int
    hashed_part: bytes
    hashed_subpackets: Mapping[int, bytes]
    unhashed_subpackets: Mapping[int, bytes]
    value: bytes

    def number(self, subpacket: int) -> int:
        """Return a hashed subpacket as a number, 0 if it is missing."""
        return int.from_bytes(self.hashed_subpackets.get(subpacket, b""), "big")

    def is_signed_by(self, key: Key, signed: bytes) -> bool:
        """Return whether this is a valid signature of the bytes `signed` by the key."""
        if self.hash not in HASHES:
            return False
        name, prefix = HASHES[self.hash]
        tail = b"\x04\xff" + len(self.hashed_part).to_bytes(4, "big")
        digest = hashlib.new(name, signed + self.hashed_part + tail).digest()
        if self.algorithm in _RSA_ALGORITHMS and key.numbers is not None:
            return _is_valid_rsa(key.numbers, bytes.fromhex(prefix) + digest, self.value)
        if self.algorithm in (_EDDSA_LEGACY, ED25519) and key.point:
            return is_valid_signature(key.point, digest, _eddsa_signature(self))
        return False


class KeyOwner(NamedTuple):
    """The owner of a primary key in a keyring.

    `names` are the self-signed user names. `signers` are the keys that may sign, each with its expiration in seconds
    since 1970, or 0 for none.
    """

    key: Key
    names: tuple[str, ...]
    signers: tuple[tuple[Key, int], ...]


def read_signature(body: bytes) -> Signature:
    """Return the signature in a packet. Raises SourceError if it is invalid or not supported."""
    try:
        if body[0] != 4:
            raise SourceError(f"a signature of version {body[0]} is not supported")
        hashed_size = int.from_bytes(body[4:6], "big")
        end = 6 + hashed_size
        unhashed_size = int.from_bytes(body[end : end + 2], "big")
        hashed_subpackets = _read_subpackets(body[6:end])
        unhashed_subpackets = _read_subpackets(body[end + 2 : end + 2 + unhashed_size])
        value = body[end + 2 + unhashed_size + 2 :]
    except IndexError as error:
        raise SourceError("a signature is incomplete") from error
    unknown = [
        kind & 0x7F
        for kind in hashed_subpackets
        if kind & 0x80 and kind & 0x7F not in _KNOWN_SUBPACKETS
    ]
    if unknown:
        raise SourceError(f"a signature has the unknown critical subpacket {unknown[0]}")
    known = {kind & 0x7F: content for kind, content in hashed_subpackets.items()}
    return Signature(body[1], body[2], body[3], body[:end], known, unhashed_subpackets, value)


def find_signer(owners: list[KeyOwner], signature: Signature, text: bytes, now: int) -> KeyOwner:
    """Return the owner of the key that signed a text. `now` is in seconds since 1970.

    Raises SourceError if no key in the keyring did, if the key or the signature has expired, or if the signature
    is unsafe.
    """
    if signature.hash == _SHA1 or signature.kind not in (0, 1):
        raise SourceError("the signature has an unsafe hash algorithm or type")
    for owner in owners:
        for key, expires in owner.signers:
            if signature.is_signed_by(key, text):
                if expires and expires <= now:
                    raise SourceError("openpgp: key expired")
                created = signature.number(_CREATION_TIME)
                lifetime = signature.number(_SIGNATURE_LIFETIME)
                if (
                    created < key.created
                    or created > now
                    or (lifetime and created + lifetime <= now)
                ):
                    raise SourceError("openpgp: signature expired")
                return owner
    raise SourceError("openpgp: signature made by unknown entity")


def read_keyring(content: bytes) -> list[KeyOwner]:
    """Return the owners of the keys in a public or secret keyring. Raises SourceError if it can't be read."""
    owners: list[KeyOwner] = []
    group: list[tuple[int, bytes]] = []
    for packet_tag, body in read_keyring_packets(content):
        tag = SECRET_TAGS.get(packet_tag, packet_tag)
        if tag == 6 and group:
            owners += _build_owner(group)
            group = []
        group.append((tag, body if tag == packet_tag else public_part(body)))
    return owners + (_build_owner(group) if group else [])


def read_keyring_packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the packets of a binary or armored keyring, each as tag and body."""
    if content.lstrip().startswith(b"-----BEGIN PGP"):
        content = dearmor(content.decode("ascii", "replace"))
    return read_packets(content)


def public_part(body: bytes) -> bytes:
    """Return the public key at the start of a secret key. For an unknown algorithm, return the whole body."""
    if body[:1] != b"\x04" or len(body) < 7:
        return body
    algorithm, rest = body[5], body[6:]
    if algorithm in _RSA_ALGORITHMS:
        rest = read_integer(read_integer(rest)[1])[1]
    elif algorithm == _EDDSA_LEGACY:
        rest = read_integer(rest[1 + rest[0] :])[1]
    elif algorithm == ED25519:
        rest = rest[32:]
    else:
        return body
    return body[: len(body) - len(rest)]


def dearmor(text: str) -> bytes:
    """Return the decoded content of an ASCII-armored text."""
    lines = [line.strip() for line in text.strip().splitlines()]
    while lines and not lines[0].startswith("-----BEGIN PGP"):
        lines.pop(0)
    try:
        begin = lines.index("")
        end = next(at for at, line in enumerate(lines) if line.startswith("-----END PGP"))
        body_lines = [line for line in lines[begin:end] if not line.startswith("=")]
        return b64decode("".join(body_lines), validate=True)
    except (ValueError, StopIteration) as error:
        raise SourceError("the ASCII armor is incomplete") from error


def read_packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the packets in a byte string, each as tag and body."""
    position = 0
    while position < len(content):
        first_byte = content[position]
        if not first_byte & 0x80:
            raise SourceError("openpgp: invalid data: tag byte does not have MSB set")
        tag, size, position = _read_packet_header(content, position)
        if position + size > len(content):
            raise SourceError("openpgp: a packet is incomplete")
        yield tag, content[position : position + size]
        position += size


def _read_packet_header(content: bytes, position: int) -> tuple[int, int, int]:
    """Return the tag and size of a packet and the position of its body."""
    first_byte = content[position]
    if first_byte & 0x40:
        size, position = _read_length(content, position + 1)
        return first_byte & 0x3F, size, position
    width = 1 << (first_byte & 3)
    if width == 8:
        raise SourceError("openpgp: a packet without a length is not supported")
    size = int.from_bytes(content[position + 1 : position + 1 + width], "big")
    return first_byte >> 2 & 0x0F, size, position + 1 + width


def _read_length(content: bytes, position: int) -> tuple[int, int]:
    """Return a length and the position after it."""
    first = content[position : position + 1]
    if not first or 224 <= first[0] < 255:
        raise SourceError("openpgp: a packet with an unknown length is not supported")
    if first[0] < 192:
        return first[0], position + 1
    if first[0] == 255:
        return int.from_bytes(content[position + 1 : position + 5], "big"), position + 5
    return ((first[0] - 192) << 8) + int.from_bytes(
        content[position + 1 : position + 2], "big"
    ) + 192, position + 2


def _read_subpackets(content: bytes) -> dict[int, bytes]:
    subpackets: dict[int, bytes] = {}
    position = 0
    while position < len(content):
        first = content[position]
        if 192 <= first < 255:
            size = (
                ((first - 192) << 8)
                + int.from_bytes(content[position + 1 : position + 2], "big")
                + 192
            )
            position += 2
        else:
            size, position = _read_length(content, position)
        if not size or position + size > len(content):
            raise SourceError("a signature is incomplete")
        subpackets[content[position]] = content[position + 1 : position + size]
        position += size
    return subpackets


def _read_key(body: bytes) -> Key:
    numbers, point = None, b""
    if body[:1] == b"\x04" and len(body) > 6:
        algorithm, rest = body[5], body[6:]
        if algorithm in _RSA_ALGORITHMS:
            modulus, rest = read_integer(rest)
            exponent, _ = read_integer(rest)
            if modulus.bit_length() >= _MIN_RSA_BITS and 2 < exponent < 1 << 32:
                numbers = (modulus, exponent)
        elif algorithm == _EDDSA_LEGACY and rest[1 : 1 + rest[0]] == _ED25519_OID:
            point = read_integer(rest[1 + rest[0] :])[0].to_bytes(33, "big")[1:]
        elif algorithm == ED25519:
            point = rest[:32]
    return Key(body, int.from_bytes(body[1:5], "big"), numbers, point)


def read_integer(content: bytes) -> tuple[int, bytes]:
    """Return a multiprecision integer and the bytes after it."""
    size = (int.from_bytes(content[:2], "big") + 7) // 8
    if len(content) < 2 + size:
        raise SourceError("openpgp: a number is incomplete")
    return int.from_bytes(content[2 : 2 + size], "big"), content[2 + size :]


def _is_valid_rsa(numbers: tuple[int, int], digest_info: bytes, value: bytes) -> bool:
    modulus, exponent = numbers
    decrypted = read_integer(value)[0]
    size = (modulus.bit_length() + 7) // 8
    if decrypted >= modulus or size < len(digest_info) + 11:
        return False
    padded = b"\x00\x01" + b"\xff" * (size - len(digest_info) - 3) + b"\x00" + digest_info
    return pow(decrypted, exponent, modulus).to_bytes(size, "big") == padded


def _eddsa_signature(signature: Signature) -> bytes:
    if signature.algorithm == ED25519:
        return signature.value[:64]
    r, rest = read_integer(signature.value)
    s, _ = read_integer(rest)
    try:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except OverflowError:
        return b""


# --- self-signed attributes of a key ------------------------------------------------------------------------------


def _build_owner(group: list[tuple[int, bytes]]) -> list[KeyOwner]:
    """Return a list with the owner of a primary key. It is empty without a valid self-signature.

    `group` has the packets of the key and of its attributes.
    """
    tag, body = group[0]
    if tag != 6:
        return []
    builder = _OwnerBuilder(_read_key(body))
    for packet in group[1:]:
        builder.add_packet(*packet)
    return builder.build()


class _OwnerBuilder:
    """Collects the attributes of a primary key. The latest self-signature of each kind counts."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._signed_packet: tuple[int, bytes] = (6, key.body)
        self._is_revoked = False
        self._direct_signature: Signature | None = None
        self._names: dict[bytes, Signature | None] = {}
        self._subkeys: dict[bytes, Signature | None] = {}

    def add_packet(self, tag: int, body: bytes) -> None:
        """Add a packet that follows the key. Invalid signatures are ignored."""
        if tag in (13, 14, 17):
            self._signed_packet = (tag, body)
        elif tag == 2:
            try:
                self._add_signature(read_signature(body))
            except SourceError:
                return

    def _add_signature(self, signature: Signature) -> None:
        tag, body = self._signed_packet
        if tag == 6 and signature.kind in (0x1F, 0x20) and self._is_self_signature(signature, b""):
            if signature.kind == 0x20:
                self._is_revoked = True
            else:
                self._direct_signature = _effective_signature(self._direct_signature, signature)
        elif tag == 13 and signature.kind in (0x10, 0x11, 0x12, 0x13, 0x30):
            if self._is_self_signature(signature, b"\xb4" + len(body).to_bytes(4, "big") + body):
                self._names[body] = _effective_signature(self._names.get(body), signature)
        elif tag == 14 and signature.kind in (0x18, 0x28):
            subkey = _read_key(body)
            if self._is_self_signature(signature, subkey.hash_input):
                self._subkeys[body] = _effective_signature(self._subkeys.get(body), signature)

    def _is_self_signature(self, signature: Signature, signed: bytes) -> bool:
        return signature.is_signed_by(self._key, self._key.hash_input + signed)

    def build(self) -> list[KeyOwner]:
        """Return a list with the owner. It is empty if the key is revoked or no user name is signed."""
        signed = [
            (name, signature)
            for name, signature in self._names.items()
            if signature and signature.kind != 0x30
        ]
        if self._is_revoked or not signed:
            return []
        self_signature = self._direct_signature
        for _, signature in signed:
            self_signature = _effective_signature(self_signature, signature)
        assert self_signature is not None  # noqa: S101 - there is a signed name
        signers = (
            [(self._key, _expiration(self._key, self_signature))]
            if _may_sign(self_signature, default=True)
            else []
        )
        primary_expires = _expiration(self._key, self_signature)
        for body, binding in self._subkeys.items():
            subkey = _read_key(body)
            if binding and binding.kind == 0x18 and self._is_signer(subkey, binding):
                expirations = [
                    expires
                    for expires in (_expiration(subkey, binding), primary_expires)
                    if expires
                ]
                signers.append((subkey, min(expirations, default=0)))
        names = tuple(name.decode("utf-8", "replace") for name, _ in signed)
        return [KeyOwner(self._key, names, tuple(signers))]

    def _is_signer(self, subkey: Key, binding: Signature) -> bool:
        """Return whether a subkey may sign for this key.

        The subkey itself must have signed the binding. Otherwise an attacker could bind another person's subkey to
        their own key and claim its signatures.
        """
        embedded = binding.hashed_subpackets.get(
            _EMBEDDED_SIGNATURE
        ) or binding.unhashed_subpackets.get(_EMBEDDED_SIGNATURE)
        if not _may_sign(binding, default=False) or not embedded:
            return False
        try:
            back_signature = read_signature(embedded)
        except SourceError:
            return False
        return back_signature.kind == 0x19 and back_signature.is_signed_by(
            subkey, self._key.hash_input + subkey.hash_input
        )


def _effective_signature(current: Signature | None, candidate: Signature) -> Signature:
    """Return the signature that counts: a revocation, else the later one."""
    if current is None:
        return candidate
    for signature in (current, candidate):
        if signature.kind in (0x28, 0x30):
            return signature
    return (
        current if current.number(_CREATION_TIME) > candidate.number(_CREATION_TIME) else candidate
    )


def _may_sign(signature: Signature, *, default: bool) -> bool:
    flags = signature.hashed_subpackets.get(_KEY_FLAGS)
    return default if flags is None else bool(flags and flags[0] & _SIGNING_FLAG)


def _expiration(key: Key, signature: Signature) -> int:
    lifetime = signature.number(_KEY_LIFETIME)
    return key.created + lifetime if lifetime else 0
