"""Secrets of the caller, and strings in which they are masked.

An executable may print a secret in another form than it received: one line of a key, one value of a JSON document, or
base64 of the secret alone or after another value (`user:password`). Each of these forms is searched for. Everything
that a form covers is masked, so nothing remains where forms overlap. The time is that of one search for each form. A
string of less than four characters is not masked: a text with every `a` masked would be unreadable.
"""

from kmanifest.startup.typing import Any, Callable, Final, Iterable, Iterator

MASK: Final = "***"
MIN_LENGTH: Final = 4

_SECRET_NAME_PARTS: Final = ("AUTH", "CREDENTIAL", "KEY", "PASS", "SECRET", "TOKEN")
_SECRET_NAME_ENDINGS: Final = ("_PAT", "_PWD")
_PATH_NAME_ENDINGS: Final = (
    "_DIR",
    "_FILE",
    "_PATH",
    "_SOCK",
)  # the path of a secret is not secret
_AUTHOR_NAME_PARTS: Final = ("AUTHORITY", "AUTHOR")  # GIT_AUTHOR_NAME, XAUTHORITY
_URL_SAFE: Final = {ord("+"): "-", ord("/"): "_"}
_LINE_WIDTHS: Final = (64, 70, 76)  # usual line lengths of base64
_GO_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


class Secret:
    """A string that prints as `***`. Only `reveal` returns its value.

    >>> from kmanifest import Secret
    >>> token = Secret("hunter2")
    >>> f"{token} {token!r} {token.reveal()}"
    '*** *** hunter2'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret value."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __format__(self, _: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce_ex__(self, _: Any) -> Any:
        raise TypeError("a secret is not pickled or copied: pass the record that contains it")


def is_secret_name(name: str) -> bool:
    """Whether an environment variable with this name probably contains a secret."""
    upper = name.upper()
    if upper.endswith(_PATH_NAME_ENDINGS):
        return False
    upper = upper.replace("AUTHORIZATION", "AUTH")
    for part in _AUTHOR_NAME_PARTS:
        upper = upper.replace(part, "")
    return any(part in upper for part in _SECRET_NAME_PARTS) or upper.endswith(_SECRET_NAME_ENDINGS)


def masker(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """Return a function that replaces these secrets with `***` in a string, in every form that it knows."""
    forms = {form for secret in secrets for form in _search_forms(secret.reveal())}
    return lambda text: _mask(text, forms)


def _mask(text: str, forms: Iterable[str]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in sorted(span for form in forms for span in _spans(text, form)):
        if start >= end:
            parts += (text[end:start], MASK)
        end = max(end, stop)
    return "".join((*parts, text[end:]))


def _spans(text: str, form: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + len(form))


def _search_forms(text: str) -> Iterator[str]:
    """Yield the strings to search for, for one secret."""
    for part in {text, text.strip(), *map(str.strip, text.splitlines()), *_strings_in_json(text)}:
        if len(part.strip()) < MIN_LENGTH:
            continue
        content = part.encode("utf-8", "surrogateescape")
        yield content.decode("utf-8", "replace")
        yield from _json_forms(part)
        for form in _base64_forms(content):
            if len(form) >= MIN_LENGTH:
                yield form
                yield form.translate(_URL_SAFE)


def _base64_forms(content: bytes) -> Iterator[str]:
    """Yield the base64 forms of the content, at the end and in the middle of a longer value.

    Base64 encodes groups of three bytes, so up to two bytes of the value before can share the first group.
    """
    from binascii import b2a_base64  # for errors only

    for offset, skipped in ((0, 0), (1, 2), (2, 3)):
        padded = b2a_base64(bytes(offset) + content, newline=False).decode()[skipped:]
        unpadded = padded.rstrip("=")
        yield padded
        yield unpadded
        # The last character also contains bits of the byte after the secret.
        yield unpadded[:-1] if padded != unpadded else unpadded
        for width in _LINE_WIDTHS:
            for start in range(0, len(unpadded), width):
                yield unpadded[start : start + width]


def _json_forms(text: str) -> Iterator[str]:
    import json  # for errors only

    yield json.dumps(text)[1:-1]
    unescaped = json.dumps(text, ensure_ascii=False)[1:-1]
    yield unescaped
    yield unescaped.translate(_GO_ESCAPES)


def _strings_in_json(text: str) -> Iterator[str]:
    """Yield the strings in a JSON document, such as the key of a service account."""
    if text.lstrip()[:1] not in ("{", "["):
        return
    import json  # for errors only

    try:
        pending = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
            yield from map(str.strip, value.splitlines())
        elif isinstance(value, dict | list):
            pending += value.values() if isinstance(value, dict) else value
