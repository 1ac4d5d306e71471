"""Private keys and X.509 certificates, made with `cryptography`, which is imported with this module.

Source: sprig v3.3.0 crypto.go; Go 1.26 src/crypto/x509/x509.go, CreateCertificate, for the
extensions and their order.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from math import lcm

from kmanifest.engines.helm.gotemplate.gofmt import text as go_text
from kmanifest.engines.helm.gotemplate.values import GoError, GoObject, Value
from kmanifest.engines.helm.sprig.encodings import decode64
from kmanifest.engines.helm.sprig.gotypes import to_bytes, wrap64
from kmanifest.engines.helm.sprig.randomness import RandomSource
from kmanifest.engines.helm.sprig.seeded import PUBLIC_EXPONENT, SeededRandom, rsa_primes
from kmanifest.model.deadline import checked
from kmanifest.model.errors import MissingError
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Sequence

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
except ImportError as error:
    raise MissingError("keys and certificates need the package cryptography") from error

_DAY: Final = 24 * 3_600 * 1_000_000_000
_PEM: Final = re.compile(
    r"(?:\A|(?<=\n))-----BEGIN ([^\n]*?)-----[ \t\r]*\n(?:[^\n:]+:[^\n]*\n)*(.*?)-----END \1-----",
    re.DOTALL,
)
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_FORMATS: Final = {"RSA": "PKCS1", "EC": "EC", "DSA": "DSA"}


class Certificate(GoObject):
    """A certificate and its key, as PEM.

    `private_key` is the key object if it was generated here. Loading an RSA key from PEM takes 35
    ms, because its primes are checked again.
    """

    __slots__ = ("cert", "key", "private_key")
    go_type = "sprig.certificate"
    kind = "struct"

    def __init__(self, cert: str, key: str, private_key: Any = None) -> None:
        self.cert = cert
        self.key = key
        self.private_key = private_key

    def fields(self) -> Mapping[str, str]:
        return {"Cert": self.cert, "Key": self.key}

    def pretty(self) -> Mapping[str, str]:
        """Return the fields with the names that go-yaml v3 uses."""
        return {"cert": self.cert, "key": self.key}


class PemBlock(NamedTuple):
    """A PEM block."""

    kind: str
    data: bytes


class _Issuer(NamedTuple):
    """The issuer of a certificate: its name, its key, and the key's identifier if its certificate has one."""

    name: x509.Name
    key: Any
    identifier: bytes | None


def generate_key(kind: str, random: RandomSource) -> str:
    """Return the result of `genPrivateKey`: a key as PEM, or the message for an unknown kind.

    With a `SeededRandom`, the key is derived from `random`. Raises GoError for a DSA key, which
    can't be derived.
    """
    if kind in ("", "rsa"):
        return _key_text(_rsa_key(random, 4_096))
    if kind == "dsa" and isinstance(random, SeededRandom):
        raise GoError(
            "a DSA key can't be derived from a seed: use another kind of key, or pass the key"
        )
    if kind == "dsa":
        return _key_text(dsa.generate_private_key(2_048))
    if kind == "ecdsa":
        return _key_text(_ec_key(random))
    if kind == "ed25519":
        return _key_text(_ed25519_key(random))
    return f"Unknown type {kind}"


def _rsa_key(random: RandomSource, bits: int) -> rsa.RSAPrivateKey:
    """Return a key that `cryptography` generates, or one derived from a seed.

    `cryptography` checks that one as well.
    """
    if not isinstance(random, SeededRandom):
        return rsa.generate_private_key(PUBLIC_EXPONENT, bits)
    p, q = rsa_primes(random, bits)
    private = pow(PUBLIC_EXPONENT, -1, lcm(p - 1, q - 1))
    return rsa.RSAPrivateNumbers(
        p, q, private, private % (p - 1), private % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q)
    ).private_key()  # fmt: skip


def _ec_key(random: RandomSource) -> ec.EllipticCurvePrivateKey:
    if not isinstance(random, SeededRandom):
        return ec.generate_private_key(ec.SECP256R1())
    return ec.derive_private_key(1 + random.randrange(_P256_ORDER - 1), ec.SECP256R1())


def _ed25519_key(random: RandomSource) -> ed25519.Ed25519PrivateKey:
    if not isinstance(random, SeededRandom):
        return ed25519.Ed25519PrivateKey.generate()
    return ed25519.Ed25519PrivateKey.from_private_bytes(random.randbytes(32))


def _key_text(key: Any) -> str:
    traditional = isinstance(
        key, rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey
    )
    form = serialization.PrivateFormat
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        form.TraditionalOpenSSL if traditional else form.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def read_pem(text: str) -> PemBlock | None:
    """Return the first PEM block of a text; None if there is none."""
    for match in checked(_PEM.finditer(text)):
        data = decode64(to_bytes(re.sub("[ \t\r\n]", "", match[2])))
        if isinstance(data, bytes):
            return PemBlock(match[1], data)
    return None


