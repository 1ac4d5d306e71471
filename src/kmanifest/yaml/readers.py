"""The two readers that use the parser: one like kyaml with go-yaml v3, one like sigs.k8s.io/yaml with go-yaml v2.

In a resource file `yes` is a string and a date becomes RFC 3339 text. A duplicate key, or one that is not a
string, is an error. A mapping's own keys win over those of `<<`. In a kustomization file `yes` is true and a
date is a string. Keys that are not strings become strings, and the last value of a key wins.
"""

import re

from yaml._yaml import CParser
from yaml.events import AliasEvent, ScalarEvent

from kmanifest.model.limits import Limits
from kmanifest.model.values import OtherKey, null_key, quoted_node
from kmanifest.startup.typing import Any, Callable, Final
from kmanifest.yaml.build import MERGE_KEY, Builder, OpenContainer, error_at
from kmanifest.yaml.resolve import INT64_MAX, resolve_v2, resolve_v3
from kmanifest.yaml.scalars import SPECIAL_SET, chomping, float32_text

_MERGE: Final = "<<"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_STRING_TAG: Final = "tag:yaml.org,2002:str"
# go-yaml v3 does not print a text as a block if it has spaces before line breaks or at the end, or
# unprintable characters.
_NO_BLOCK: Final = re.compile(f" (?:[\n\u2028\u2029]|\\Z)|[{SPECIAL_SET}]")
_CHANGES_WHEN_REFOLDED: Final = re.compile("\\A[ \t\n]|\n[ \t]|\n\n\\Z")


class ResourceReader(Builder):
    """Reads resource files as kyaml does."""

    def __init__(
        self, limits: Limits, *, allow_other_keys: bool = False, keep_quotes: bool = False
    ) -> None:
        super().__init__(limits, resolve_v3)
        self.lines_before = 0
        self._allow_other_keys = allow_other_keys
        if keep_quotes:
            self._keep_quotes = quoted_node

    def _scalar(self, event: Any, *, flow: bool) -> Any:
        if event.tag is not None and event.tag != "!":
            return self._tagged(event)
        if event.style:
            return _refold(event.value) if event.style == ">" else event.value
        # kyaml prints each resource and parses it again. Inside brackets it prints an empty item as ''.
        return "" if flow and not event.value else self._untagged(event)

    def _key(self, event: Any, container: OpenContainer) -> Any:
        if event.__class__ is AliasEvent:
            value, text, tag = self._resolve_alias(event), "", None
            text = value if isinstance(value, str) else ""
        elif event.__class__ is ScalarEvent:
            text, tag = event.value, event.tag
            if tag == _MERGE_TAG or (text == _MERGE and tag is None and not event.style):
                if container.is_merging or container.merge_values:
                    raise error_at(event, "the key `<<` is already set")
                container.is_merging = True
                return MERGE_KEY
            value = self._key_scalar(event)
            self._set_anchor(event, value)
        else:
            raise error_at(event, "a key must be a string, not a mapping or a list")
        if value.__class__ is str and tag in (None, _STRING_TAG):
            if tag is None and event.__class__ is ScalarEvent and not event.style:
                self._plain_keys[text] = text
            return value
        if value is None or len(self._stack) > 1 or event.__class__ is AliasEvent:
            if self._allow_other_keys:
                return OtherKey(text)
            raise error_at(event, f"the key `{text}` is not a string: put it in quotes")
        return value if tag is not None and isinstance(value, str) else text

    def _null_key(self, key: str, text: str, *, flow: bool) -> str:
        return null_key(key, text, flow=flow)

    def _check_duplicate(self, key: str, event: Any) -> None:
        from kmanifest.yaml.positions import find_position  # only for an error

        path = [
            len(parent.node) - 1 if parent.node.__class__ is list else parent.key
            for parent in self._stack[:-1]
        ]
        line, _ = find_position(self._data, [*path, key])
        raise error_at(event, f'"{key}" is already set at line {line + self.lines_before}')

    def _add_merge_value(self, container: OpenContainer, value: Any, event: Any) -> None:
        _check_mergeable(value, event)
        container.merge_values.append((value, event))

    def _close(self, container: OpenContainer) -> None:
        super()._close(container)
        if container.node.__class__ is dict and _MERGE in container.node:
            # kyaml prints a quoted "<<" without its quotes and reads it again, so the entry is lost.
            del container.node[_MERGE]

    def _merge(self, container: OpenContainer) -> None:
        """Add the merged entries. The mapping's own keys win, then those of the first mapping in a list.

        Source: kyaml yaml/rnode.go, mergeAll and findMergeValues.
        """
        for value, event in container.merge_values:
            for source in _merge_sources(value, event):
                for key, item in source.items():
                    container.node.setdefault(key, item)


