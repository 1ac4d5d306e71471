"""From the text of manifests to resources: the documents, the lists in them, and what every object must have.

The parsed bodies are kept in `ctx.cache` by content, and shared by everyone who reads the same bytes.
Source: kustomize v5.8.2 api/resource/factory.go; kyaml/kio/byteio_reader.go.
"""

from collections.abc import Mapping, Sequence

from kmanifest import yaml
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.resource import REWRITTEN_AS_FLOW, Origin, Resource, string_or_empty
from kmanifest.model.values import Body, IntText, ScalarNode, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

_EMPTY: Final[tuple[Any, ...]] = (None, {}, [])
_NO_NAME: Final[tuple[Any, ...]] = ("", *_EMPTY)


class Loaded(NamedTuple):
    """One object of a file, the number of the document that holds it, and how it was written since it was read."""

    body: Body
    document: int
    rewritten: str = ""


def parse(
    ctx: Context, content: bytes, file: str, *, allow_other_keys: bool = False
) -> list[Resource]:
    """The resources in a text, which came from `file` ("" where it stands inside a kustomization).

    `allow_other_keys` is that of `yaml.load_documents`.
    """
    limits = ctx.options.limits
    kind = "patches" if allow_other_keys else "resources"
    try:
        loaded = ctx.cache.get(
            (kind, content, limits),
            lambda: _load(content, ctx, allow_other_keys=allow_other_keys),
            weight=8 * len(content),
        )
    except KmanifestError as error:
        raise error.within(file=file) from error
    if len(loaded) > limits.max_objects:
        raise LimitError(f"more than {limits.max_objects} objects (max_objects)").within(file=file)
    is_cluster_scoped = ctx.schema.is_cluster_scoped
    return [
        Resource(
            body,
            Origin(file, document, rewritten=rewritten),
            cluster_scoped=is_cluster_scoped(
                string_or_empty(body.get("apiVersion")), string_or_empty(body["kind"])
            ),
        )
        for body, document, rewritten in loaded
    ]


def _load(content: bytes, ctx: Context, *, allow_other_keys: bool) -> Sequence[Loaded]:
    scalar_cache = None if ctx.state is None else ctx.state.shared("scalars", yaml.ScalarCache)
    documents = yaml.load_documents(
        content,
        limits=ctx.options.limits,
        scalar_cache=scalar_cache,
        allow_other_keys=allow_other_keys,
    )
    bodies: Sequence[Any] = documents
    found = [Loaded(body, index) for index, body in enumerate(bodies) if body not in _EMPTY]
    if len(documents) == 1:
        found = _unwrapped(found)
    for body, document, _ in found:
        check_metadata(body, document)
    return _expanded(found)


def _unwrapped(found: list[Loaded]) -> list[Loaded]:
    """The items of a file that is a single List or ResourceList; it may also hold the input of a function."""
    body = found[0].body if found else None
    if not isinstance(body, Mapping) or body.get("kind") not in ("List", "ResourceList"):
        return found
    if "items" not in body and "functionConfig" not in body:
        return found
    items = body.get("items")
    return (
        [Loaded(item, 0) for item in items or () if item not in _EMPTY]
        if isinstance(items, list)
        else []
    )


def check_metadata(body: Any, document: int | None) -> None:
    """SourceError where an object has no kind or no name. Source: kyaml v0.21.2 yaml/rnode.go, GetValidatedMetadata."""
    if not _is_mapping(body):
        raise SourceError(f"expected an object, got {type_name(body)}").within(document=document)
    kind = body.get("kind")
    if not kind:
        raise SourceError("a kind is missing").within(field=("kind",), document=document)
    if isinstance(kind, str) and kind.endswith("List"):
        return
    metadata = body.get("metadata")
    if not _is_mapping(metadata) or metadata.get("name") in _NO_NAME:
        field = ("metadata", "name")
        raise SourceError("a name is missing").within(field=field, document=document)


def _is_mapping(value: Any) -> bool:
    # The first test is for speed: an abstract class is slow to ask.
    return value.__class__ is dict or isinstance(value, Mapping)


def _expanded(found: Sequence[Loaded]) -> Sequence[Loaded]:
    """The objects, with those in lists (of any kind that ends in List) behind all others of the file."""
    if not any(str(body.get("kind")).endswith("List") for body, *_ in found):
        return found
    result, queue = [], list(found)
    for body, document, rewritten in queue:
        if not str(body.get("kind")).endswith("List") or "items" not in body:
            result.append(Loaded(body, document, rewritten))
            continue
        items = body["items"]
        if items is None:
            continue
        if not isinstance(items, list):
            raise SourceError(f"expected a list, got {type_name(items)}").within(
                field=("items",), document=document
            )
        for index, item in enumerate(items):
            if item in _EMPTY:
                continue
            inner = Loaded(through_json(item), document, REWRITTEN_AS_FLOW)
            try:
                check_metadata(inner.body, document)
            except SourceError as error:
                raise error.within(field=("items", index)) from None
            queue.append(inner)
    return result


def through_json(value: Any) -> Any:
    """A value as it is after it was written as JSON and read again: strings are quoted, and a null is the word `null`."""
    if isinstance(value, Mapping):
        return {
            str(key) if item is None else key: through_json(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [through_json(item) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else float(value)
    if isinstance(value, IntText):
        return int(value)
    return ScalarNode(value, quoted=True) if isinstance(value, str) else value
