"""Passwords, keys, certificates, and all random functions.

Random data comes from the `random` that is passed in. Keys do so only with a `SeededRandom`;
otherwise `cryptography` generates them.

Source: sprig v3.3.0 crypto.go, strings.go and functions.go; goutils v1.1.1
cryptorandomstringutils.go.
"""

from kmanifest.engines.helm.gotemplate.values import Function, Functions, GoError, Value
from kmanifest.engines.helm.sprig.encodings import corrupt_input_message, decode64
from kmanifest.engines.helm.sprig.gotypes import (
    check_items,
    from_bytes,
    to_bytes,
    to_valid_utf8,
    wrap64,
)
from kmanifest.model.deadline import checked
from kmanifest.model.errors import LimitError, MissingError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Final

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.certificates import Certificate
    from kmanifest.engines.helm.sprig.randomness import RandomSource

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NUMBERS: Final = "0123456789"
_ASCII: Final = "".join(map(chr, range(0x20, 0x7F)))
_LIST_TYPE: Final = "[]interface {}"
_CERTIFICATE_TYPE: Final = "sprig.certificate"
_BCRYPT_MAX: Final = 72
_SLOW_KEY_KINDS: Final = ("", "rsa", "dsa")
_SLOW_KEY_COST: Final = 8
_BCRYPT_ALPHABET: Final = bytes.maketrans(
    (_LETTERS + _NUMBERS + "+/").encode(), ("./" + _LETTERS + _NUMBERS).encode()
)


class _KeyBudget:
    """A count of the keys of one render.

    Without it a short template could keep the machine searching for primes for hours.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = self._left = maximum

    def spend(self, cost: int) -> None:
        """Count a key with this cost.

        Raises LimitError if the costs exceed the maximum.
        """
        self._left -= cost
        if self._left < 0:
            raise LimitError(f"the templates generate more than {self._maximum} keys (max_keys)")


def functions(random: "RandomSource", clock: Callable[[], int], limits: Limits) -> Functions:
    """Return the functions for one render.

    `clock` returns nanoseconds since 1970: the start of a certificate's validity.
    """
    key_budget = _KeyBudget(limits.max_keys)

    def random_string_function(alphabet: str) -> Function:
        def draw(count: int) -> str:
            check_items(count, limits)
            size = len(alphabet)
            return "".join(alphabet[random.randrange(size)] for _ in checked(range(count)))

        return Function(draw, ("int",), "string", impure=True)

    def draw_bytes(count: int) -> str:
        from binascii import b2a_base64

        if count < 0:
            raise GoError("runtime error: makeslice: len out of range")
        check_items(count, limits)
        return b2a_base64(random.randbytes(count), newline=False).decode()

    def draw_int(minimum: int, bound: int) -> int:
        size = wrap64(bound - minimum)
        if size <= 0:
            raise GoError("invalid argument to Intn")
        return wrap64(random.randrange(size) + minimum)

    def shuffle(text: str) -> str:
        chars = list(to_valid_utf8(text))
        for index in checked(range(len(chars) - 1, 0, -1)):
            other = random.randrange(index + 1)
            chars[index], chars[other] = chars[other], chars[index]
        return "".join(chars)

    def encrypt(password: str, text: str) -> str:
        from kmanifest.engines.helm.sprig.aes import encrypt as encrypt_aes

        return encrypt_aes(password, text, random.randbytes(16)) if text else ""

    def htpasswd(user: str, password: str) -> str:
        return f"invalid username: {user}" if ":" in user else f"{user}:{_bcrypt(password, random)}"

    def private_key(kind: str) -> str:
        key_budget.spend(_SLOW_KEY_COST if kind in _SLOW_KEY_KINDS else 1)
        from kmanifest.engines.helm.sprig.certificates import generate_key

        return generate_key(kind, random)

    def certificate(name: str, *parameter_types: str) -> Function:
        makes_key = not name.endswith("_with_key")

        def issue(*arguments: Value) -> "Certificate":
            key_budget.spend(1 if makes_key else 0)
            from kmanifest.engines.helm.sprig.certificates import CertificateMaker

            result: Certificate = getattr(CertificateMaker(random, clock), name)(*arguments)
            return result

        return Function(issue, parameter_types, _CERTIFICATE_TYPE, impure=True)

    return {
        "bcrypt": Function(lambda text: _bcrypt(text, random), ("string",), "string", impure=True),
        "buildCustomCert": Function(
            _build_custom_certificate, ("string", "string"), _CERTIFICATE_TYPE
        ),
        "decryptAES": Function(_decrypt_aes, ("string", "string"), "string"),
        "derivePassword": Function(
            _derive_password, ("uint32", "string", "string", "string", "string"), "string"
        ),
        "encryptAES": Function(encrypt, ("string", "string"), "string", impure=True),
        "genCA": certificate("authority", "string", "int"),
        "genCAWithKey": certificate("authority_with_key", "string", "int", "string"),
        "genPrivateKey": Function(private_key, ("string",), "string", impure=True),
        "genSelfSignedCert": certificate("self_signed", "string", _LIST_TYPE, _LIST_TYPE, "int"),
        "genSelfSignedCertWithKey": certificate(
            "self_signed_with_key", "string", _LIST_TYPE, _LIST_TYPE, "int", "string"
        ),
        "genSignedCert": certificate(
            "signed", "string", _LIST_TYPE, _LIST_TYPE, "int", _CERTIFICATE_TYPE
        ),
        "genSignedCertWithKey": certificate(
            "signed_with_key", "string", _LIST_TYPE, _LIST_TYPE, "int", _CERTIFICATE_TYPE, "string"
        ),
        "htpasswd": Function(htpasswd, ("string", "string"), "string", impure=True),
        "randAlpha": random_string_function(_LETTERS),
        "randAlphaNum": random_string_function(_LETTERS + _NUMBERS),
        "randAscii": random_string_function(_ASCII),
        "randBytes": Function(draw_bytes, ("int",), "string", impure=True),
        "randInt": Function(draw_int, ("int", "int"), "int", impure=True),
        "randNumeric": random_string_function(_NUMBERS),
        "shuffle": Function(shuffle, ("string",), "string", impure=True),
        "uuidv4": Function(lambda: _uuid(random.randbytes(16)), (), "string", impure=True),
    }


def _uuid(data: bytes) -> str:
    """Return a random UUID of version 4."""
    marked = bytearray(data)
    marked[6] = marked[6] & 0x0F | 0x40
    marked[8] = marked[8] & 0x3F | 0x80
    text = marked.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _bcrypt(text: str, random: "RandomSource") -> str:
    """Return the hash of a password in version 2a with cost 10."""
    try:
        import bcrypt
    except ImportError as error:
        raise MissingError("bcrypt and htpasswd need the package bcrypt") from error
    data = to_bytes(text)
    if len(data) > _BCRYPT_MAX:
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    return bcrypt.hashpw(data, b"$2a$10$" + _bcrypt_salt(random.randbytes(16))).decode()


def _bcrypt_salt(data: bytes) -> bytes:
    """Return 16 bytes encoded in bcrypt's alphabet."""
    from base64 import b64encode

    return b64encode(data).rstrip(b"=").translate(_BCRYPT_ALPHABET)


