"""Recognize URLs and e-mail addresses for `helm lint`, slightly less strictly than Helm's patterns.

Source: github.com/asaskevich/govalidator, IsRequestURL, IsURL, IsEmail.
"""

import re

_SCHEME = r"[a-zA-Z][a-zA-Z0-9+.\-]*:"
_HOST = r"(?:[a-zA-Z0-9_\-.]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"


def is_request_url(text: str) -> bool:
    """Return whether the text is an absolute URL."""
    if any(char <= " " or char == "\x7f" for char in text.partition("/")[0]):
        return False
    match = re.match(_SCHEME, text)
    if match is None:
        return False
    rest = text[match.end() :]
    if not rest.startswith("//"):
        return True
    host = re.split("[/?#]", rest[2:], maxsplit=1)[0].rpartition("@")[2]
    return re.fullmatch(r"[^\x00-\x20<>\"\\^`{|}]*", host) is not None


def is_url(text: str) -> bool:
    """Return whether the text is a URL, with or without a scheme."""
    if not text or len(text) >= 2083 or len(text) <= 3 or text.startswith("."):
        return False
    rest = re.sub(r"^(?:ftp|tcp|udp|wss?|https?)://", "", text)
    if "://" in rest:
        return False
    host = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if re.fullmatch(_HOST, host) is None:
        return False
    return not re.search(r"[\s]", text) and ("." in host or host.startswith(("[", "localhost")))


def is_email(text: str) -> bool:
    """Return whether the text is an e-mail address."""
    local, at, domain = text.rpartition("@")
    if not at or not local or local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    if re.search(r"[\s@<>()\[\]\\,;:\"]", local):
        return False
    labels = domain.removesuffix(".").split(".")
    is_known = all(re.fullmatch(r"[^\W_](?:[\w\-~]*[^\W_])?", label) for label in labels)
    return len(labels) > 1 and is_known and not labels[-1].isdecimal()
