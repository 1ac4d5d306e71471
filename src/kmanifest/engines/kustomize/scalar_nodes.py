"""Scalars as the YAML nodes that kustomize changes in place.

kustomize keeps each object as a tree of nodes. A scalar node has a tag, a style and a text; its value is computed only
when it is printed. Bodies hold values here. A plain value stands for a node in its usual state: a string has the tag
`str` and is quoted only if its text requires quotes, and any other value has the tag of its type and no quotes. A node
in another state is a `ScalarNode`.

1. Most filters copy a new node over the old one. The new text and tag are used, and the old quotes stay. A filter that
   knows no type writes a node without a tag; its text then decides the type. See `set_scalar`.
2. A replacement only writes the text of the old node. See `set_text`.
3. A new field gets a new node. Before a string or a node without a tag is put into a mapping, it is quoted if YAML 1.1
   would not read it as a string. See `new_entry`. A strategic merge patch puts every field of every mapping back into
   it, so it quotes nodes that no patch names.
4. Labels and annotations are put into all their fields as one node. Where the key was missing, the fields share that
   node from then on. Where the key existed, its own node is overwritten, and stays shared with whatever shared it.
   So a write to a shared node changes all its fields: see `NodeWriter`.
5. Nodes are no longer shared after a JSON patch, which prints the object and parses it, and in annotations that
   kustomize writes anew as a map.

Whether a string was quoted in its file is not kept, and neither is a missing tag of a name or an image that is a
string without quotes anyway. Where the result depends on it, the build starts again: see `node_details`.
Source: kustomize v5.8.2 api/filters/filtersutil/setters.go, SetEntry; kyaml v0.21.2 yaml/fns.go, FieldSetter;
yaml/compatibility.go, IsYaml1_1NonString; go.yaml.in/yaml/v3 v3.0.5 encode.go, node.
"""

from _operator import is_

from kmanifest.engines.kustomize.node_details import (
    ASSUMED,
    KEPT,
    ON_DEMAND,
    InvalidScalarError,
    NodeDetailsNeededError,
    details_of,
)
from kmanifest.engines.kustomize.scalars import can_be_plain, must_be_quoted, resolve_plain
from kmanifest.model.errors import SourceError
from kmanifest.model.resource import REWRITTEN_AS_FLOW, Resource
from kmanifest.model.values import ScalarNode, is_string, scalar_text
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.yaml.resolve import (
    MAYBE_OTHER,
    WORDS_OF_OTHER_TYPES,
    resolve_tagged,
    resolve_v2,
    resolve_v3,
    tag_of,
)

TAG_PREFIX: Final = "tag:yaml.org,2002:"
NO_TAG: Final = ""
STRING_TAG: Final = "str"
INT_TAG: Final = "int"
_STRING_TAGS: Final = (NO_TAG, STRING_TAG)


def is_quoted(value: Any) -> bool:
    """Return whether the node of a value is quoted, or written as a block."""
    kind = value.__class__
    if kind is str:
        return must_be_quoted(value)
    return kind is ScalarNode and value.quoted


def tag_name(value: Any) -> str:
    """Return the short tag of the node of a scalar; empty if it has none."""
    return value.tag if value.__class__ is ScalarNode else tag_of(value)


def node_value(text: str, tag: str, *, quoted: bool) -> Any:
    """Return the value that stands for a node: a plain value if the node is in its usual state, else a ScalarNode.

    Raises SourceError if the text does not have the type of the tag: kustomize then fails to print the node.
    """
    if quoted:
        if tag not in _STRING_TAGS:
            resolve_tagged(TAG_PREFIX + tag, text, resolve_v3)
        return text if must_be_quoted(text) else ScalarNode(text, quoted=True)
    if tag == STRING_TAG:
        return ScalarNode(text) if must_be_quoted(text) else text
    if tag == NO_TAG:
        is_usual = resolve_plain(text).__class__ is str and can_be_plain(text)
        return text if is_usual else ScalarNode(text, NO_TAG)
    return resolve_tagged(TAG_PREFIX + tag, text, resolve_v3)


def resolve_node(node: ScalarNode) -> Any:
    """Return the value that a node has when it is printed and parsed again."""
    text = str.__str__(node)
    if node.tag in _STRING_TAGS:
        return text if node.quoted or node.tag == STRING_TAG else resolve_plain(text)
    value = resolve_tagged(TAG_PREFIX + node.tag, text, resolve_v3)
    return text if node.quoted else value


