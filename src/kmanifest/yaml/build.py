"""Build values from libyaml's events: one pass, with a stack of the open containers, no recursion.

The construction is the same for both readers. The two subclasses in `readers.py` contain what go-yaml v2 and
kyaml with go-yaml v3 do differently: the meaning of plain words, which keys a mapping may have, and how `<<`
merges.

The depth is counted event by event. libyaml's parser does not recurse, and its scanner reads at most 1024
characters ahead of the event that it returns. So in the parser nothing is nested deeper than `max_depth` and
those characters, and its time stays linear.

An alias is the same object as its anchor. The nodes that it would have as a copy are counted, and refused by
go-yaml's rule (decode.go, allowedAliasRatio), so that a small file can't expand to a huge value.
"""

import re
from abc import ABC, abstractmethod

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from kmanifest.model.deadline import timed
from kmanifest.model.errors import KmanifestError, LimitError, Location, SourceError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Callable, Final
from kmanifest.yaml.resolve import NOT_FINITE, Scalar, resolve_tagged

MERGE_KEY: Final = object()
"""Stands for the key `<<`."""

_MISSING: Final = object()
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_MAX_DIRECTIVES: Final = 1000
_FEW_NODES: Final = 400_000
_MANY_NODES: Final = 4_000_000
# The libyaml of PyYAML 6.0.4 refuses deeper input itself. It parses ahead, so its error precedes that of `max_depth`.
_LIBYAML_MAX_DEPTH: Final = 1_000
_LIBYAML_TOO_DEEP: Final = "exceeded maximum nesting depth"


class OpenContainer:
    """A container whose end has not been read.

    `nodes_before` is the number of nodes before it. `flow` means inside brackets or braces. `key` is the key
    whose value, another container, is being read. `is_merging` is true while the value of a `<<` is read.
    `merge_values` has the values of `<<` in the form that the reader needs.
    """

    __slots__ = ("anchor", "flow", "is_merging", "key", "merge_values", "node", "nodes_before")

    def __init__(self, node: Any, nodes_before: int, anchor: str | None, *, flow: bool) -> None:
        self.node = node
        self.nodes_before = nodes_before
        self.anchor = anchor
        self.flow = flow
        self.key: Any = None
        self.is_merging = False
        self.merge_values: list[Any] = []