def _decrypt_aes(password: str, text: str) -> str:
    from kmanifest.engines.helm.sprig.aes import decrypt

    if not text:
        return ""
    decoded = decode64(to_bytes(text))
    if isinstance(decoded, int):
        raise GoError(corrupt_input_message(64, decoded))
    return from_bytes(decrypt(password, decoded))


def _build_custom_certificate(cert: str, key: str) -> "Certificate":
    from kmanifest.engines.helm.sprig.certificates import build_custom_certificate

    return build_custom_certificate(cert, key)


_MASTER_PASSWORD_SCOPE: Final = b"com.lyndir.masterpassword"
_PASSWORD_TEMPLATES: Final = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno "
    "CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno "
    "CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno "
    "CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno",
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_PASSWORD_CHARACTERS: Final = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
}


def _derive_password(counter: int, kind: str, password: str, user: str, site: str) -> str:
    """Return the password of a site by the Master Password algorithm.

    Source: crypto.go, derivePassword.
    """
    import hashlib
    import hmac

    templates = _PASSWORD_TEMPLATES.get(kind, "").split()
    if not templates:
        return f"cannot find password template {kind}"
    user_bytes, site_bytes = to_bytes(user), to_bytes(site)
    salt = _MASTER_PASSWORD_SCOPE + len(user_bytes).to_bytes(4, "big") + user_bytes
    key = hashlib.scrypt(
        to_bytes(password), salt=salt, n=32_768, r=8, p=2, maxmem=128 << 20, dklen=64
    )
    message = (
        _MASTER_PASSWORD_SCOPE
        + len(site_bytes).to_bytes(4, "big")
        + site_bytes
        + (counter & 0xFFFFFFFF).to_bytes(4, "big")
    )
    seed = hmac.new(key, message, hashlib.sha256).digest()
    template = templates[seed[0] % len(templates)]
    return "".join(
        _PASSWORD_CHARACTERS[kind][byte % len(_PASSWORD_CHARACTERS[kind])]
        for kind, byte in zip(template, seed[1:], strict=False)
    )
