"""Scan anchors, aliases, tags and directives.

Source: go.yaml.in/yaml/v3 v3.0.5 scannerc.go, yaml_parser_scan_directive to yaml_parser_scan_uri_escapes.
"""

import re

from kmanifest.engines.kustomize.goyaml import tokens as kinds
from kmanifest.engines.kustomize.goyaml.reader import (
    BLANK_RUN,
    BLANKS,
    BREAKS,
    REST_OF_LINE,
    SPACES,
    Reader,
)
from kmanifest.engines.kustomize.goyaml.tokens import Token, yaml_error
from kmanifest.startup.typing import Final

# Few scalars need these patterns, so they are strings: `re` compiles them when they are used, and caches them.
_NAME: Final = "[0-9A-Za-z_-]*"
_HANDLE: Final = "![0-9A-Za-z_-]*!?"
_URI: Final = r"(?:[0-9A-Za-z_;/?:@&=+$,.!~*'()\[\]-]|%[0-9A-Fa-f]{2})*"
_VERSION: Final = r"[ \t]*([0-9]{1,2})\.([0-9]{1,2})(?![0-9])"
_AFTER_NAME: Final = SPACES | frozenset("?:,]}%@`")


def scan_anchor(reader: Reader, kind: str) -> Token:
    """Scan `&name` or `*name`."""
    start = reader.offset
    reader.skip_to(start + 1)
    name = _read_match(reader, _NAME)
    if not name or reader.text[reader.offset] not in _AFTER_NAME:
        raise yaml_error("did not find expected alphabetic or numeric character")
    return Token(kind, start, name)


def scan_tag(reader: Reader) -> Token:
    """Scan `!suffix`, `!handle!suffix`, `!<uri>` or `!`."""
    start = reader.offset
    if reader.text[start + 1] == "<":
        reader.skip_to(start + 2)
        handle, suffix = "", _read_uri(reader)
        if not suffix:
            raise yaml_error("did not find expected tag URI")
        if reader.text[reader.offset] != ">":
            raise yaml_error("did not find the expected '>'")
        reader.skip_to(reader.offset + 1)
    else:
        handle, suffix = _read_handle_and_suffix(reader)
    if reader.text[reader.offset] not in SPACES:
        raise yaml_error("did not find expected whitespace or line break")
    return Token(kinds.TAG, start, handle, suffix=suffix)


def _read_handle_and_suffix(reader: Reader) -> tuple[str, str]:
    handle = _read_match(reader, _HANDLE)
    if len(handle) > 1 and handle.endswith("!"):
        suffix = _read_uri(reader)
        if not suffix:
            raise yaml_error("did not find expected tag URI")
        return handle, suffix
    suffix = handle[1:] + _read_uri(reader)
    return ("!", suffix) if suffix else ("", "!")


def scan_directive(reader: Reader) -> Token:
    """Scan `%YAML 1.1` or `%TAG !handle! prefix`, and the rest of the line."""
    start = reader.offset
    reader.skip_to(start + 1)
    name = _read_match(reader, _NAME)
    if not name:
        raise yaml_error("could not find expected directive name")
    if reader.text[reader.offset] not in SPACES:
        raise yaml_error("found unexpected non-alphabetical character")
    if name == "YAML":
        token = _scan_version_directive(reader, start)
    elif name == "TAG":
        token = _scan_tag_directive(reader, start)
    else:
        raise yaml_error("found unknown directive name")
    _skip_blanks(reader)
    if reader.text[reader.offset] == "#":
        _read_match(reader, REST_OF_LINE.pattern)
    if reader.text[reader.offset] in BREAKS:
        reader.skip_line()
    elif reader.text[reader.offset] != "\0":
        raise yaml_error("did not find expected comment or line break")
    return token


def _scan_version_directive(reader: Reader, start: int) -> Token:
    match = re.compile(_VERSION).match(reader.text, reader.offset)
    if match is None:
        raise yaml_error("did not find expected version number")
    reader.skip_to(match.end())
    version = f"{int(match.group(1))}.{int(match.group(2))}"
    return Token(kinds.VERSION_DIRECTIVE, start, version)


def _scan_tag_directive(reader: Reader, start: int) -> Token:
    _skip_blanks(reader)
    handle = _read_match(reader, _HANDLE)
    if not handle.endswith("!"):
        raise yaml_error("did not find expected '!'")
    if reader.text[reader.offset] not in BLANKS:
        raise yaml_error("did not find expected whitespace")
    _skip_blanks(reader)
    prefix = _read_uri(reader)
    if not prefix:
        raise yaml_error("did not find expected tag URI")
    if reader.text[reader.offset] not in SPACES:
        raise yaml_error("did not find expected whitespace or line break")
    return Token(kinds.TAG_DIRECTIVE, start, handle, suffix=prefix)


def _read_match(reader: Reader, pattern: str) -> str:
    """Read and return the text that a pattern matches here. It may be empty."""
    match = re.compile(pattern).match(reader.text, reader.offset)
    if match is None:
        return ""
    reader.skip_to(match.end())
    return match.group()


def _skip_blanks(reader: Reader) -> None:
    reader.offset = BLANK_RUN.match(reader.text, reader.offset).end()  # type: ignore[union-attr]  # matches all


def _read_uri(reader: Reader) -> str:
    text = _read_match(reader, _URI)
    if reader.text[reader.offset] == "%":
        raise yaml_error("did not find URI escaped octet")
    if "%" not in text:
        return text
    octets = re.sub(
        b"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match.group(1), 16)]), text.encode()
    )
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise yaml_error("found an incorrect UTF-8 octet") from None
