"""The two readers behind the parser: values as kyaml with go-yaml v3 makes them, and as sigs.k8s.io/yaml with v2.

In a resource file `yes` is a string, a date becomes RFC 3339 text, a key that comes twice or is no string is an error,
and a mapping's own keys win over those of `<<`. In a kustomization file `yes` is true, a date is a string, other keys
become strings, and whatever comes last wins.
"""

import re
from collections.abc import Callable

from yaml._yaml import CParser
from yaml.events import AliasEvent, ScalarEvent

from kmanifest.model.limits import Limits
from kmanifest.model.values import BlankKey
from kmanifest.startup.typing import Any, Final
from kmanifest.yaml.build import MERGING, Builder, OpenContainer, error_at
from kmanifest.yaml.resolve import INT64_MAX, resolve_v2, resolve_v3
from kmanifest.yaml.scalars import SPECIAL_SET, chomping, float32_text

_MERGE: Final = "<<"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_STRING_TAG: Final = "tag:yaml.org,2002:str"
# What keeps go-yaml v3 from printing a text as a block: spaces before line breaks or at the end, unprintable characters.
_NO_BLOCK: Final = re.compile(f" (?:[\n\u2028\u2029]|\\Z)|[{SPECIAL_SET}]")
_ODD_FOLD: Final = re.compile("\\A[ \t\n]|\n[ \t]|\n\n\\Z")


class ResourceReader(Builder):
    """Reads as kyaml does."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, resolve_v3)
        self.lines_before = 0

    def _scalar(self, event: Any, *, flow: bool) -> Any:
        if event.tag is not None and event.tag != "!":
            return self._tagged(event)
        if event.style:
            return _refolded(event.value) if event.style == ">" else event.value
        # kyaml prints and parses each resource once more, and within brackets an empty value is printed as ''.
        return "" if flow and not event.value else self._untagged(event)

    def _key(self, event: Any, frame: OpenContainer) -> Any:
        if event.__class__ is AliasEvent:
            value, text, tag = self._alias(event), "", None
            text = value if isinstance(value, str) else ""
        elif event.__class__ is ScalarEvent:
            text, tag = event.value, event.tag
            if tag == _MERGE_TAG or (text == _MERGE and tag is None and not event.style):
                if frame.merging or frame.sources:
                    raise error_at(event, "the key `<<` is already set")
                frame.merging = True
                return MERGING
            value = self._key_scalar(event)
            self._name(event, value)
        else:
            raise error_at(event, "a key must be a string, not a mapping or a list")
        if value.__class__ is str and tag in (None, _STRING_TAG):
            if tag is None and event.__class__ is ScalarEvent and not event.style:
                self._keys[text] = text
            return value
        if value is None or len(self._stack) > 1 or event.__class__ is AliasEvent:
            raise error_at(event, f"the key `{text}` is not a string: put it in quotes")
        return value if tag is not None and isinstance(value, str) else text

    def _blank(self, key: str) -> str:
        return BlankKey(key)

    def _duplicate(self, key: str, event: Any) -> None:
        from kmanifest.yaml.positions import find_position  # only where an error is on its way

        path = [
            len(frame.node) - 1 if frame.node.__class__ is list else frame.key
            for frame in self._stack[:-1]
        ]
        line, _ = find_position(self._data, [*path, key])
        raise error_at(event, f'"{key}" is already set at line {line + self.lines_before}')

    def _merge_value(self, frame: OpenContainer, value: Any, event: Any) -> None:
        _check_mergeable(value, event)
        frame.sources.append((value, event))

    def _close(self, frame: OpenContainer) -> None:
        super()._close(frame)
        if frame.node.__class__ is dict and _MERGE in frame.node:
            # A quoted "<<" loses its quotes where kyaml prints the resource, and is dropped.
            del frame.node[_MERGE]

    def _merge(self, frame: OpenContainer) -> None:
        """The mapping's own keys win, then those of the first mapping in the list.

        Source: kyaml yaml/rnode.go, mergeAll and findMergeValues.
        """
        for value, event in frame.sources:
            for source in _mappings(value, event):
                for key, item in source.items():
                    frame.node.setdefault(key, item)


class ValuesReader(Builder):
    """Reads as sigs.k8s.io/yaml does."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, resolve_v2)

    def _scalar(self, event: Any, *, flow: bool) -> Any:  # noqa: ARG002 - the other reader needs it
        if event.tag is not None:
            return self._tagged(event)
        return event.value if event.style else self._untagged(event)

    def _key(self, event: Any, frame: OpenContainer) -> Any:
        if event.__class__ is AliasEvent:
            value = self._alias(event)
        elif event.__class__ is ScalarEvent:
            if event.tag == _MERGE_TAG or (
                event.value == _MERGE and event.tag is None and not event.style
            ):
                frame.merging = True
                return MERGING
            value = self._key_scalar(event)
            self._name(event, value)
        else:
            value = {}
        key = _key_text(value)
        if key is None:
            raise error_at(event, "a key must be a string, a number or a boolean")
        if (
            value is key
            and event.__class__ is ScalarEvent
            and event.tag is None
            and not event.style
        ):
            self._keys[event.value] = key
        return key

    def _merge_value(self, frame: OpenContainer, value: Any, event: Any) -> None:
        _check_mergeable(value, event)
        frame.sources.append((dict(frame.node), value, event))
        frame.node.clear()

    def _merge(self, frame: OpenContainer) -> None:
        """Each key has the value that was set last, by the mapping itself or by a `<<`; in a list the first wins.

        Source: go.yaml.in/yaml/v2 decode.go, mapping and merge.
        """
        merged: dict[str, Any] = {}
        for before, value, event in frame.sources:
            merged.update(before)
            for source in reversed(_mappings(value, event)):
                merged.update(source)
        merged.update(frame.node)
        frame.node.clear()
        frame.node.update(merged)