def parse_key(text: str) -> Any:
    """Return the private key of a PEM block.

    Raises GoError with sprig's message.
    """
    block = read_pem(text)
    if block is None:
        raise GoError("no PEM data in input")
    if block.kind == "PRIVATE KEY":
        return _load_der_key(block.data, "decoding PEM as PKCS#8")
    if not block.kind.endswith(" PRIVATE KEY"):
        raise GoError(f"no private key data in PEM block of type {block.kind}")
    kind = block.kind.removesuffix(" PRIVATE KEY")
    if kind not in _FORMATS:
        raise GoError(f"invalid private key type {block.kind}")
    return _load_der_key(block.data, f"parsing {kind} private key from PEM")


def _load_der_key(data: bytes, action: str) -> Any:
    try:
        return serialization.load_der_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise GoError(f"{action}: {error}") from error


def build_custom_certificate(cert64: str, key64: str) -> Certificate:
    """Return the result of `buildCustomCert`: certificate and key, each given as base64 of PEM.

    Both are checked and returned unchanged.
    """
    cert, key = decode64(to_bytes(cert64)), decode64(to_bytes(key64))
    if isinstance(cert, int):
        raise GoError("unable to decode base64 certificate")
    if isinstance(key, int):
        raise GoError("unable to decode base64 private key")
    cert_text, key_text = (data.decode("utf-8", "surrogateescape") for data in (cert, key))
    _parse_certificate(cert_text, "decodedCert")
    try:
        parse_key(key_text)
    except GoError as error:
        raise GoError(f"error parsing private key: {error}") from error
    return Certificate(cert_text, key_text)


def _parse_certificate(text: str, name: str) -> x509.Certificate:
    block = read_pem(text)
    if block is None:
        raise GoError("unable to decode certificate")
    try:
        return x509.load_der_x509_certificate(block.data)
    except ValueError as error:
        raise GoError(
            f"error parsing certificate: {name}.Bytes: x509: malformed certificate"
        ) from error


