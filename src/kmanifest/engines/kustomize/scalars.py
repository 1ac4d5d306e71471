"""What a scalar becomes when only its text is changed: its type and its quotes decide, as they do in a YAML node.

Bodies hold values, not nodes: whether an ordinary string was quoted in its file is not known. It counts as plain, unless
its text could not stand without quotes.
"""

import re
from collections.abc import Mapping

from kmanifest.model.errors import SourceError
from kmanifest.model.values import is_string, scalar_text
from kmanifest.startup.typing import Any, Final
from kmanifest.yaml.resolve import Scalar, resolve_tagged, resolve_v3, tag_of

_TAG: Final = "tag:yaml.org,2002:"

# Text that the emitter does not write plain: what YAML reserves, blanks at the ends, `: `, ` #`, what is not printable.
# Kept as text, because few builds have other text than words.
_NOT_PLAIN: Final = r"""(?s)[#,\[\]{}&*!|>'"%@`]|[?:-](?:\s|\Z)|---|\.\.\.|\s|.*(?::(?:\s|\Z)|\s\#|\s\Z|[\0-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff])"""
_WORD: Final = re.compile(r"[a-zA-Z0-9_/][a-zA-Z0-9_./-]*")


def _can_be_plain(text: str) -> bool:
    """True for text that can stand without quotes, whatever it then means; a mere word is told fastest."""
    return _WORD.fullmatch(text) is not None or re.match(_NOT_PLAIN, text) is None


def resolve_plain(text: str) -> Scalar:
    """What a node without a tag and without quotes means when its text is `text`.

    Text that can't stand without quotes gets them, and so is a string.
    """
    if not text:
        return None
    value = resolve_v3(text)
    return text if value.__class__ is not str and not _can_be_plain(text) else value


def must_be_quoted(text: str) -> bool:
    """True for a string that is written in quotes wherever it stands."""
    if not text or not _can_be_plain(text):
        return True
    try:
        return resolve_v3(text).__class__ is not str
    except SourceError:
        return True


def retype(old: Any, text: str) -> Scalar:
    """What stands in the place of `old` once an untyped node with `text` and the quotes of `old` was put there.

    Source: kustomize v5.8.2 kyaml/yaml/fns.go, FieldSetter.
    """
    if is_string(old) and must_be_quoted(old):
        return text
    return resolve_plain(text)


def set_text(old: Any, text: str) -> Scalar:
    """What `old` becomes when its node gets another text and keeps its tag.

    SourceError where that text is none of the tag's type: the reference fails when it prints such a node.
    """
    if is_string(old):
        return text
    if text == scalar_text(old):
        return old  # type: ignore[no-any-return]  # a scalar
    return resolve_tagged(_TAG + tag_of(old), text, resolve_v3)


def config_value(value: Any) -> Any:
    """A value of a plug-in's config as the plug-in gets it: the reference writes the config as YAML and reads it again.

    SourceError for characters that YAML does not allow.
    """
    if isinstance(value, str):
        return value if value.isascii() and "\x7f" not in value else _with_json_line_breaks(value)
    if isinstance(value, Mapping):
        return {key: config_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [config_value(item) for item in value]
    return value


def _with_json_line_breaks(text: str) -> str:
    from kmanifest.yaml.scalars import through_json  # for texts that are not plain ASCII

    return through_json(text)


def plain_key(key: str, description: str) -> str:
    """A key that the reference writes without quotes; SourceError where it would then be no string.

    Its next step reads the object again, and JSON has no other keys.
    """
    try:
        is_string_key = resolve_plain(key).__class__ is str and key != "<<"
    except SourceError:
        is_string_key = False
    if not is_string_key and key:
        raise SourceError(
            f"the {description} {key!r} is not a string when it is written without quotes"
        )
    return key


def block_text(text: str, description: str) -> str:
    """A text that the reference writes as a literal block if it has several lines; SourceError where that can't be read.

    The literal tells no indentation unless it begins with a space or an empty line, so a tab is taken for one.
    """
    if text[:1] == "\t" and "\n" in text and not _needs_double_quotes(text):
        raise SourceError(
            f"{description} begins with a tab, and a text of several lines can't in YAML"
        )
    return text


# Kept as text, because few builds need it.
_NO_BLOCK: Final = r" \n| \Z|[\0-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"


def _needs_double_quotes(text: str) -> bool:
    return re.search(_NO_BLOCK, text) is not None


def quoted(text: str) -> str:
    """`text` as a value on one line of YAML, in quotes where it needs them."""
    from kmanifest.yaml.scalars import render_line  # for few builds

    return render_line(text)