class ValuesReader(Builder):
    """Reads kustomization and values files as sigs.k8s.io/yaml does."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, resolve_v2)

    def _scalar(self, event: Any, *, flow: bool) -> Any:  # noqa: ARG002 - the other reader uses it
        if event.tag is not None:
            return self._tagged(event)
        return event.value if event.style else self._untagged(event)

    def _key(self, event: Any, container: OpenContainer) -> Any:
        if event.__class__ is AliasEvent:
            value = self._resolve_alias(event)
        elif event.__class__ is ScalarEvent:
            if event.tag == _MERGE_TAG or (
                event.value == _MERGE and event.tag is None and not event.style
            ):
                container.is_merging = True
                return MERGE_KEY
            value = self._key_scalar(event)
            self._set_anchor(event, value)
        else:
            value = {}
        key = key_text(value)
        if key is None:
            raise error_at(event, "a key must be a string, a number or a boolean")
        if (
            value is key
            and event.__class__ is ScalarEvent
            and event.tag is None
            and not event.style
        ):
            self._plain_keys[event.value] = key
        return key

    def _add_merge_value(self, container: OpenContainer, value: Any, event: Any) -> None:
        _check_mergeable(value, event)
        container.merge_values.append((dict(container.node), value, event))
        container.node.clear()

    def _merge(self, container: OpenContainer) -> None:
        """Add the merged entries. The last value of a key wins, whether the mapping or a `<<` sets it.

        Among the mappings of a list, the first wins.

        Source: go.yaml.in/yaml/v2 decode.go, mapping and merge.
        """
        merged: dict[str, Any] = {}
        for before, value, event in container.merge_values:
            merged.update(before)
            for source in reversed(_merge_sources(value, event)):
                merged.update(source)
        merged.update(container.node)
        container.node.clear()
        container.node.update(merged)


def _check_mergeable(value: Any, event: Any) -> None:
    """Refuse a value of `<<` that is neither a mapping nor a list. The list must not be an alias."""
    if value.__class__ is not dict and (
        value.__class__ is not list or event.__class__ is AliasEvent
    ):
        raise error_at(event, "`<<` merges a mapping or a list of mappings")


def _merge_sources(value: Any, event: Any) -> list[dict[str, Any]]:
    """The mappings that a `<<` merges."""
    sources = [value] if value.__class__ is dict else value
    if any(source.__class__ is not dict for source in sources):
        raise error_at(event, "`<<` merges a mapping or a list of mappings")
    return sources


def key_text(value: Any) -> str | None:
    """The text of a key in a kustomization file. None if the value can't be a key.

    Source: sigs.k8s.io/yaml yaml.go, convertToJSONableObject.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value <= INT64_MAX else None
    return float32_text(value) if isinstance(value, float) else None


def _refold(text: str) -> str:
    """A folded (`>`) text after kyaml has printed and parsed it once more.

    go-yaml v3's emitter adds empty lines before indented lines, because it looks at the start of the text
    where it means the current position.
    Source: go.yaml.in/yaml/v3 emitterc.go, yaml_emitter_write_folded_scalar.
    """
    if _CHANGES_WHEN_REFOLDED.search(text) is None or _NO_BLOCK.search(text) is not None:
        return text
    adds_lines = text.lstrip("\n")[:1] not in (" ", "\t", "")
    lines = []
    for line in text.split("\n")[: -1 if text[-1] == "\n" else None]:
        lines.append("  " + line + "\n" if line else "\n")
        if adds_lines and line and line[0] not in " \t":
            lines.append("\n")
    if text[-1] != "\n" and adds_lines and lines[-1] == "\n":
        lines.pop()
    header = ">" + ("2" if text[0] in "\n " else "") + chomping(text) + "\n"
    next_event: Callable[[], Any] = CParser(("k: " + header + "".join(lines)).encode()).get_event
    for _ in range(4):
        next_event()  # the starts of the stream, the document and the mapping, and the key
    return str(next_event().value)
