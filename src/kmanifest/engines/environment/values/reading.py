"""The content of a layer as plain values: YAML as kustomize reads resources, JSON, and TOML.

All results consist of `dict`, `list`, `str`, `int`, `float`, `bool` and `None`. Numbers are finite. A date is a string: in
YAML the text in the file, in TOML its ISO form.
"""

import re
from collections.abc import Mapping
from math import isfinite

from kmanifest import yaml
from kmanifest.engines.environment.values.paths import Link, unroll
from kmanifest.model.deadline import check_time, checked
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.limits import Limits
from kmanifest.model.values import TimeText, as_mapping, printed_value, type_name
from kmanifest.startup.typing import Any, Final

_PLAIN: Final = frozenset((str, int, bool, type(None)))

MAX_TOML: Final = 1 << 20
"""Bytes of a TOML file. The parser of the standard library checks no deadline."""

_MAX_DOTTED: Final = 100
"""Parts of a dotted key of TOML. The parser needs quadratic time for them."""


def read_values(content: bytes, path: str, limits: Limits) -> dict[str, Any]:
    """Return the mapping in a file, whose suffix decides the language. An empty file has no values.

    Raises SourceError and LimitError without a file.
    """
    if path.endswith(".json"):
        value = _read_json(content)
    elif path.endswith(".toml"):
        value = _read_toml(content)
    else:
        value = _read_yaml(content, limits)
    return plain_values({} if value is None else value, limits)


def plain_values(value: Any, limits: Limits, *, has_only_floats: bool = False) -> dict[str, Any]:
    """Return a copy of a mapping that consists of plain values only.

    With `has_only_floats`, whole numbers become integers: Jsonnet has one type of number. Raises SourceError for any
    other type and for a number that is not finite, LimitError for values that are nested too deeply.
    """
    root = _plain_container(as_mapping(value))
    pending: list[tuple[Any, Link, int]] = [(root, None, 1)]
    while pending:
        check_time()
        container, path, depth = pending.pop()
        if depth > limits.max_depth:
            raise LimitError(f"nested more than {limits.max_depth} levels deep (max_depth)")
        # No key is added, so the changes do not disturb the iteration.
        for step, item in (
            container.items() if container.__class__ is dict else enumerate(container)
        ):
            item_class = item.__class__
            if item_class in _PLAIN:
                continue
            if item_class is dict or isinstance(item, Mapping | list | tuple):
                container[step] = copy = _plain_container(item)
                pending.append((copy, (path, step), depth + 1))
            else:
                here = (path, step)
                container[step] = _plain_scalar(item, here, has_only_floats=has_only_floats)
    values: dict[str, Any] = root
    return values


def _plain_container(value: Any) -> Any:
    """Return a copy of a mapping or list, with keys that are no subclass of `str`."""
    if not isinstance(value, Mapping):
        return list(value)
    if all(key.__class__ is str for key in value):
        return dict(value)
    return {str(key): printed_value(key, item) for key, item in value.items()}


def _plain_scalar(value: Any, path: Link, *, has_only_floats: bool) -> Any:
    if isinstance(value, TimeText):
        return value.text
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise SourceError(f"expected a finite number, got {float(value)}").within(
                field=unroll(path)
            )
        return int(value) if has_only_floats and value.is_integer() else float(value)
    raise SourceError(f"a value can't be of type {type_name(value)}").within(field=unroll(path))


def _read_yaml(content: bytes, limits: Limits) -> Any:
    documents = yaml.load_documents(content, limits=limits)
    filled = [index for index, document in enumerate(documents) if document is not None]
    if len(filled) > 1:
        raise SourceError("expected one YAML document, got several").within(document=filled[1])
    return documents[filled[0]] if filled else None


def _read_json(content: bytes) -> Any:
    import json  # takes 9 ms to import

    text = _decode(content)
    if not text.strip():
        return None
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        if "\\u" in text:  # half of a character, which JSON allows, can't be printed
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SourceError("invalid JSON: a character is not valid Unicode") from None
    except json.JSONDecodeError as error:
        message = f"invalid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise SourceError(message).within(line=error.lineno, column=error.colno) from None
    except ValueError:  # CPython reads no integers with more than 4,300 digits
        raise SourceError("invalid JSON: a number is too long") from None
    except RecursionError:
        raise _depth_error() from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise SourceError(f"invalid JSON: the key {key!r} is given twice")
            seen.add(key)
    return mapping


def _no_constant(name: str) -> Any:
    raise SourceError(f"invalid JSON: {name} is no number")


def _read_toml(content: bytes) -> Any:
    import tomllib  # few layers are TOML

    if len(content) > MAX_TOML:
        raise LimitError(f"a TOML file of more than {MAX_TOML} bytes")
    text = _decode(content).replace("\r\n", "\n")
    _check_dotted_keys(text)
    try:
        return _with_dates_as_text(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _toml_error(str(error), text) from None
    except ValueError as error:  # a number with too many digits, a date that does not exist
        raise SourceError(f"invalid TOML: {error}") from None
    except RecursionError:
        raise _depth_error() from None


def _toml_error(message: str, text: str) -> KmanifestError:
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)  # fmt: skip
    if match is None:
        return SourceError(f"invalid TOML: {message}")
    problem, line, column = match.groups()
    if line is None:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    problem = f"invalid TOML: {problem[:1].lower()}{problem[1:]}"
    return SourceError(problem).within(line=int(line), column=int(column))


def _check_dotted_keys(text: str) -> None:
    """Refuse dotted keys with very many parts. The check is linear."""
    dots = 0
    # A string that is not closed ends with its line, so no token is read twice.
    tokens = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[ \t]+|\.|[^.]"""
    for token in checked(re.finditer(tokens, text)):
        first = token[0][0]
        if first == ".":
            dots += 1
            if dots >= _MAX_DOTTED:
                line = text.count("\n", 0, token.start()) + 1
                raise LimitError(f"a key of more than {_MAX_DOTTED} parts").within(line=line)
        elif not (first.isalnum() or first in "_-\"' \t"):
            dots = 0


def _with_dates_as_text(value: Any) -> Any:
    """Replace dates and times by their text, in the containers themselves: the parser has just made them."""
    pending: list[Any] = [value]
    while pending:
        container = pending.pop()
        steps = container.items() if container.__class__ is dict else enumerate(container)
        for step, item in list(steps):
            if item.__class__ in (dict, list):
                pending.append(item)
            elif hasattr(item, "isoformat"):
                container[step] = item.isoformat().replace("+00:00", "Z")
    return value


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError("the file is not UTF-8").within(line=line) from None


def _depth_error() -> LimitError:
    return LimitError("the input is nested too deeply (max_depth)")
