"""Field paths of replacements and vars: find the values at a path, and create missing ones if wanted.

kustomize has two kinds of lookup, which differ in their steps:

- `get_match` finds one value. `[name=x]` is the first element with exactly that value, and `-` is the last element.
- `PathMatcher.match` finds any number. `[name=x]` is a regular expression that matches anywhere in the value, and `*`
  is every element. It can create missing values. It then returns a new body, which shares everything else with the
  old one.

A path may continue into YAML or JSON inside a string. `match` parses that string and drops the parsed copy, so a
match in it has no field path.
Source: kustomize v5.8.2 kyaml/utils/pathsplitter.go; kyaml/yaml/fns.go, PathGetter; kyaml/yaml/match.go, PathMatcher.
"""

from kmanifest.engines.kustomize.scalar_nodes import (
    NO_TAG,
    STRING_TAG,
    is_quoted,
    node_value,
    resolved_value,
)
from kmanifest.engines.kustomize.scalars import must_be_quoted
from kmanifest.engines.kustomize.selectors import unanchored
from kmanifest.model.errors import FieldPath, SourceError, near_names
from kmanifest.model.fieldpath import MISSING, get, replace_item, replace_key, split_path
from kmanifest.model.values import ScalarNode, null_text, scalar_text, type_name
from kmanifest.startup.typing import Any, Callable, Final, Iterator, Mapping, NamedTuple, Sequence

StringParser = Callable[[str], Any]


class CreatedScalar:
    """A scalar that was created on the way; it has a text but no type yet."""

    __slots__ = ("text",)

    def __init__(self, text: str = "") -> None:
        self.text = text


EMPTY_CREATED_SCALAR: Final = CreatedScalar()

_INT64: Final = 1 << 63


class Match(NamedTuple):
    """A value and its field path; the path is None if the value is in a copy that is dropped."""

    field: FieldPath | None
    value: Any

    def prefixed(self, step: str | int) -> "Match":
        """Return this match with `step` in front of its path."""
        return self if self.field is None else Match((step, *self.field), self.value)


MatchResult = tuple[Any, list[Match]]


def split_steps(path: str) -> list[str]:
    """Return the steps of a dotted path; a dot in brackets or after a backslash belongs to its step.

    Brackets are kept around a condition (`[name=a.b]`) and removed around a name with dots.
    Source: kustomize v5.8.2 kyaml/utils/pathsplitter.go, SmarterPathSplitter.
    """
    parts = iter(split_path(path, "."))
    steps = []
    for part in parts:
        if not part.startswith("[") or part.endswith("]"):
            steps.append(part)
            continue
        bracketed = _until_bracket(part, parts)
        steps.append(bracketed if "=" in bracketed else bracketed.strip("[]"))
    return steps


def _until_bracket(part: str, parts: Iterator[str]) -> str:
    bracketed = [part]
    for following in parts:
        bracketed.append(following)
        if following.endswith("]"):
            break
    return ".".join(bracketed)


def parse_index(step: str) -> int | None:
    """Return the step as a number; None if it is not one.

    Source: Go's strconv.Atoi.
    """
    digits = step[1:] if step[:1] in ("+", "-") else step
    if not digits.isascii() or not digits.isdigit():
        return None
    stripped = digits.lstrip("0") or "0"
    if len(stripped) > len(str(_INT64)):
        return None
    number = -int(stripped) if step[0] == "-" else int(stripped)
    return number if -_INT64 <= number < _INT64 else None


def is_condition(step: str) -> bool:
    """Return whether a step is in brackets."""
    return step.startswith("[") and step.endswith("]")


def _condition(step: str) -> tuple[str, str]:
    name, equals, value = step.removesuffix("]").removeprefix("[").partition("=")
    if not equals:
        raise SourceError(f"{step}: a condition on list elements must be written [field=value]")
    return name, value