class CertificateMaker:
    """A maker of certificates with random serial numbers.

    They are valid from the current time on.
    """

    __slots__ = ("_clock", "_random")

    def __init__(self, random: RandomSource, clock: Callable[[], int]) -> None:
        self._random = random
        self._clock = clock

    def authority(self, name: str, days: int) -> Certificate:
        return self._authority(name, days, self._new_key())

    def authority_with_key(self, name: str, days: int, key: str) -> Certificate:
        return self._authority(name, days, _parse_key_argument(key))

    def self_signed(self, name: str, addresses: Value, names: Value, days: int) -> Certificate:
        return self._self_signed(name, addresses, names, days, self._new_key())

    def self_signed_with_key(
        self, name: str, addresses: Value, names: Value, days: int, key: str
    ) -> Certificate:
        return self._self_signed(name, addresses, names, days, _parse_key_argument(key))

    def signed(
        self, name: str, addresses: Value, names: Value, days: int, authority: Certificate
    ) -> Certificate:
        return self._signed(name, addresses, names, days, authority, self._new_key())

    def signed_with_key(
        self, name: str, addresses: Value, names: Value, days: int, authority: Certificate, key: str
    ) -> Certificate:
        return self._signed(name, addresses, names, days, authority, _parse_key_argument(key))

    def _new_key(self) -> Any:
        return _rsa_key(self._random, 2_048)

    def _authority(self, name: str, days: int, key: Any) -> Certificate:
        issuer = _Issuer(_distinguished_name(name), key, None)
        return self._issue(issuer, key, name, (), days, authority=True)

    def _self_signed(
        self, name: str, addresses: Value, names: Value, days: int, key: Any
    ) -> Certificate:
        alternatives = _alternative_names(addresses, names)
        return self._issue(
            _Issuer(_distinguished_name(name), key, None), key, name, alternatives, days
        )

    def _signed(
        self, name: str, addresses: Value, names: Value, days: int, authority: Certificate, key: Any
    ) -> Certificate:
        signer = _parse_certificate(authority.cert, "decodedSignerCert")
        signer_key = authority.private_key
        if signer_key is None:
            try:
                signer_key = parse_key(authority.key)
            except GoError as error:
                raise GoError(f"error parsing private key: {error}") from error
        alternatives = _alternative_names(addresses, names)
        issuer = _Issuer(signer.subject, signer_key, _subject_key_identifier(signer))
        return self._issue(issuer, key, name, alternatives, days)

    def _signing_options(self, key: Any) -> dict[str, Any]:
        """Return the options of a signature.

        Only ECDSA signatures are random. With a seed they follow RFC 6979.
        """
        is_repeatable = isinstance(self._random, SeededRandom)
        is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
        return {"ecdsa_deterministic": True} if is_repeatable and is_ec else {}

    def _issue(
        self,
        issuer: _Issuer,
        key: Any,
        name: str,
        alternatives: Sequence[x509.GeneralName],
        days: int,
        *,
        authority: bool = False,
    ) -> Certificate:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self._clock() // 10**9)
        end = start + timedelta(seconds=wrap64(days * _DAY) // 10**9)
        if isinstance(key, dsa.DSAPrivateKey):
            raise GoError(
                "error creating certificate: x509: unsupported public key type: *dsa.PublicKey"
            )
        subject = _distinguished_name(name)
        try:
            builder = (
                x509.CertificateBuilder()
                .serial_number(int.from_bytes(self._random.randbytes(16), "big") or 1)
                .issuer_name(issuer.name)
                .subject_name(subject)
                .not_valid_before(start)
                .not_valid_after(end)
                .public_key(key.public_key())
            )
            for extension, critical in _extensions(key, issuer, subject, alternatives, authority):
                builder = builder.add_extension(extension, critical=critical)
            certificate = builder.sign(
                issuer.key, _signature_hash(issuer.key), **self._signing_options(issuer.key)
            )
        except (ValueError, TypeError, OverflowError) as error:
            raise GoError(f"error creating certificate: {error}") from error
        text = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Certificate(text, _key_text(key), key)


def _parse_key_argument(text: str) -> Any:
    try:
        return parse_key(text)
    except GoError as error:
        raise GoError(f"parsing private key: {error}") from error


def _distinguished_name(common: str) -> x509.Name:
    attribute = x509.oid.NameOID.COMMON_NAME
    try:
        return x509.Name([x509.NameAttribute(attribute, common)] if common else [])
    except (
        ValueError
    ) as error:  # Go also writes names of more than the 64 characters that X.520 allows
        raise GoError(f"error creating certificate: {error}") from error


def _signature_hash(key: Any) -> Any:
    """Return the hash that Go signs with, by the kind and size of the key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    size = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 0
    return hashes.SHA512() if size == 521 else hashes.SHA384() if size == 384 else hashes.SHA256()


def _subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.digest


def _extensions(
    key: Any,
    issuer: _Issuer,
    subject: x509.Name,
    alternatives: Sequence[x509.GeneralName],
    authority: bool,  # noqa: FBT001 - of a private function
) -> list[tuple[x509.ExtensionType, bool]]:
    """Return the extensions in Go's order, each with whether it is critical."""
    usage = x509.KeyUsage(
        digital_signature=True, key_encipherment=True, key_cert_sign=authority, content_commitment=False,
        data_encipherment=False, key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    purposes = x509.oid.ExtendedKeyUsageOID
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (usage, True),
        (x509.ExtendedKeyUsage([purposes.SERVER_AUTH, purposes.CLIENT_AUTH]), False),
        (x509.BasicConstraints(ca=authority, path_length=None), True),
    ]
    if authority:
        extensions.append((x509.SubjectKeyIdentifier(_key_identifier(key)), False))
    elif issuer.identifier is not None and issuer.name != subject:
        extensions.append((x509.AuthorityKeyIdentifier(issuer.identifier, None, None), False))
    if alternatives:
        extensions.append((x509.SubjectAlternativeName(alternatives), not list(subject)))
    return extensions


def _key_identifier(key: Any) -> bytes:
    """Return the identifier that Go gives to the key of a certificate authority: the start of its hash.

    Source: x509.go, CreateCertificate.
    """
    public = key.public_key()
    encoding, form = serialization.Encoding, serialization.PublicFormat
    if isinstance(public, rsa.RSAPublicKey):
        data = public.public_bytes(encoding.DER, form.PKCS1)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        data = public.public_bytes(encoding.X962, form.UncompressedPoint)
    else:
        data = public.public_bytes(encoding.Raw, form.Raw)
    return sha256(data).digest()[:20]


def _alternative_names(addresses: Value, names: Value) -> list[x509.GeneralName]:
    """Return the names first, then the addresses, as Go writes them.

    Addresses are checked first.
    """
    ip_addresses = [x509.IPAddress(_address(each)) for each in checked(addresses or ())]
    return [*(x509.DNSName(_dns_name(each)) for each in checked(names or ())), *ip_addresses]


def _address(value: Value) -> Any:
    if not isinstance(value, str):
        raise GoError(f"error parsing ip: {go_text(value)} is not a string")
    try:
        address = ip_address(value)
    except ValueError as error:
        raise GoError(f"error parsing ip: {value}") from error
    return getattr(address, "ipv4_mapped", None) or address


def _dns_name(value: Value) -> str:
    if not isinstance(value, str):
        raise GoError(f"error processing alternate dns name: {go_text(value)} is not a string")
    return value
