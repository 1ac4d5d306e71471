"""The value of a scalar after a change of its text alone: its type and its quotes decide, as in a YAML node.

Bodies hold values, not nodes, so it is not known whether a string was quoted in its file. A string counts as plain
unless its text requires quotes. See `scalar_nodes` for how values are changed.
"""

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.yaml.resolve import Scalar, resolve_v3

# Text that the emitter quotes: reserved characters, spaces at the ends, `: `, ` #`, and unprintable characters.
# A string and not a compiled pattern: it is for characters that few builds have, and importing `re` takes 4 ms.
_NOT_PLAIN: Final = r"""(?s)[#,\[\]{}&*!|>'"%@`]|[?:-](?:\s|\Z)|---|\.\.\.|\s|.*(?::(?:\s|\Z)|\s\#|\s\Z|[\0-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff])"""
_RESERVED_AT_START: Final = frozenset("#,[]{}&*!|>'\"%@` ")
_RESERVED_BEFORE_SPACE: Final = frozenset("?:-")


def can_be_plain(text: str) -> bool:
    """Return whether the text can be written without quotes, whatever its value then is."""
    if not text.isascii():
        import re

        return re.match(_NOT_PLAIN, text) is None
    first = text[:1]
    return text.isprintable() and not (
        first in _RESERVED_AT_START
        or (first in _RESERVED_BEFORE_SPACE and text[1:2] in ("", " "))
        or text.startswith(("---", "..."))
        or text.endswith((" ", ":"))
        or ": " in text
        or " #" in text
    )


def resolve_plain(text: str) -> Scalar:
    """Return the value of a node with this text, without a tag and without quotes.

    A text that requires quotes gets them, and so is a string.
    """
    if not text:
        return None
    value = resolve_v3(text)
    return text if value.__class__ is not str and not can_be_plain(text) else value


def must_be_quoted(text: str) -> bool:
    """Return whether a string with this text is always written in quotes."""
    if not text or not can_be_plain(text):
        return True
    try:
        return resolve_v3(text).__class__ is not str
    except SourceError:
        return True


def config_value(value: Any) -> Any:
    """Return a value of a plug-in's config as the plug-in gets it.

    kustomize writes the config as YAML and reads it again.
    Raises SourceError for characters that YAML does not allow.
    """
    if isinstance(value, str):
        return value if value.isascii() and "\x7f" not in value else _with_json_line_breaks(value)
    if isinstance(value, Mapping):
        return {key: config_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [config_value(item) for item in value]
    return value


def _with_json_line_breaks(text: str) -> str:
    from kmanifest.yaml.scalars import json_line_breaks  # for strings that are not plain ASCII

    return json_line_breaks(text)


def plain_key(key: str, description: str) -> str:
    """Return a key that kustomize writes without quotes.

    Raises SourceError if the key is then not a string: kustomize's next step reads the object as JSON, which has only
    string keys.
    """
    try:
        is_string_key = resolve_plain(str(key)).__class__ is str and key != "<<"
    except SourceError:
        is_string_key = False
    if not is_string_key and key:
        raise SourceError(
            f"the {description} {key!r} is not a string when it is written without quotes"
        )
    return key


def block_text(text: str, description: str) -> str:
    """Return a text that kustomize writes as a literal block if it has several lines.

    Raises SourceError if the block can't be read. A block has an indentation indicator only if it begins with a space
    or an empty line. So a tab at the start is read as indentation.
    """
    if text[:1] == "\t" and "\n" in text and not _needs_double_quotes(text):
        raise SourceError(
            f"{description} begins with a tab, which YAML does not allow for a text of several lines"
        )
    return text


# A string and not a compiled pattern, because few builds need it.
_NO_BLOCK: Final = r" \n| \Z|[\0-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"


def _needs_double_quotes(text: str) -> bool:
    import re

    return re.search(_NO_BLOCK, text) is not None