def resolved(resource: Resource) -> Resource:
    """Return the resource with a plain value for each node whose value is not its text."""
    if not resource.is_unresolved:
        return resource
    try:
        body = resolved_value(resource.body, is_flow=resource.origin.rewritten == REWRITTEN_AS_FLOW)
    except SourceError as error:
        raise error.within(file=resource.origin.file, document=resource.origin.document) from None
    return resource.with_body(body).with_resolution(is_unresolved=False)


def resolved_value(value: Any, *, is_flow: bool = False) -> Any:
    """Return a value with a plain value in place of each node.

    `is_flow` means that it is printed inside braces before that. An empty text is then a string.
    """
    if value.__class__ is dict:
        items = {
            key: new
            for key, item in value.items()
            if item.__class__ is not str
            and (new := resolved_value(item, is_flow=is_flow)) is not item
        }
        return {**value, **items} if items else value
    if value.__class__ is list:
        copy = [resolved_value(item, is_flow=is_flow) for item in value]
        return value if all(map(is_, copy, value)) else copy
    if value.__class__ is not ScalarNode:
        return value
    is_empty_string = is_flow and not value and value.tag == NO_TAG
    return "" if is_empty_string else resolve_node(value)


def new_entry(text: str, tag: str = STRING_TAG) -> Any:
    """Return the value of a new field of a mapping, as FieldSetter writes it."""
    return node_value(text, tag, quoted=tag in _STRING_TAGS and is_other_type_in_yaml_1_1(text))


def retype(old: Any, text: str) -> Any:
    """Return the value after a node without a tag was copied over the node of `old`, and was printed and parsed."""
    if old.__class__ is str and _are_plain_words(old, text):
        return text  # as below, but faster
    return text if is_quoted(old) else resolve_plain(text)


def _are_plain_words(first: str, second: str) -> bool:
    """Return whether two strings are certainly strings without quotes; most names and images are."""
    both = first + second
    return (
        both.isascii()
        and both.isprintable()
        and " " not in both
        and first[:1].isalpha()
        and second[:1].isalpha()
        and first[-1] != ":"
        and second[-1] != ":"
        and first not in WORDS_OF_OTHER_TYPES
        and second not in WORDS_OF_OTHER_TYPES
    )


def is_other_type_in_yaml_1_1(text: str) -> bool:
    """Return whether YAML 1.1 reads a text as anything but a string; dates count as strings.

    The text is read as a document, so it can also be a mapping, a list or a comment.
    Source: kyaml v0.21.2 yaml/compatibility.go, IsValueNonString.
    """
    if not text or "\n" in text or (text[0] not in MAYBE_OTHER and text.isalnum()):
        return False
    if can_be_plain(text):
        try:
            return not isinstance(resolve_v2(text), str)
        except SourceError:  # an infinity or NaN
            return True
    from kmanifest import yaml  # few strings are anything but a plain scalar

    try:
        return not isinstance(yaml.load_values(text.encode()), str)
    except SourceError:
        return False


def with_printed_quotes(value: Any) -> Any:
    """Return a value as it is after it was printed and parsed: strings of another type in YAML 1.1 are quoted."""
    from kmanifest.yaml.scalars import render_line  # few builds need it

    if value.__class__ is dict:
        return {key: with_printed_quotes(item) for key, item in value.items()}
    if value.__class__ is list:
        return [with_printed_quotes(item) for item in value]
    if (
        value.__class__ is str
        and not must_be_quoted(value)
        and render_line(value).startswith(("'", '"'))
    ):
        return ScalarNode(value, quoted=True)
    return value


