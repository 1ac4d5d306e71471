"""Recognize URLs and e-mail addresses for `helm lint`, as Helm's patterns do.

The patterns are built from named parts. They match in linear time.

Source: github.com/asaskevich/govalidator v11 validator.go and patterns.go, IsRequestURL, IsURL, IsEmail.
"""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.sprig.gotypes import to_bytes
from kmanifest.startup.typing import Any, Final

_MIN_URL_BYTES: Final = 4
_MAX_URL_CHARS: Final = 2_082

# --- URLs -------------------------------------------------------------------------------------------------------

_SCHEME: Final = r"(?:(?:ftp|tcp|udp|wss?|https?)://)"
_USER: Final = r"(?:\S+(?::\S*)?@)"
_PATH: Final = r"(?:[/?#]\S*)"
_WORD: Final = "[a-zA-Z0-9]"
_LETTER: Final = r"[a-zA-Z\x{00a1}-\x{ffff}]"
_LETTER_OR_DIGIT: Final = r"[a-zA-Z\x{00a1}-\x{ffff}0-9]"
_UP_TO_249: Final = r"1\d\d|2[0-4]\d|25[0-5]"
_IPV4: Final = (
    r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])"
    rf"(?:\.(?:\d{{1,2}}|{_UP_TO_249})){{2}}\.(?:\d\d?|{_UP_TO_249})"
)
_PLAIN_IPV4: Final = (
    r"(?:(?:25[0-5]|(?:2[0-4]|1?[0-9])?[0-9])\.){3}(?:25[0-5]|(?:2[0-4]|1?[0-9])?[0-9])"
)
_HEX: Final = "[0-9a-fA-F]{1,4}"
_IPV6: Final = "|".join(
    (
        f"(?:{_HEX}:){{7}}{_HEX}",
        f"(?:{_HEX}:){{1,7}}:",
        *(f"(?:{_HEX}:){{1,{groups}}}(?::{_HEX}){{1,{7 - groups}}}" for groups in range(1, 7)),
        f":(?:(?::{_HEX}){{1,7}}|:)",
        "fe80:(?::[0-9a-fA-F]{0,4}){0,4}%[0-9a-zA-Z]+",
        f"::(?:ffff(?::0{{1,4}})?:)?{_PLAIN_IPV4}",
        f"(?:{_HEX}:){{1,4}}:{_PLAIN_IPV4}",
    )
)
_SUBDOMAIN: Final = rf"(?:www\.|{_WORD}+(?:[-_.]?{_WORD})*{_WORD}\.{_WORD}+)"
_NAME: Final = (
    rf"(?:{_WORD}[a-zA-Z0-9_-]*{_WORD}(?:[-.]{_WORD}+)*|{_SUBDOMAIN})?"
    rf"(?:{_LETTER_OR_DIGIT}+-?-?)*{_LETTER_OR_DIGIT}+(?:\.{_LETTER}+)?"
)
_URL: Final = rf"{_SCHEME}?{_USER}?(?:{_IPV4}|\[(?:{_IPV6})\]|{_NAME})\.?(?::\d{{1,5}})?{_PATH}?"  # names may have no dot

# --- e-mail addresses -------------------------------------------------------------------------------------------

_BEYOND_ASCII: Final = r"\x{00A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}"
_ATOM: Final = rf"[a-zA-Z\d!#$%&'*+/=?^_`{{|}}~{_BEYOND_ASCII}-]+"
_SPACE: Final = r"(?:(?:[ \t]*\r\n)?[ \t]+)?"
_QUOTED_CHAR: Final = rf"(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x7f!\x23-\x5b\x5d-\x7e{_BEYOND_ASCII}]|\([\x01-\x09\x0b-\x7f])"
# A parenthesis of the pattern is misplaced: the repeated part contains the opening quote.
_QUOTED: Final = rf'(?:"{_SPACE}{_QUOTED_CHAR})*{_SPACE}"'
_LABEL_END: Final = rf"[a-zA-Z\d{_BEYOND_ASCII}]"
_LABEL: Final = rf"{_LABEL_END}(?:[a-zA-Z\d._~{_BEYOND_ASCII}-]*{_LABEL_END})?"
_LAST_END: Final = f"[a-zA-Z{_BEYOND_ASCII}]"
_LAST_LABEL: Final = rf"{_LAST_END}(?:[a-zA-Z\d_~{_BEYOND_ASCII}-]*{_LAST_END})?"
_EMAIL: Final = rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@(?:{_LABEL}\.)+{_LAST_LABEL}\.?"


def is_request_url(text: str) -> bool:
    """Return whether the text is an absolute URL."""
    from kmanifest.engines.helm.sprig.urls import parse_without_fragment

    try:
        return bool(parse_without_fragment(to_bytes(text)).scheme)
    except GoError:
        return False


def is_url(text: str) -> bool:
    """Return whether the text is a URL, with or without a scheme. A host needs no dot."""
    if len(to_bytes(text)) < _MIN_URL_BYTES or len(text) > _MAX_URL_CHARS or text[0] == ".":
        return False
    from kmanifest.engines.helm.sprig.urls import parse

    has_only_port = ":" in text and "://" not in text
    try:
        url = parse(to_bytes(f"http://{text}" if has_only_port else text))
    except GoError:
        return False
    if url.host.startswith(b".") or (not url.host and url.path and b"." not in url.path):
        return False
    return _matches(_URL, text)


def is_email(text: str) -> bool:
    """Return whether the text is an e-mail address."""
    return _matches(_EMAIL, text)


def _matches(pattern: str, text: str) -> bool:
    import re2  # few charts have maintainers with addresses

    compiled: Any = re2.compile(pattern.encode())
    # A byte that is not UTF-8 is the replacement character for Go's patterns.
    return compiled.fullmatch(text.encode("utf-8", "replace")) is not None
