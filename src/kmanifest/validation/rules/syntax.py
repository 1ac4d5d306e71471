"""The server's syntax checks of names, labels, numbers and paths. Each returns messages, none if the value is right.

No check uses a pattern: `strip` with the allowed characters leaves nothing if a string has no others, in linear time.

Source: k8s.io/apimachinery v0.36.3 pkg/util/validation/validation.go and pkg/api/validate/content.
"""

from kmanifest.startup.typing import Any, Final, Sequence
from kmanifest.validation.rules.messages import at_most, between, by_pattern

Messages = Sequence[str]
"""What is wrong with a value, with the server's messages."""

_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_LETTERS: Final = _LOWER + _LOWER.upper()
_LABEL: Final = _LOWER + _DIGITS + "-"
_SUBDOMAIN: Final = _LABEL + "."
_NAME: Final = _LETTERS + _DIGITS + "-_."
_IDENTIFIER: Final = _LETTERS + _DIGITS + "_"
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F))).replace("=", "")
_LABEL_LENGTH: Final = 63
_SUBDOMAIN_LENGTH: Final = 253
_PORT_NAME_LENGTH: Final = 15

_KNOWN_DOMAINS: Final = frozenset(
    {"app.kubernetes.io", "helm.sh", "kubernetes.io", "kustomize.toolkit.fluxcd.io"}
)
"""The domains of most labels, which need no check."""