class NodeWriter:
    """Writes scalars of one resource as kustomize writes nodes, and then changes all fields that share them.

    Call `finish` with the new body when all scalars of a resource are written. The writer can then be used for the
    next resource. `details` is one of the constants of `node_details`.
    """

    __slots__ = ("_details", "_kept", "_latest", "_makes_unresolved", "_roots")

    def __init__(self, details: str = ASSUMED) -> None:
        self._details = details
        self._makes_unresolved = False
        # By identity: the first of the nodes that replaced one another, and the latest node that replaced this one.
        self._roots: dict[int, int] = {}
        self._latest: dict[int, ScalarNode] = {}
        self._kept: list[ScalarNode] = []  # so that no identity is used twice

    @classmethod
    def of(cls, ctx: Context) -> "NodeWriter":
        """Return the writer for a step of a build."""
        return cls(details_of(ctx))

    @property
    def keeps_details(self) -> bool:
        """Whether nodes without a tag are written as such, also if that is of no consequence now."""
        return self._details is KEPT

    def set_scalar(self, old: Any, text: str, tag: str = NO_TAG) -> Any:
        """Return the value after a node with `text` and `tag` was copied over the node of `old`, which is a scalar.

        Source: kyaml v0.21.2 yaml/fns.go, FieldSetter.
        """
        if (
            old.__class__ is str
            and tag == NO_TAG
            and self._details is not KEPT
            and _are_plain_words(old, text)
        ):
            return text  # as below, but faster
        return self.write(old, text, tag, quoted=is_quoted(old))

    def set_text(self, old: Any, text: str, *, may_lack_tag: bool = False) -> Any:
        """Return the value after the text of the node of `old` was changed.

        `may_lack_tag` means that a step may have written the old text without a tag.
        Source: kustomize v5.8.2 api/filters/replacement/replacement.go, setFieldValue.
        """
        if old.__class__ is not ScalarNode and text == scalar_text(old):
            return old
        quoted = is_quoted(old)
        if (
            may_lack_tag
            and self._details is ON_DEMAND
            and old.__class__ is str
            and not quoted
            and resolve_plain(text).__class__ is not str
        ):
            raise NodeDetailsNeededError
        return self.write(old, text, tag_name(old), quoted=quoted)

    def write(self, old: Any, text: str, tag: str, *, quoted: bool) -> Any:
        """Return the value after a node in this state was copied over the node of `old`."""
        try:
            return self._write(old, text, tag, quoted=quoted)
        except SourceError as error:
            if self._details is KEPT:
                return self._put(old, ScalarNode(text, tag, quoted=quoted))
            raise InvalidScalarError(error.message) from None

    def _write(self, old: Any, text: str, tag: str, *, quoted: bool) -> Any:
        if old.__class__ is ScalarNode:
            node = ScalarNode(text, tag, quoted=quoted)
            resolve_node(node)
            if self._details is ON_DEMAND and not quoted and _is_unresolved(node):
                self._require_quotes(old)
            return self._put(old, node)
        value = node_value(text, tag, quoted=quoted)
        if value.__class__ is str:
            if tag == NO_TAG and self._details is KEPT and not quoted:
                return ScalarNode(text, NO_TAG)
            return value
        if self._details is ON_DEMAND and not quoted and not _is_text(value):
            self._require_quotes(old)
        return self.noted(value)

    def _require_quotes(self, old: Any) -> None:
        """Raise NodeDetailsNeededError if the result depends on whether `old`, which seems unquoted, is quoted."""
        if is_string(old):
            raise NodeDetailsNeededError

    def noted(self, new: Any) -> Any:
        """Return a value that is put into the body, after it was noted whether it must be resolved in the end."""
        if new.__class__ is ScalarNode:
            self._makes_unresolved = self._makes_unresolved or _is_unresolved(new)
        elif new.__class__ is dict or new.__class__ is list:
            for item in new.values() if new.__class__ is dict else new:
                self.noted(item)
        return new

    def finish(self, resource: Resource, body: Any) -> Resource:
        """Return the resource with the new body, in which each write to a shared node is in all fields that share it."""
        if self._latest:
            body = _with_latest(
                body, {key: self._latest[root] for key, root in self._roots.items()}
            )
            self._roots, self._latest, self._kept = {}, {}, []
        result = resource.with_body(body)
        if self._makes_unresolved:
            self._makes_unresolved = False
            return result.with_resolution(is_unresolved=True)
        return result

    def _put(self, old: Any, new: ScalarNode) -> ScalarNode:
        """Note that a node replaces `old`, which other fields may share."""
        if old.__class__ is not ScalarNode:
            self.noted(new)
            return new
        root = self._roots.setdefault(id(old), id(old))
        self._roots[id(new)] = root
        self._latest[root] = new
        self._kept += (old, new)
        self.noted(new)
        return new


def _is_text(value: Any) -> bool:
    if value.__class__ is ScalarNode:
        return not _is_unresolved(value)
    return isinstance(value, str)


def _is_unresolved(node: Any) -> bool:
    if node.tag == STRING_TAG or (node.quoted and node.tag == NO_TAG):
        return False
    try:
        return resolve_node(node).__class__ is not str
    except SourceError:  # the text does not have the type of the tag
        return True


def _with_latest(value: Any, latest: Mapping[int, ScalarNode]) -> Any:
    if value.__class__ is dict:
        changed = {
            key: new
            for key, item in value.items()
            if item.__class__ is not str and (new := _with_latest(item, latest)) is not item
        }
        return {**value, **changed} if changed else value
    if value.__class__ is list:
        items = [_with_latest(item, latest) for item in value]
        return value if all(map(is_, items, value)) else items
    return latest.get(id(value), value) if value.__class__ is ScalarNode else value
