"""Keys that `std.manifestYamlDoc` prints without quotes.

Source: go-jsonnet v0.22.0 builtins.go.
"""

import re

from kmanifest.startup.typing import Final

_RESERVED: Final = frozenset(
    ("true", "false", "yes", "no", "on", "off", "y", "n", ".nan", "-.inf", "+.inf", ".inf", "null", "-", "---", "''")
)  # fmt: skip
_SAFE: Final = re.compile(r"[A-Za-z0-9_\-/.]+")
_TIMESTAMP: Final = re.compile(r"(?:[0-9]*-){2}[0-9]*")
_BINARY: Final = re.compile(r"[-+]?0b[0-1_]+")
_HEXADECIMAL: Final = re.compile(r"[-+]?0x[0-9a-fA-F_]+")
_DIGITS: Final = "[0-9](?:_?[0-9])*"
_GO_NUMBER: Final = re.compile(
    rf"[-+]?(?:(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:e[-+]?{_DIGITS})?|inf(?:inity)?)|nan",
    re.IGNORECASE,
)


def is_bare_yaml_key(key: str) -> bool:
    """Whether `std.manifestYamlDoc` prints a key without quotes if it may."""
    return (
        _SAFE.fullmatch(key) is not None
        and key.lower() not in _RESERVED
        and not _TIMESTAMP.fullmatch(key)
        and not _BINARY.fullmatch(key)
        and not _HEXADECIMAL.search(key)
        and not _is_go_number(key)
    )


def _is_go_number(text: str) -> bool:
    """Whether Go's strconv.Atoi or ParseFloat accepts a text that has only safe characters."""
    return _GO_NUMBER.fullmatch(text) is not None
