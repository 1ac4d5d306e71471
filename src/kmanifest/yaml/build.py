"""Events of libyaml → values: one pass, an own stack of open containers, no recursion.

The constructor is the same for both readers; what go-yaml v2 and kyaml with go-yaml v3 do otherwise is in the two
subclasses (`load.py`): what a plain word means, which keys may stand in a mapping, and how `<<` merges.

Depth is counted here, event by event. libyaml's parser itself does not recurse, and its scanner reads no more than
1024 characters ahead of the event that it hands out, so nothing is ever nested deeper in it than `max_depth` and
those characters; its time stays linear.

Aliases share the object of their anchor. What they would be if they were copied is counted, and refused by go-yaml's
rule (decode.go, allowedAliasRatio), so that a small file can't stand for a huge value.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

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

from kmanifest.model.errors import KmanifestError, LimitError, Location, SourceError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final
from kmanifest.yaml.resolve import NOT_FINITE, Scalar, resolve_tagged

MERGING: Final = object()
_MISSING: Final = object()
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_LOW: Final = 400_000
_HIGH: Final = 4_000_000
# The libyaml of PyYAML 6.0.4 refuses deeper input itself. It parses ahead, so its error comes before ours.
_LIBYAML_MAX_DEPTH: Final = 1_000
_LIBYAML_TOO_DEEP: Final = "exceeded maximum nesting depth"


class OpenContainer:
    """A container whose end has not come: `key` is that of the value being read, `merging` if that is `<<`."""

    __slots__ = ("anchor", "before", "flow", "key", "merging", "node", "sources")

    def __init__(self, node: Any, before: int, anchor: str | None, *, flow: bool) -> None:
        self.node = node
        self.before = before
        self.anchor = anchor
        self.flow = flow
        self.key: Any = None
        self.merging = False
        self.sources: list[Any] = []


class Builder(ABC):
    """Builds the first document of some bytes; one per call of a loader, because it remembers what words mean."""

    def __init__(self, limits: Limits, resolve: Callable[[str], Scalar]) -> None:
        self._limits = limits
        self._resolve = resolve
        self._plain: dict[str, Any] = {}
        self._keys: dict[str, str] = {}
        self._start(b"")

    def _start(self, data: bytes) -> None:
        self._data = data
        self._get: Callable[[], Any] = CParser(data).get_event
        self._stack: list[OpenContainer] = []
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._nodes = 1
        self._aliased = 0

    def first_document(self, data: bytes) -> Any:
        """The value of the first document in `data`, None where there is none.

        Raises SourceError with the line and column, LimitError.
        """
        self._start(data)
        try:
            if b"\\/" in data:
                _refuse_slash_escapes(data)
            return self._document()
        except (MarkedYAMLError, ReaderError) as error:
            raise self._parse_error(error, data) from error
        except (
            UnicodeDecodeError
        ) as error:  # out of PyYAML: `%` escapes in a tag can spell any bytes
            raise SourceError("a tag is not UTF-8") from error

    def _parse_error(self, error: MarkedYAMLError | ReaderError, data: bytes) -> KmanifestError:
        """The error for what libyaml refuses: LimitError where it is only the depth."""
        source_error = _source_error(error, data)
        if source_error.message == _LIBYAML_TOO_DEEP:
            depth = min(self._limits.max_depth, _LIBYAML_MAX_DEPTH)
            return _too_deep(depth, source_error.location)
        return source_error

    def _document(self) -> Any:
        get = self._get
        get()  # the start of the stream
        event = get()
        if event.__class__ is StreamEndEvent:
            return None
        if event.version not in (None, (1, 1)):
            raise error_at(event, "incompatible YAML document: only `%YAML 1.1` is read")
        event = get()
        value = self._value(event, flow=False)
        while self._stack:
            frame = self._stack[-1]
            if frame.node.__class__ is dict:
                self._fill_mapping(frame)
            else:
                self._fill_list(frame)
        get()  # the end of the document; what follows it is not read
        self._check_aliases(event)
        return value

    # --- containers ---------------------------------------------------------------------------------------------

    def _fill_mapping(self, frame: OpenContainer) -> None:
        """Read keys and values until the mapping ends or one of its values is a container."""
        get, plain, keys, node, flow = self._get, self._plain, self._keys, frame.node, frame.flow
        while True:
            event = get()
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                text = event.value
                key = text if event.style else keys.get(text)
                if key is None:
                    key = self._key(event, frame)
            elif event.__class__ is MappingEndEvent:
                self._close(frame)
                return
            else:
                key = self._key(event, frame)
            if key in node:
                self._duplicate(key, event)
            event = get()
            if (
                event.__class__ is ScalarEvent
                and event.tag is None
                and event.anchor is None
                and not frame.merging
            ):
                if event.style:
                    node[key] = (
                        event.value if event.style != ">" else self._scalar(event, flow=flow)
                    )
                    continue
                value = plain.get(event.value)
                if value is None:
                    value = self._scalar(event, flow=flow)
                    if value is None and not event.value:
                        key = self._blank(key)
                node[key] = value
                continue
            frame.key = key
            value = self._value(event, flow=flow)
            if frame.merging:
                frame.merging = False
                self._merge_value(frame, value, event)
            else:
                node[key] = value
            if event.__class__ is MappingStartEvent or event.__class__ is SequenceStartEvent:
                return

    def _fill_list(self, frame: OpenContainer) -> None:
        """Read items until the list ends or one of them is a container."""
        get, plain, append = self._get, self._plain, frame.node.append
        while True:
            event = get()
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                value = plain.get(event.value) if not event.style else None
                append(value if value is not None else self._scalar(event, flow=frame.flow))
            elif event.__class__ is SequenceEndEvent:
                self._close(frame)
                return
            else:
                append(self._value(event, flow=frame.flow))
                if event.__class__ is MappingStartEvent or event.__class__ is SequenceStartEvent:
                    return

    def _value(self, event: Any, *, flow: bool) -> Any:
        """The value that `event` begins; a container comes empty, and open on the stack."""
        kind = event.__class__
        if kind is AliasEvent:
            return self._alias(event)
        if kind is ScalarEvent:
            value = self._scalar(event, flow=flow)
            self._name(event, value)
            return value
        if len(self._stack) >= self._limits.max_depth:
            raise _too_deep(self._limits.max_depth, _place(event))
        frame = OpenContainer(
            {} if kind is MappingStartEvent else [],
            self._nodes,
            event.anchor,
            flow=flow or event.flow_style,
        )
        self._name(event, frame)
        self._stack.append(frame)
        return frame.node

    def _close(self, frame: OpenContainer) -> None:
        """Take the frame, whose end was read, from the stack, and count what it holds."""
        self._stack.pop()
        node = frame.node
        self._nodes += 1 + (2 * len(node) if node.__class__ is dict else len(node))
        if frame.sources:
            self._merge(frame)
        if frame.anchor is not None:
            self._sizes[frame.anchor] = self._nodes - frame.before
            if self._anchors[frame.anchor] is frame:
                self._anchors[frame.anchor] = node

    # --- what the two readers do otherwise ----------------------------------------------------------------------

    @abstractmethod
    def _scalar(self, event: Any, *, flow: bool) -> Any:
        """The value of a scalar; `flow` tells that it stands within brackets."""

    @abstractmethod
    def _key(self, event: Any, frame: OpenContainer) -> Any:
        """The key that `event` is, where it is not simply a string; MERGING for `<<`."""

    def _blank(self, key: str) -> str:
        """The key of a null that is written as nothing."""
        return key

    def _duplicate(self, key: str, event: Any) -> None:  # noqa: B027 - a reader may leave it so
        """What happens where a key comes twice; by default the last one wins."""

    @abstractmethod
    def _merge_value(self, frame: OpenContainer, value: Any, event: Any) -> None:
        """Take note of the value of `<<`, which may not be complete yet."""

    @abstractmethod
    def _merge(self, frame: OpenContainer) -> None:
        """Merge what was noted into the mapping, which has ended."""

    # --- scalars, anchors and aliases ---------------------------------------------------------------------------

    def _tagged(self, event: Any) -> Scalar:
        """What a scalar with an explicit tag means."""
        try:
            return resolve_tagged(event.tag, event.value, self._resolve)
        except SourceError as error:
            raise error_at(event, error.message) from None

    def _key_scalar(self, event: Any) -> Any:
        """The value of a scalar that is a key, which may be an infinity: as a string it is written out."""
        if event.tag is None and not event.style and event.value in NOT_FINITE:
            return float(NOT_FINITE[event.value])
        return self._scalar(event, flow=False)

    def _untagged(self, event: Any) -> Scalar:
        """What an unquoted scalar means; remembered for the next time."""
        text: str = event.value
        try:
            value = self._plain[text] = self._resolve(text)
        except SourceError as error:
            raise error_at(event, error.message) from None
        return value

    def _name(self, event: Any, value: Any) -> None:
        """Remember `value`, or the frame of a container until it ends, under the anchor of `event`, if it has one."""
        if event.anchor is not None:
            self._anchors[event.anchor] = value
            self._sizes[event.anchor] = 1

    def _alias(self, event: Any) -> Any:
        name = event.anchor
        value = self._anchors.get(name, _MISSING)
        if value is _MISSING:
            raise error_at(event, f"unknown anchor `{name}`")
        if value.__class__ is OpenContainer:
            raise error_at(event, f"the anchor `{name}` contains itself")
        size = self._sizes[name]
        self._nodes += size
        self._aliased += size
        self._check_aliases(event)
        return value

    def _check_aliases(self, event: Any) -> None:
        if (
            self._aliased > 100
            and self._nodes > 1000
            and self._aliased / self._nodes > _allowed_ratio(self._nodes)
        ):
            raise error_at(event, "excessive aliasing: expanded, the document would be too large")


def _too_deep(levels: int, location: Location) -> LimitError:
    return LimitError(f"nested deeper than {levels} levels (limit max_depth)", location=location)


def error_at(event: Any, message: str) -> SourceError:
    """An error at the start of `event`."""
    return SourceError(message, location=_place(event))


def _place(event: Any) -> Location:
    return Location(line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _source_error(error: MarkedYAMLError | ReaderError, data: bytes) -> SourceError:
    """What libyaml found wrong, in one line, with its place."""
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


def _refuse_slash_escapes(data: bytes) -> None:
    r"""Refuse `\/` in double quotes, which libyaml takes for a slash and go-yaml for an unknown escape.

    Source: go-yaml scannerc.go, yaml_parser_scan_flow_scalar.
    """
    text = data.decode("utf-8", "replace")
    start = 1 if text.startswith("\ufeff") else 0
    get: Callable[[], Any] = CParser(data).get_event
    while (event := get()).__class__ not in (StreamEndEvent, DocumentEndEvent):
        mark, end = event.start_mark, event.end_mark
        if event.__class__ is ScalarEvent and event.style == '"':
            raw = text[start + mark.index : start + end.index]
            if any(match.group() == "\\/" for match in _ESCAPE.finditer(raw)):
                raise error_at(event, "unknown escape `\\/` in double quotes: write `/`")


def _allowed_ratio(nodes: int) -> float:
    """The part of all nodes that may come from aliases: 99 % of a small document, 10 % of a large one.

    Source: go-yaml decode.go, allowedAliasRatio (the same in v2 and v3).
    """
    if nodes <= _LOW:
        return 0.99
    if nodes >= _HIGH:
        return 0.10
    return 0.99 - 0.89 * ((nodes - _LOW) / (_HIGH - _LOW))