_LABEL_PATTERN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_PATTERN: Final = rf"{_LABEL_PATTERN}(\.{_LABEL_PATTERN})*"
_UNDERSCORE_LABEL_PATTERN: Final = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORE_SUBDOMAIN_PATTERN: Final = (
    rf"{_UNDERSCORE_LABEL_PATTERN}(\.{_UNDERSCORE_LABEL_PATTERN})*"
)
_DNS1035_PATTERN: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY_PATTERN: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ALPHANUMERIC_ENDS: Final = "and must start and end with an alphanumeric character"
_LABEL_TEXT: Final = by_pattern(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    + _ALPHANUMERIC_ENDS,
    _LABEL_PATTERN,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_TEXT: Final = by_pattern(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    + _ALPHANUMERIC_ENDS,
    _SUBDOMAIN_PATTERN,
    "example.com",
)
_UNDERSCORE_SUBDOMAIN_TEXT: Final = by_pattern(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    + _ALPHANUMERIC_ENDS,
    _UNDERSCORE_SUBDOMAIN_PATTERN,
    "example.com",
)
_WILDCARD_TEXT: Final = by_pattern(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    rf"\*\.{_SUBDOMAIN_PATTERN}",
    "*.example.com",
)
_DNS1035_TEXT: Final = by_pattern(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    _DNS1035_PATTERN,
    "my-name",
    "abc-123",
)
_KEY_TEXT: Final = by_pattern(
    f"must consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC_ENDS}",
    _KEY_PATTERN,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_TEXT: Final = by_pattern(
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC_ENDS}",
    f"({_KEY_PATTERN})?",
    "MyValue",
    "my_value",
    "12345",
)


def length(text: str) -> int:
    """Return the length of a string as the server counts it: in bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _is_label(text: str) -> bool:
    return bool(text) and not text.strip(_LABEL) and text[0] != "-" and text[-1] != "-"


def _is_subdomain(text: str) -> bool:
    return (
        bool(text)
        and not text.strip(_SUBDOMAIN)
        and text[0] not in "-."
        and text[-1] not in "-."
        and ("." not in text or (".." not in text and ".-" not in text and "-." not in text))
    )


def _is_key(text: str) -> bool:
    return bool(text) and not text.strip(_NAME) and text[0] not in "-_." and text[-1] not in "-_."


def dns_label(text: str) -> Messages:
    """Check a label of RFC 1123. Source: IsDNS1123Label."""
    if len(text) <= _LABEL_LENGTH and _is_label(text):
        return ()
    messages = [at_most(_LABEL_LENGTH)] if length(text) > _LABEL_LENGTH else []
    if not _is_label(text):
        messages.append("must not contain dots" if _is_subdomain(text) else _LABEL_TEXT)
    return messages


def dns_subdomain(text: str) -> Messages:
    """Check a subdomain of RFC 1123, as most names are. Source: IsDNS1123Subdomain."""
    if len(text) <= _SUBDOMAIN_LENGTH and _is_subdomain(text):
        return ()
    messages = [at_most(_SUBDOMAIN_LENGTH)] if length(text) > _SUBDOMAIN_LENGTH else []
    if not _is_subdomain(text):
        messages.append(_SUBDOMAIN_TEXT)
    return messages


def underscore_subdomain(text: str) -> Messages:
    """Check a subdomain whose labels may have underscores. Source: IsDNS1123SubdomainWithUnderscore."""
    messages = [at_most(_SUBDOMAIN_LENGTH)] if length(text) > _SUBDOMAIN_LENGTH else []
    if not all(map(_is_underscore_label, text.split("."))):
        messages.append(_UNDERSCORE_SUBDOMAIN_TEXT)
    return messages


def _is_underscore_label(label: str) -> bool:
    label = label.removeprefix("_")
    return (
        bool(label)
        and not label.strip(_LABEL + "_")
        and label[0] not in "-_"
        and label[-1] not in "-_"
    )


def wildcard_subdomain(text: str) -> Messages:
    """Check `*.` and a subdomain. Source: IsWildcardDNS1123Subdomain."""
    messages = [at_most(_SUBDOMAIN_LENGTH)] if length(text) > _SUBDOMAIN_LENGTH else []
    if not (text.startswith("*.") and _is_subdomain(text[2:])):
        messages.append(_WILDCARD_TEXT)
    return messages


def dns1035_label(text: str) -> Messages:
    """Check a label of RFC 1035, which starts with a letter. Source: IsDNS1035Label."""
    messages = [at_most(_LABEL_LENGTH)] if length(text) > _LABEL_LENGTH else []
    if not (_is_label(text) and text[0] in _LOWER):
        messages.append(_DNS1035_TEXT)
    return messages


def qualified_name(text: str) -> Messages:
    """Check a name with an optional domain before a slash, such as a label's key. Source: content.IsLabelKey."""
    prefix, slash, name = text.partition("/")
    if not slash:
        if len(text) <= _LABEL_LENGTH and _is_key(text):
            return ()
        return _name_part(text)
    if "/" in name:
        return (
            f"a valid label key {_KEY_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        )
    if (
        len(prefix) <= _SUBDOMAIN_LENGTH
        and len(name) <= _LABEL_LENGTH
        and (prefix in _KNOWN_DOMAINS or _is_subdomain(prefix))
        and _is_key(name)
    ):
        return ()
    if not prefix:
        return ("prefix part must be non-empty", *_name_part(name))
    return (*(f"prefix part {message}" for message in dns_subdomain(prefix)), *_name_part(name))


def _name_part(name: str) -> Messages:
    messages = []
    if not name:
        messages.append("name part must be non-empty")
    elif length(name) > _LABEL_LENGTH:
        messages.append(f"name part must be no more than {_LABEL_LENGTH} bytes")
    if not _is_key(name):
        messages.append(f"name part {_KEY_TEXT}")
    return messages


def label_value(text: str) -> Messages:
    """Check the value of a label. Source: content.IsLabelValue."""
    if not text or (len(text) <= _LABEL_LENGTH and _is_key(text)):
        return ()
    messages = (
        [f"must be no more than {_LABEL_LENGTH} bytes"] if length(text) > _LABEL_LENGTH else []
    )
    if not _is_key(text):
        messages.append(_LABEL_VALUE_TEXT)
    return messages


def masked_prefix(text: str) -> str:
    """Return a `generateName` with which a name can be checked: `web-` is right, though no name ends so.

    Source: pkg/api/validation/generic.go, maskTrailingDash.
    """
    return text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text


def path_segment(text: str) -> Messages:
    """Check a name that may have all characters but those of a URL's path. Source: content.IsPathSegmentName."""
    if text in {".", ".."}:
        return (f"may not be '{text}'",)
    return path_segment_prefix(text)


def path_segment_prefix(text: str) -> Messages:
    """Check the beginning of such a name. Source: content.IsPathSegmentPrefix."""
    return [f"may not contain '{character}'" for character in "/%" if character in text]


def port_name(text: str) -> Messages:
    """Check the name of a port. Source: IsValidPortName."""
    if (
        len(text) <= _PORT_NAME_LENGTH
        and _is_label(text)
        and "--" not in text
        and text.strip(_DIGITS + "-")
    ):
        return ()
    messages = [at_most(_PORT_NAME_LENGTH)] if length(text) > _PORT_NAME_LENGTH else []
    if not text or text.strip(_LABEL):
        messages.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any(character in _LOWER for character in text):
        messages.append("must contain at least one letter (a-z)")
    if "--" in text:
        messages.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        messages.append("must not begin or end with a hyphen")
    return messages


def port_number(number: float) -> Messages:
    """Check a port. Source: IsValidPortNum."""
    return () if 1 <= number <= 65535 else (between(1, 65535),)


def in_range(number: float, low: int, high: int) -> Messages:
    """Check a number between two others. Source: IsInRange."""
    return () if low <= number <= high else (between(low, high),)


def user_id(number: float) -> Messages:
    """Check the number of a user or group. Source: IsValidUserID, IsValidGroupID."""
    return in_range(number, 0, 2**31 - 1)


def port_or_name(value: Any) -> Messages:
    """Check a port as a number or as the name of one. Source: pkg/apis/core/validation, ValidatePortNumOrName."""
    return port_name(value) if isinstance(value, str) else port_number(value or 0)


def is_percent(text: str) -> bool:
    """Return whether a string is digits and `%`."""
    return text.endswith("%") and len(text) > 1 and not text[:-1].strip(_DIGITS)


def percent(text: str) -> Messages:
    """Check a percentage. Source: IsValidPercent."""
    if is_percent(text):
        return ()
    return (
        by_pattern(
            "a valid percent string must be a numeric string followed by an ending '%'",
            "[0-9]+%",
            "1%",
            "93%",
        ),
    )


def http_header_name(text: str) -> Messages:
    """Check the name of an HTTP header. Source: IsHTTPHeaderName."""
    if text and not text.strip(_LETTERS + _DIGITS + "-"):
        return ()
    return (
        by_pattern(
            "a valid HTTP header must consist of alphanumeric characters or '-'",
            "[-A-Za-z0-9]+",
            "X-Header-Name",
        ),
    )


def env_name(text: str) -> Messages:
    """Check the name of an environment variable, as Kubernetes 1.32 and later do. Source: IsRelaxedEnvVarName."""
    if not text:
        return ("environment variable name must be non-empty",)
    if not text.strip(_PRINTABLE):
        return ()
    return (
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
    )


def c_identifier(text: str) -> Messages:
    """Check an identifier of C. Source: content.IsCIdentifier."""
    if text and not text.strip(_IDENTIFIER) and text[0] not in _DIGITS:
        return ()
    return (
        by_pattern(
            "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
            "characters or '_'",
            "[A-Za-z_][A-Za-z0-9_]*",
            "my_name",
            "MY_NAME",
            "MyName",
        ),
    )


def config_key(text: str) -> Messages:
    """Check a key of a ConfigMap or Secret. Source: IsConfigMapKey."""
    messages = [at_most(_SUBDOMAIN_LENGTH)] if length(text) > _SUBDOMAIN_LENGTH else []
    if not text or text.strip(_NAME):
        messages.append(
            by_pattern(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                "[-._a-zA-Z0-9]+",
                "key.name",
                "KEY_NAME",
                "key-name",
            )
        )
    if text in {".", ".."}:
        messages.append(f"must not be '{text}'")
    elif text.startswith(".."):
        messages.append("must not start with '..'")
    return messages


def decimal_integer(text: str) -> Messages:
    """Check an integer without a plus sign or leading zeros. Source: content.IsDecimalInteger."""
    if not text:
        return ("must be non-empty",)
    digits = text.removeprefix("-")
    if text == "0" or (digits and not digits.strip(_DIGITS) and digits[0] != "0"):
        return ()
    return ("must be a valid decimal integer in canonical form",)


def no_backsteps(path: str) -> Messages:
    """Check a path for `..`. Source: pkg/apis/core/validation, validatePathNoBacksteps."""
    return ("must not contain '..'",) if ".." in path and ".." in path.split("/") else ()


def relative_path(path: str) -> Messages:
    """Check a path below a directory. Source: pkg/apis/core/validation, validateLocalDescendingPath."""
    if path.startswith("/"):
        return ("must be a relative path", *no_backsteps(path))
    return no_backsteps(path)


def file_name(path: str) -> Messages:
    """Check a path below a directory that does not start with `..`.

    Source: pkg/apis/core/validation, ValidateLocalNonReservedPath.
    """
    messages = relative_path(path)
    if path.startswith("..") and not path.startswith("../"):
        return (*messages, "must not start with '..'")
    return messages


def domain_prefixed_key(text: str) -> Messages:
    """Check a key that has a domain: `example.com/key`. Source: IsDomainPrefixedKey."""
    messages = qualified_name(text)
    if messages or "/" in text:
        return messages
    return ('must be a domain-prefixed key (such as "acme.io/foo")',)