class Builder(ABC):
    """Builds the value of the first document in some bytes.

    It caches the values of plain words, so a loader creates one for each call.
    """

    def __init__(self, limits: Limits, resolve: Callable[[str], Scalar]) -> None:
        self._limits = limits
        self._resolve = resolve
        self._plain_values: dict[str, Any] = {}
        self._plain_keys: dict[str, str] = {}
        self._keep_quotes: Callable[[Any], Any] | None = None
        self._start(b"")

    def _start(self, data: bytes) -> None:
        self._data = data
        self._next_event: Callable[[], Any] = timed(CParser(data).get_event)
        self._stack: list[OpenContainer] = []
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._nodes = 1
        self._aliased_nodes = 0

    def first_document(self, data: bytes) -> Any:
        """The value of the first document in `data`; None if there is no document.

        Raises SourceError or LimitError with the line and column.
        """
        self._start(data)
        try:
            _check_directives(data)
            if b"\\/" in data:
                _refuse_slash_escapes(data)
            return self._document()
        except (MarkedYAMLError, ReaderError) as error:
            raise self._parse_error(error, data) from error
        except UnicodeDecodeError as error:  # by PyYAML: `%` escapes in a tag can spell any bytes
            raise SourceError("a tag is not UTF-8") from error

    def _parse_error(self, error: MarkedYAMLError | ReaderError, data: bytes) -> KmanifestError:
        """The error for input that libyaml refuses: LimitError if only the depth is too large, else SourceError."""
        source_error = _source_error(error, data)
        if source_error.message == _LIBYAML_TOO_DEEP:
            depth = min(self._limits.max_depth, _LIBYAML_MAX_DEPTH)
            return _too_deep(depth, source_error.location)
        return source_error

    def _document(self) -> Any:
        next_event = self._next_event
        next_event()  # the start of the stream
        event = next_event()
        if event.__class__ is StreamEndEvent:
            return None
        if event.version not in (None, (1, 1)):
            raise error_at(event, "incompatible YAML document: only `%YAML 1.1` is read")
        event = next_event()
        value = self._value(event, flow=False)
        while self._stack:
            container = self._stack[-1]
            if container.node.__class__ is dict:
                self._fill_mapping(container)
            else:
                self._fill_list(container)
        next_event()  # the end of the document; the rest is not read
        self._check_aliases(event)
        return value

    # --- containers ---------------------------------------------------------------------------------------------

    def _fill_mapping(self, container: OpenContainer) -> None:
        """Read keys and values until the mapping ends or one of its values is a container."""
        next_event, plain_values, plain_keys = (
            self._next_event,
            self._plain_values,
            self._plain_keys,
        )
        node, flow, keep_quotes = container.node, container.flow, self._keep_quotes
        while True:
            event = next_event()
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                text = event.value
                key = text if event.style else plain_keys.get(text)
                if key is None:
                    key = self._key(event, container)
            elif event.__class__ is MappingEndEvent:
                self._close(container)
                return
            else:
                key = self._key(event, container)
            if key in node:
                self._check_duplicate(key, event)
            event = next_event()
            if (
                event.__class__ is ScalarEvent
                and event.tag is None
                and event.anchor is None
                and not container.is_merging
            ):
                if event.style:
                    value = event.value if event.style != ">" else self._scalar(event, flow=flow)
                    node[key] = value if keep_quotes is None else keep_quotes(value)
                    continue
                value = plain_values.get(event.value)
                if value is None:
                    # An empty value of a mapping is null here, also inside braces.
                    value = self._scalar(event, flow=False)
                    if value is None:
                        key = self._null_key(key, event.value, flow=flow)
                node[key] = value
                continue
            container.key = key
            value = self._value(event, flow=flow)
            if container.is_merging:
                container.is_merging = False
                self._add_merge_value(container, value, event)
            else:
                node[key] = value
            if event.__class__ is MappingStartEvent or event.__class__ is SequenceStartEvent:
                return

    def _fill_list(self, container: OpenContainer) -> None:
        """Read items until the list ends or one of them is a container."""
        next_event, plain_values, append = (
            self._next_event,
            self._plain_values,
            container.node.append,
        )
        keep_quotes = self._keep_quotes
        while True:
            event = next_event()
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                value = plain_values.get(event.value) if not event.style else None
                if value is None:
                    value = self._scalar(event, flow=container.flow)
                    if event.style and keep_quotes is not None:
                        value = keep_quotes(value)
                append(value)
            elif event.__class__ is SequenceEndEvent:
                self._close(container)
                return
            else:
                append(self._value(event, flow=container.flow))
                if event.__class__ is MappingStartEvent or event.__class__ is SequenceStartEvent:
                    return

    def _value(self, event: Any, *, flow: bool) -> Any:
        """The value that `event` begins. A container is still empty and is put on the stack."""
        kind = event.__class__
        if kind is AliasEvent:
            return self._resolve_alias(event)
        if kind is ScalarEvent:
            value = self._scalar(event, flow=flow)
            self._set_anchor(event, value)
            if event.style and event.anchor is None and self._keep_quotes is not None:
                return self._keep_quotes(value)
            return value
        if len(self._stack) >= self._limits.max_depth:
            raise _too_deep(self._limits.max_depth, _location(event))
        container = OpenContainer(
            {} if kind is MappingStartEvent else [],
            self._nodes,
            event.anchor,
            flow=flow or event.flow_style,
        )
        self._set_anchor(event, container)
        self._stack.append(container)
        return container.node

    def _close(self, container: OpenContainer) -> None:
        """Remove the container from the stack, since its end was read, and count its nodes."""
        self._stack.pop()
        node = container.node
        self._nodes += 1 + (2 * len(node) if node.__class__ is dict else len(node))
        if container.merge_values:
            self._merge(container)
        if container.anchor is not None:
            self._sizes[container.anchor] = self._nodes - container.nodes_before
            if self._anchors[container.anchor] is container:
                self._anchors[container.anchor] = node

    # --- what the two readers do differently --------------------------------------------------------------------

    @abstractmethod
    def _scalar(self, event: Any, *, flow: bool) -> Any:
        """The value of a scalar. `flow` means inside brackets or braces."""

    @abstractmethod
    def _key(self, event: Any, container: OpenContainer) -> Any:
        """The key for `event`, or MERGE_KEY for `<<`. Keys that are simply strings don't come here."""

    def _null_key(self, key: str, text: str, *, flow: bool) -> str:  # noqa: ARG002 - a reader may use them
        """The key of a null that is written as `text`; `flow` means inside braces."""
        return key

    def _check_duplicate(self, key: str, event: Any) -> None:  # noqa: B027 - optional for a reader
        """Called for a key that is already in the mapping. By default the last value wins."""

    @abstractmethod
    def _add_merge_value(self, container: OpenContainer, value: Any, event: Any) -> None:
        """Record the value of a `<<`. It may still be incomplete."""

    @abstractmethod
    def _merge(self, container: OpenContainer) -> None:
        """Merge the recorded values into the mapping, whose end was read."""

    # --- scalars, anchors and aliases ---------------------------------------------------------------------------

    def _tagged(self, event: Any) -> Scalar:
        """The value of a scalar with an explicit tag."""
        try:
            return resolve_tagged(event.tag, event.value, self._resolve)
        except SourceError as error:
            raise error_at(event, error.message) from None

    def _key_scalar(self, event: Any) -> Any:
        """The value of a scalar that is a key. It may be an infinity or NaN, since keys become strings."""
        if event.tag is None and not event.style and event.value in NOT_FINITE:
            return float(NOT_FINITE[event.value])
        return self._scalar(event, flow=False)

    def _untagged(self, event: Any) -> Scalar:
        """The value of an unquoted scalar without a tag, which is then cached."""
        text: str = event.value
        try:
            value = self._plain_values[text] = self._resolve(text)
        except SourceError as error:
            raise error_at(event, error.message) from None
        return value

    def _set_anchor(self, event: Any, value: Any) -> None:
        """Give the anchor of `event`, if it has one, this value; an OpenContainer until its end is read."""
        if event.anchor is not None:
            self._anchors[event.anchor] = value
            self._sizes[event.anchor] = 1

    def _resolve_alias(self, event: Any) -> Any:
        """The value of an anchor. Its nodes are counted as if they were copied."""
        name = event.anchor
        value = self._anchors.get(name, _MISSING)
        if value is _MISSING:
            raise error_at(event, f"unknown anchor `{name}`")
        if value.__class__ is OpenContainer:
            raise error_at(event, f"the anchor `{name}` contains itself")
        size = self._sizes[name]
        self._nodes += size
        self._aliased_nodes += size
        self._check_aliases(event)
        return value

    def _check_aliases(self, event: Any) -> None:
        """Refuse a document in which too many nodes come from aliases."""
        if (
            self._aliased_nodes > 100
            and self._nodes > 1000
            and self._aliased_nodes / self._nodes > allowed_alias_ratio(self._nodes)
        ):
            raise error_at(event, "excessive aliasing: expanded, the document would be too large")