def is_scalar(value: Any) -> bool:
    """Return whether the value is neither a mapping nor a list."""
    return not isinstance(value, Mapping | list | tuple)


def _null_text(container: Any, step: str | int) -> str:
    """Return the text of the null at `step` of a mapping or list."""
    if isinstance(container, Mapping):
        return null_text(next(key for key in container if key == step))
    return "null"


def text_at(body: Any, field: FieldPath) -> str:
    """Return the text of the scalar at a field path, as it was written."""
    parent = get(body, field[:-1]) if field else None
    value = get(body, field)
    return _null_text(parent, field[-1]) if value is None and field else scalar_text(value)


# One value


def get_match(value: Any, steps: Sequence[str]) -> Match | None:
    """Return the value at a path, with its field path; None if there is no value.

    Raises SourceError if a step does not apply to its value.
    Source: kustomize v5.8.2 kyaml/yaml/fns.go, PathGetter.
    """
    field: list[str | int] = []
    for step in (step.strip() for step in steps):
        if not step:
            continue
        key = _find_step(value, step)
        if key is None:
            return None
        field.append(key)
        value = value[key]
    return Match(tuple(field), value)


def _find_step(value: Any, step: str) -> str | int | None:
    """Return the key or index that a step leads to; None if it does not exist."""
    index = parse_index(step)
    if index is not None and index < 0:
        raise SourceError(f"an index can't be negative: {step}")
    if index is not None or step == "-":
        items = _elements(value)
        if index is None and not items:
            raise SourceError("an empty list has no last element")
        return len(items) - 1 if index is None else index if index < len(items) else None
    if step == "*":
        raise SourceError("'*' can't be used in this path")
    if is_condition(step):
        return _first_element(_elements(value), *_condition(step))
    if value is None:
        return None
    return step if step in _fields(value) else None


def _first_element(items: list[Any], name: str, expected: str) -> int | None:
    for index, item in enumerate(items):
        if not name:
            if (scalar_text(item) if is_scalar(item) else "") == expected:
                return index
        elif (
            isinstance(item, Mapping)
            and name in item
            and is_scalar(item[name])
            and scalar_text(item[name]) == expected
        ):
            return index
    return None