def _check_mergeable(value: Any, event: Any) -> None:
    """Refuse a value of `<<` that is neither a mapping nor a list written in its place."""
    if value.__class__ is not dict and (
        value.__class__ is not list or event.__class__ is AliasEvent
    ):
        raise error_at(event, "`<<` merges a mapping or a list of mappings")


def _mappings(value: Any, event: Any) -> list[dict[str, Any]]:
    sources = [value] if value.__class__ is dict else value
    if any(source.__class__ is not dict for source in sources):
        raise error_at(event, "`<<` merges a mapping or a list of mappings")
    return sources


def _key_text(value: Any) -> str | None:
    """A key of a kustomization file as a string; None if it can't be one.

    Source: sigs.k8s.io/yaml yaml.go, convertToJSONableObject.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value <= INT64_MAX else None
    return float32_text(value) if isinstance(value, float) else None


def _refolded(text: str) -> str:
    """A `>` text as it is after kyaml has printed and parsed it once more, which adds lines before indented ones.

    Source: go.yaml.in/yaml/v3 emitterc.go, yaml_emitter_write_folded_scalar, which looks at the start of the text
    where the current place is meant.
    """
    if _ODD_FOLD.search(text) is None or _NO_BLOCK.search(text) is not None:
        return text
    widened = text.lstrip("\n")[:1] not in (" ", "\t", "")
    lines = []
    for line in text.split("\n")[: -1 if text[-1] == "\n" else None]:
        lines.append("  " + line + "\n" if line else "\n")
        if widened and line and line[0] not in " \t":
            lines.append("\n")
    if text[-1] != "\n" and widened and lines[-1] == "\n":
        lines.pop()
    header = ">" + ("2" if text[0] in "\n " else "") + chomping(text) + "\n"
    get: Callable[[], Any] = CParser(("k: " + header + "".join(lines)).encode()).get_event
    for _ in range(4):
        get()  # the starts of the stream, the document and the mapping, and the key
    return str(get().value)