def _too_deep(levels: int, location: Location) -> LimitError:
    return LimitError(f"nested deeper than {levels} levels (limit max_depth)", location=location)


def error_at(event: Any, message: str) -> SourceError:
    """A SourceError at the start of `event`."""
    return SourceError(message, location=_location(event))


def _location(event: Any) -> Location:
    return Location(line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _source_error(error: MarkedYAMLError | ReaderError, data: bytes) -> SourceError:
    """The error that libyaml reports, in one line, with its location."""
    if isinstance(error, ReaderError):
        before = data[: error.position]
        line, start = before.count(b"\n"), before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace"))
        return SourceError(str(error.reason), location=Location(line=line + 1, column=column + 1))
    mark = error.problem_mark or error.context_mark
    location = (
        Location(line=mark.line + 1, column=mark.column + 1) if mark is not None else Location()
    )
    problem = (error.problem or error.context or "not YAML").replace("hexdecimal", "hexadecimal")
    return SourceError(problem, location=location)


def _check_directives(data: bytes) -> None:
    """Refuse more `%TAG` directives than a file needs: libyaml compares each with all others."""
    if data.count(b"\n%TAG") >= _MAX_DIRECTIVES:
        raise LimitError(f"more than {_MAX_DIRECTIVES} %TAG directives")


def _refuse_slash_escapes(data: bytes) -> None:
    r"""Refuse `\/` in double quotes. libyaml reads it as a slash, but for go-yaml it is an unknown escape.

    Source: go-yaml scannerc.go, yaml_parser_scan_flow_scalar.
    """
    text = data.decode("utf-8", "replace")
    start = 1 if text.startswith("\ufeff") else 0
    next_event: Callable[[], Any] = timed(CParser(data).get_event)
    while (event := next_event()).__class__ not in (StreamEndEvent, DocumentEndEvent):
        mark, end = event.start_mark, event.end_mark
        if event.__class__ is ScalarEvent and event.style == '"':
            raw = text[start + mark.index : start + end.index]
            if any(match.group() == "\\/" for match in _ESCAPE.finditer(raw)):
                raise error_at(event, "unknown escape `\\/` in double quotes: write `/`")


def allowed_alias_ratio(nodes: int) -> float:
    """The share of nodes that may come from aliases: 99 % in a small document, 10 % in a large one.

    Source: go-yaml decode.go, allowedAliasRatio (the same in v2 and v3).
    """
    if nodes <= _FEW_NODES:
        return 0.99
    if nodes >= _MANY_NODES:
        return 0.10
    return 0.99 - 0.89 * ((nodes - _FEW_NODES) / (_MANY_NODES - _FEW_NODES))