def _elements(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SourceError(f"expected a list, got {type_name(value)}")
    return value


def _fields(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SourceError(f"expected a mapping, got {type_name(value)}")
    return value


# Any number of values


class PathMatcher:
    """Finds the values at a path.

    `parse` parses the YAML in a string that the path leads into. `create` is the value to create at the end of the
    path if there is none; None creates nothing.
    Source: kustomize v5.8.2 kyaml/yaml/match.go, PathMatcher.
    """

    def __init__(self, steps: Sequence[str], parse: StringParser, *, create: Any = None) -> None:
        self._steps = steps
        self._parse = parse
        self._create = create
        self.near: list[str] = []

    def match(self, value: Any) -> MatchResult:
        """Return `value` with the created values, and all matches of the path."""
        return self._match_from(value, 0)

    def _match_from(self, value: Any, depth: int) -> MatchResult:
        if depth == len(self._steps):
            return value, [Match((), value)]
        step = self._steps[depth]
        index = parse_index(step)
        if index is not None and index >= 0:
            return self._match_index(value, index, depth)
        if is_condition(step):
            return self._match_condition(value, depth)
        if step == "*":
            return self._match_elements(value, range(len(_elements(value))), depth)
        return self._match_field(value, step, depth)

    def _match_field(self, value: Any, step: str, depth: int) -> MatchResult:
        if value is None:
            # kustomize does not print a value that is put into a null, since a null has no content.
            return value, self._match_discarded(depth) if self._creates else []
        fields = _fields(value)
        if not step:
            raise SourceError("the path has an empty step")
        old = fields.get(step, MISSING)
        if old is MISSING:
            if not self._creates:
                self.near = self.near or near_names(step, map(str, fields))
                return value, []
            old = self._new_value(depth)
        if not isinstance(old, CreatedScalar) and is_scalar(old) and depth + 1 < len(self._steps):
            text = _null_text(fields, step) if old is None else scalar_text(old)
            return value, self._match_in_string(text, depth + 1)
        new, matches = self._match_from(old, depth + 1)
        return replace_key(fields, step, new), [match.prefixed(step) for match in matches]

    def _match_index(self, value: Any, index: int, depth: int) -> MatchResult:
        items = _elements(value)
        if index == len(items) and self._creates:
            if value is None:
                return value, self._match_discarded(depth)
            value = items = [*items, self._new_value(depth)]
        if index >= len(items):
            raise SourceError(f"there is no element {index}, the list has {len(items)}")
        return self._match_elements(value, (index,), depth)

    def _match_elements(self, value: Any, indexes: Sequence[int], depth: int) -> MatchResult:
        matches: list[Match] = []
        for index in indexes:
            new, inner = self._match_from(value[index], depth + 1)
            value = replace_item(value, index, new)
            matches += [match.prefixed(index) for match in inner]
        return value, matches

    def _match_condition(self, value: Any, depth: int) -> MatchResult:
        name, pattern = _condition(self._steps[depth])
        items = _elements(value)
        fits = unanchored(pattern)
        new, matches = self._match_fitting(items, name, fits, depth)
        if matches or not self._creates:
            return (new if value is not None else value), matches
        text = node_value(pattern, NO_TAG, quoted=False)
        extended = [*new, {name: text} if name else text]
        new, matches = self._match_fitting(extended, name, fits, depth)
        if not matches:
            raise SourceError(f"can't create an element that matches {self._steps[depth]}")
        if not name:
            matches = [Match((len(extended) - 1,), CreatedScalar(pattern))]
        return (
            (new, matches)
            if value is not None
            else (value, [Match(None, match.value) for match in matches])
        )

    def _match_fitting(
        self, items: list[Any], name: str, fits: Callable[[str], bool], depth: int
    ) -> MatchResult:
        if not name:
            # kustomize ignores the steps after such a condition.
            return items, [
                Match((index,), item) for index, item in enumerate(items) if fits(_node_text(item))
            ]
        indexes = [
            index
            for index, item in enumerate(items)
            if isinstance(item, Mapping) and name in item and fits(_node_text(item[name]))
        ]
        return self._match_elements(items, indexes, depth)

    @property
    def _creates(self) -> bool:
        return self._create is not None

    def _new_value(self, depth: int) -> Any:
        """Return the value to create for the step at `depth`; its type depends on the next step."""
        following = self._steps[depth + 1] if depth + 1 < len(self._steps) else ""
        if (
            is_condition(following)
            or (parse_index(following) or -1) >= 0
            or parse_index(following) == 0
        ):
            return []
        return self._create if not following else {}

    def _match_discarded(self, depth: int) -> list[Match]:
        new = self._new_value(depth)
        _, matches = (
            self._match_from(new, depth + 1)
            if not isinstance(new, CreatedScalar)
            else (new, [Match((), new)])
        )
        return [Match(None, match.value) for match in matches]

    def _match_in_string(self, text: str, depth: int) -> list[Match]:
        document = self._parse(text)
        if document is MISSING:
            raise SourceError("expected a mapping, got an empty string")
        _, matches = self._match_from(document, depth)
        return [Match(None, match.value) for match in matches]


def _node_text(value: Any) -> str:
    """Return the text that kustomize prints for a node when it compares the node with a pattern."""
    if not is_scalar(value):
        from kmanifest import yaml  # patterns for whole mappings are rare

        return yaml.dump(resolved_value(value)).strip()
    text = scalar_text(value)
    is_printed_in_quotes = is_quoted(value) or (
        value.__class__ is ScalarNode and value.tag == STRING_TAG and must_be_quoted(text)
    )
    return f'"{text}"' if is_printed_in_quotes and "\n" not in text else text.strip()
