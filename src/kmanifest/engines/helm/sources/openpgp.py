"""Public keys and signatures of OpenPGP, version 4, by RSA and Ed25519: enough to tell who has signed a text.

A key signs with itself what is known of it: its names, when it ends, which further keys are its own. Nothing of a keyring
counts that is not signed in this way. Source: RFC 9580 and 4880; which hashes are too weak: github.com/ProtonMail/go-crypto
v1.4.1 openpgp/packet/config.go.
"""

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping

from kmanifest.engines.helm.sources.ed25519 import is_valid_signature
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

_RSA_ALGORITHMS: Final = (1, 3)
_EDDSA_LEGACY: Final = 22
ED25519: Final = 27
"""The number of the algorithm; another one has the same keys in another form."""
_ED25519_OID: Final = bytes.fromhex("2b06010401da470f01")
_MIN_RSA_BITS: Final = 2047
SECRET_TAGS: Final = {5: 6, 7: 14}
"""The packets with secret keys, and those with the same keys without what is secret."""

HASHES: Final = {
    2: ("sha1", "3021300906052b0e03021a05000414"),
    8: ("sha256", "3031300d060960864801650304020105000420"),
    9: ("sha384", "3041300d060960864801650304020205000430"),
    10: ("sha512", "3051300d060960864801650304020305000440"),
    11: ("sha224", "302d300d06096086480165030402040500041c"),
}
"""By number: the name, and what stands before the hash in a signature by RSA."""

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
    """A public key; `numbers` are those of RSA, `point` is that of Ed25519; both are empty where it is of another kind."""

    body: bytes
    created: int
    numbers: tuple[int, int] | None
    point: bytes

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint."""
        return hashlib.sha1(self.hash_input, usedforsecurity=False).digest()

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self.body[5]

    @property
    def hash_input(self) -> bytes:
        """The key as it is hashed."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body


class Signature(NamedTuple):
    """A signature; `hashed_part` are its bytes that are signed themselves, `hashed_subpackets` what they say, `unhashed_subpackets` what nobody has signed."""

    kind: int
    algorithm: int
    hash: int
    hashed_part: bytes
    hashed_subpackets: Mapping[int, bytes]
    unhashed_subpackets: Mapping[int, bytes]
    value: bytes

    def number(self, subpacket: int) -> int:
        """A fact that is a number, 0 where it is not there."""
        return int.from_bytes(self.hashed_subpackets.get(subpacket, b""), "big")

    def is_signed_by(self, key: Key, signed: bytes) -> bool:
        """Whether the owner of a key has signed something in this way."""
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
    """Somebody in a keyring: the names that the key has signed, and the keys that sign for it, each with the second when it ends."""

    key: Key
    names: tuple[str, ...]
    signers: tuple[tuple[Key, int], ...]


def read_signature(body: bytes) -> Signature:
    """The signature in a packet; SourceError where it is none that is known here."""
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
        raise SourceError("a signature is not whole") from error
    unknown = [
        kind & 0x7F
        for kind in hashed_subpackets
        if kind & 0x80 and kind & 0x7F not in _KNOWN_SUBPACKETS
    ]
    if unknown:
        raise SourceError(f"a signature has the critical part {unknown[0]}, which is not known")
    known = {kind & 0x7F: content for kind, content in hashed_subpackets.items()}
    return Signature(body[1], body[2], body[3], body[:end], known, unhashed_subpackets, value)


def find_signer(owners: list[KeyOwner], signature: Signature, text: bytes, now: int) -> KeyOwner:
    """Who has signed a text; SourceError where nobody in the keyring has, or does not count any more."""
    if signature.hash == _SHA1 or signature.kind not in (0, 1):
        raise SourceError("the signature is of a kind that is not safe")
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
    """The owners of the keys in a keyring, public or secret; SourceError where it can't be read."""
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
    """The packets of a keyring, which is binary or armored."""
    if content.lstrip().startswith(b"-----BEGIN PGP"):
        content = dearmor(content.decode("ascii", "replace"))
    return read_packets(content)


def public_part(body: bytes) -> bytes:
    """The public key that a secret key begins with; all of it where the key is of a kind that is not known."""
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
    """What is armored in a text."""
    lines = [line.strip() for line in text.strip().splitlines()]
    while lines and not lines[0].startswith("-----BEGIN PGP"):
        lines.pop(0)
    try:
        begin = lines.index("")
        end = next(at for at, line in enumerate(lines) if line.startswith("-----END PGP"))
        body_lines = [line for line in lines[begin:end] if not line.startswith("=")]
        return b64decode("".join(body_lines), validate=True)
    except (ValueError, StopIteration) as error:
        raise SourceError("the armor is not whole") from error


def read_packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The packets in some bytes, each with its tag."""
    position = 0
    while position < len(content):
        first_byte = content[position]
        if not first_byte & 0x80:
            raise SourceError("openpgp: invalid data: tag byte does not have MSB set")
        tag, size, position = _read_packet_header(content, position)
        if position + size > len(content):
            raise SourceError("openpgp: a packet is not whole")
        yield tag, content[position : position + size]
        position += size


def _read_packet_header(content: bytes, position: int) -> tuple[int, int, int]:
    """Tag and size of a packet, and where its content begins."""
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
    """A length, and where it ends."""
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
            raise SourceError("a signature is not whole")
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
    """A number of any size, and what follows."""
    size = (int.from_bytes(content[:2], "big") + 7) // 8
    if len(content) < 2 + size:
        raise SourceError("openpgp: a number is not whole")
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


# --- what a key says of itself ------------------------------------------------------------------------------------


def _build_owner(group: list[tuple[int, bytes]]) -> list[KeyOwner]:
    """The owner of a key with what follows it in a keyring; nobody where nothing of it counts."""
    tag, body = group[0]
    if tag != 6:
        return []
    builder = _OwnerBuilder(_read_key(body))
    for packet in group[1:]:
        builder.add_packet(*packet)
    return builder.build()


class _OwnerBuilder:
    """Takes what follows a key; the last self-signature of each kind counts."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._signed_packet: tuple[int, bytes] = (6, key.body)
        self._is_revoked = False
        self._direct_signature: Signature | None = None
        self._names: dict[bytes, Signature | None] = {}
        self._subkeys: dict[bytes, Signature | None] = {}

    def add_packet(self, tag: int, body: bytes) -> None:
        """Take one packet."""
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
        """The owner, if there is one."""
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
        assert self_signature is not None  # noqa: S101 - there is a name
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
        """Whether a further key signs for this one, and says so itself, or anybody could claim its signatures."""
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
    """The one that counts of two: a revocation, else the later."""
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
