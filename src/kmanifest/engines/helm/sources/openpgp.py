"""Public keys and signatures of OpenPGP, version 4, by RSA and Ed25519: enough to tell who has signed a text.

A key signs with itself what is known of it: its names, when it ends, which further keys are its own. Nothing of a keyring
counts that is not signed in this way. Source: RFC 9580 and 4880; which hashes are too weak: github.com/ProtonMail/go-crypto
v1.4.1 openpgp/packet/config.go.
"""

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping

from kmanifest.engines.helm.sources.ed25519 import is_signed
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, NamedTuple

_RSA: Final = (1, 3)
_EDDSA: Final = 22
ED25519: Final = 27
"""The number of the algorithm; another one has the same keys in another form."""
_OID: Final = bytes.fromhex("2b06010401da470f01")
_MIN_RSA: Final = 2047
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
_CREATED, _ENDS, _KEY_ENDS, _FLAGS, _EMBEDDED = 2, 3, 9, 27, 32
_KNOWN: Final = (
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
_SIGNS: Final = 0x02


class Key(NamedTuple):
    """A public key; `numbers` are those of RSA, `point` is that of Ed25519; both are empty where it is of another kind."""

    body: bytes
    created: int
    numbers: tuple[int, int] | None
    point: bytes

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint."""
        return hashlib.sha1(self.hashed, usedforsecurity=False).digest()

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self.body[5]

    @property
    def hashed(self) -> bytes:
        """The key as it is hashed."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body


class Signature(NamedTuple):
    """A signature; `hashed` are its bytes that are signed themselves, `facts` what they say, `hints` what nobody has signed."""

    kind: int
    algorithm: int
    hash: int
    hashed: bytes
    facts: Mapping[int, bytes]
    hints: Mapping[int, bytes]
    value: bytes

    def number(self, fact: int) -> int:
        """A fact that is a number, 0 where it is not there."""
        return int.from_bytes(self.facts.get(fact, b""), "big")

    def is_by(self, key: Key, signed: bytes) -> bool:
        """Whether the owner of a key has signed something in this way."""
        if self.hash not in HASHES:
            return False
        name, prefix = HASHES[self.hash]
        tail = b"\x04\xff" + len(self.hashed).to_bytes(4, "big")
        digest = hashlib.new(name, signed + self.hashed + tail).digest()
        if self.algorithm in _RSA and key.numbers is not None:
            return _is_rsa(key.numbers, bytes.fromhex(prefix) + digest, self.value)
        if self.algorithm in (_EDDSA, ED25519) and key.point:
            return is_signed(key.point, digest, _eddsa_value(self))
        return False


class Owner(NamedTuple):
    """Somebody in a keyring: the names that the key has signed, and the keys that sign for it, each with the second when it ends."""

    key: Key
    names: tuple[str, ...]
    signers: tuple[tuple[Key, int], ...]


def read_signature(body: bytes) -> Signature:
    """The signature in a packet; SourceError where it is none that is known here."""
    try:
        if body[0] != 4:
            raise SourceError(f"a signature of version {body[0]} is not supported")
        size = int.from_bytes(body[4:6], "big")
        end = 6 + size
        rest = int.from_bytes(body[end : end + 2], "big")
        facts, hints = _subpackets(body[6:end]), _subpackets(body[end + 2 : end + 2 + rest])
        value = body[end + 2 + rest + 2 :]
    except IndexError as error:
        raise SourceError("a signature is not whole") from error
    strange = [kind & 0x7F for kind in facts if kind & 0x80 and kind & 0x7F not in _KNOWN]
    if strange:
        raise SourceError(f"a signature has the critical part {strange[0]}, which is not known")
    known = {kind & 0x7F: content for kind, content in facts.items()}
    return Signature(body[1], body[2], body[3], body[:end], known, hints, value)


def check(owners: list[Owner], signature: Signature, text: bytes, now: int) -> Owner:
    """Who has signed a text; SourceError where nobody in the keyring has, or does not count any more."""
    if signature.hash == _SHA1 or signature.kind not in (0, 1):
        raise SourceError("the signature is of a kind that is not safe")
    for owner in owners:
        for key, ends in owner.signers:
            if signature.is_by(key, text):
                if ends and ends <= now:
                    raise SourceError("openpgp: key expired")
                made, lasts = signature.number(_CREATED), signature.number(_ENDS)
                if made < key.created or made > now or (lasts and made + lasts <= now):
                    raise SourceError("openpgp: signature expired")
                return owner
    raise SourceError("openpgp: signature made by unknown entity")


def read_keyring(content: bytes) -> list[Owner]:
    """The owners of the keys in a keyring, public or secret; SourceError where it can't be read."""
    owners: list[Owner] = []
    group: list[tuple[int, bytes]] = []
    for found, body in keyring_packets(content):
        tag = SECRET_TAGS.get(found, found)
        if tag == 6 and group:
            owners += _owner(group)
            group = []
        group.append((tag, body if tag == found else public_part(body)))
    return owners + (_owner(group) if group else [])


def keyring_packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The packets of a keyring, which is binary or armored."""
    if content.lstrip().startswith(b"-----BEGIN PGP"):
        content = dearmor(content.decode("ascii", "replace"))
    return packets(content)


def public_part(body: bytes) -> bytes:
    """The public key that a secret key begins with; all of it where the key is of a kind that is not known."""
    if body[:1] != b"\x04" or len(body) < 7:
        return body
    algorithm, rest = body[5], body[6:]
    if algorithm in _RSA:
        rest = read_integer(read_integer(rest)[1])[1]
    elif algorithm == _EDDSA:
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
        wanted = [line for line in lines[begin:end] if not line.startswith("=")]
        return b64decode("".join(wanted), validate=True)
    except (ValueError, StopIteration) as error:
        raise SourceError("the armor is not whole") from error


def packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The packets in some bytes, each with its tag."""
    at = 0
    while at < len(content):
        head = content[at]
        if not head & 0x80:
            raise SourceError("openpgp: invalid data: tag byte does not have MSB set")
        tag, size, at = _packet_head(content, at)
        if at + size > len(content):
            raise SourceError("openpgp: a packet is not whole")
        yield tag, content[at : at + size]
        at += size


def _packet_head(content: bytes, at: int) -> tuple[int, int, int]:
    """Tag and size of a packet, and where its content begins."""
    head = content[at]
    if head & 0x40:
        size, at = _length(content, at + 1)
        return head & 0x3F, size, at
    width = 1 << (head & 3)
    if width == 8:
        raise SourceError("openpgp: a packet without a length is not supported")
    size = int.from_bytes(content[at + 1 : at + 1 + width], "big")
    return head >> 2 & 0x0F, size, at + 1 + width


def _length(content: bytes, at: int) -> tuple[int, int]:
    """A length, and where it ends."""
    first = content[at : at + 1]
    if not first or 224 <= first[0] < 255:
        raise SourceError("openpgp: a packet with an unknown length is not supported")
    if first[0] < 192:
        return first[0], at + 1
    if first[0] == 255:
        return int.from_bytes(content[at + 1 : at + 5], "big"), at + 5
    return ((first[0] - 192) << 8) + int.from_bytes(content[at + 1 : at + 2], "big") + 192, at + 2


def _subpackets(content: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(content):
        first = content[at]
        if 192 <= first < 255:
            size = ((first - 192) << 8) + int.from_bytes(content[at + 1 : at + 2], "big") + 192
            at += 2
        else:
            size, at = _length(content, at)
        if not size or at + size > len(content):
            raise SourceError("a signature is not whole")
        found[content[at]] = content[at + 1 : at + size]
        at += size
    return found


def _read_key(body: bytes) -> Key:
    numbers, point = None, b""
    if body[:1] == b"\x04" and len(body) > 6:
        algorithm, rest = body[5], body[6:]
        if algorithm in _RSA:
            modulus, rest = read_integer(rest)
            exponent, _ = read_integer(rest)
            if modulus.bit_length() >= _MIN_RSA and 2 < exponent < 1 << 32:
                numbers = (modulus, exponent)
        elif algorithm == _EDDSA and rest[1 : 1 + rest[0]] == _OID:
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


def _is_rsa(numbers: tuple[int, int], wanted: bytes, value: bytes) -> bool:
    modulus, exponent = numbers
    signed = read_integer(value)[0]
    size = (modulus.bit_length() + 7) // 8
    if signed >= modulus or size < len(wanted) + 11:
        return False
    padded = b"\x00\x01" + b"\xff" * (size - len(wanted) - 3) + b"\x00" + wanted
    return pow(signed, exponent, modulus).to_bytes(size, "big") == padded


def _eddsa_value(signature: Signature) -> bytes:
    if signature.algorithm == ED25519:
        return signature.value[:64]
    one, rest = read_integer(signature.value)
    other, _ = read_integer(rest)
    try:
        return one.to_bytes(32, "big") + other.to_bytes(32, "big")
    except OverflowError:
        return b""


# --- what a key says of itself ------------------------------------------------------------------------------------


def _owner(group: list[tuple[int, bytes]]) -> list[Owner]:
    """The owner of a key with what follows it in a keyring; nobody where nothing of it counts."""
    tag, body = group[0]
    if tag != 6:
        return []
    made = _Maker(_read_key(body))
    for each in group[1:]:
        made.take(*each)
    return made.owner()


class _Maker:
    """Takes what follows a key; the last self-signature of each kind counts."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._what: tuple[int, bytes] = (6, key.body)
        self._is_revoked = False
        self._own: Signature | None = None
        self._names: dict[bytes, Signature | None] = {}
        self._subkeys: dict[bytes, Signature | None] = {}

    def take(self, tag: int, body: bytes) -> None:
        """Take one packet."""
        if tag in (13, 14, 17):
            self._what = (tag, body)
        elif tag == 2:
            try:
                self._sign(read_signature(body))
            except SourceError:
                return

    def _sign(self, signature: Signature) -> None:
        tag, body = self._what
        if tag == 6 and signature.kind in (0x1F, 0x20) and self._is_own(signature, b""):
            if signature.kind == 0x20:
                self._is_revoked = True
            else:
                self._own = _later(self._own, signature)
        elif tag == 13 and signature.kind in (0x10, 0x11, 0x12, 0x13, 0x30):
            if self._is_own(signature, b"\xb4" + len(body).to_bytes(4, "big") + body):
                self._names[body] = _later(self._names.get(body), signature)
        elif tag == 14 and signature.kind in (0x18, 0x28):
            subkey = _read_key(body)
            if self._is_own(signature, subkey.hashed):
                self._subkeys[body] = _later(self._subkeys.get(body), signature)

    def _is_own(self, signature: Signature, about: bytes) -> bool:
        return signature.is_by(self._key, self._key.hashed + about)

    def owner(self) -> list[Owner]:
        """The owner, if there is one."""
        signed = [(name, each) for name, each in self._names.items() if each and each.kind != 0x30]
        if self._is_revoked or not signed:
            return []
        own = self._own
        for _, each in signed:
            own = _later(own, each)
        assert own is not None  # noqa: S101 - there is a name
        signers = [(self._key, _end(self._key, own))] if _may_sign(own, default=True) else []
        whole = _end(self._key, own)
        for body, bound in self._subkeys.items():
            subkey = _read_key(body)
            if bound and bound.kind == 0x18 and self._is_signer(subkey, bound):
                ends = [end for end in (_end(subkey, bound), whole) if end]
                signers.append((subkey, min(ends, default=0)))
        names = tuple(name.decode("utf-8", "replace") for name, _ in signed)
        return [Owner(self._key, names, tuple(signers))]

    def _is_signer(self, subkey: Key, bound: Signature) -> bool:
        """Whether a further key signs for this one, and says so itself, or anybody could claim its signatures."""
        back = bound.facts.get(_EMBEDDED) or bound.hints.get(_EMBEDDED)
        if not _may_sign(bound, default=False) or not back:
            return False
        try:
            own = read_signature(back)
        except SourceError:
            return False
        return own.kind == 0x19 and own.is_by(subkey, self._key.hashed + subkey.hashed)


def _later(one: Signature | None, other: Signature) -> Signature:
    """The one that counts of two: a revocation, else the later."""
    if one is None:
        return other
    for each in (one, other):
        if each.kind in (0x28, 0x30):
            return each
    return one if one.number(_CREATED) > other.number(_CREATED) else other


def _may_sign(signature: Signature, *, default: bool) -> bool:
    flags = signature.facts.get(_FLAGS)
    return default if flags is None else bool(flags and flags[0] & _SIGNS)


def _end(key: Key, signature: Signature) -> int:
    lasts = signature.number(_KEY_ENDS)
    return key.created + lasts if lasts else 0
