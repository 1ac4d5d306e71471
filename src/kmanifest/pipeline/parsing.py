"""Parse manifests into resources: split documents, expand lists, and check that every object has a kind and a name.

Parsed bodies are cached in `ctx.cache` by content. All builds that read the same bytes share them.
Source: kustomize v5.8.2 api/resource/factory.go; kyaml/kio/byteio_reader.go.
"""

from kmanifest import yaml
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.resource import REWRITTEN_AS_FLOW, Origin, Resource, string_or_empty
from kmanifest.model.values import Body, IntText, ScalarNode, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Mapping, NamedTuple, Sequence

_EMPTY: Final[tuple[Any, ...]] = (None, {}, [])
KEEPS_QUOTES: Final = "keeps quotes"
"""The key in the state of a build for whether quoted strings are read as `ScalarNode`s."""

_NO_NAME: Final[tuple[Any, ...]] = ("", *_EMPTY)


class NotAnObjectError(SourceError):
    """The content was read, but is not an object with a kind and a name."""


class LoadedObject(NamedTuple):
    """One object of a file, the index of the document that contains it, and how it was written since it was read."""

    body: Body
    document: int
    rewritten: str = ""


def keeps_quotes(ctx: Context) -> bool:
    """Return whether this build reads quoted strings as `ScalarNode`s."""
    return ctx.state is not None and ctx.state.shared(KEEPS_QUOTES, bool) is True


def parse(
    ctx: Context,
    content: bytes,
    file: str,
    *,
    allow_other_keys: bool = False,
    keep_quotes: bool = False,
) -> list[Resource]:
    """Return the resources in the content of `file`. `file` is empty for manifests inside a kustomization.

    `allow_other_keys` and `keep_quotes` are those of `yaml.load_documents`. Raises SourceError if the content is invalid, LimitError if
    it exceeds a limit.
    """
    limits = ctx.options.limits
    kind = "patches" if allow_other_keys else "resources"
    try:
        objects = ctx.cache.get(
            (kind, content, limits),
            lambda: _load_objects(
                content,
                ctx,
                allow_other_keys=allow_other_keys,
                keep_quotes=keep_quotes or keeps_quotes(ctx),
            ),
            weight=8 * len(content),
        )
    except KmanifestError as error:
        raise error.within(file=file) from error
    if len(objects) > limits.max_objects:
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
        for body, document, rewritten in objects
    ]


def _load_objects(
    content: bytes, ctx: Context, *, allow_other_keys: bool, keep_quotes: bool
) -> Sequence[LoadedObject]:
    scalar_cache = None if ctx.state is None else ctx.state.shared("scalar cache", yaml.ScalarCache)
    documents = yaml.load_documents(
        content,
        limits=ctx.options.limits,
        scalar_cache=scalar_cache,
        allow_other_keys=allow_other_keys,
        keep_quotes=keep_quotes,
    )
    bodies: Sequence[Any] = documents
    objects = [LoadedObject(body, index) for index, body in enumerate(bodies) if body not in _EMPTY]
    if len(documents) == 1:
        objects = _unwrap_list(objects)
    for body, document, _ in objects:
        check_metadata(body, document)
    return _expand_lists(objects)


def _unwrap_list(objects: list[LoadedObject]) -> list[LoadedObject]:
    """Return the items of a file that is a single List or ResourceList, or the input of a function."""
    body = objects[0].body if objects else None
    if not isinstance(body, Mapping) or body.get("kind") not in ("List", "ResourceList"):
        return objects
    if "items" not in body and "functionConfig" not in body:
        return objects
    items = body.get("items")
    return (
        [LoadedObject(item, 0) for item in items or () if item not in _EMPTY]
        if isinstance(items, list)
        else []
    )


def check_metadata(body: Any, document: int | None) -> None:
    """Raise NotAnObjectError if an object has no kind or no name.

    Source: kyaml v0.21.2 yaml/rnode.go, GetValidatedMetadata.
    """
    if not _is_mapping(body):
        raise NotAnObjectError(f"expected an object, got {type_name(body)}").within(
            document=document
        )
    kind = body.get("kind")
    if not kind:
        raise NotAnObjectError("a kind is missing").within(field=("kind",), document=document)
    if isinstance(kind, str) and kind.endswith("List"):
        return
    metadata = body.get("metadata")
    if not _is_mapping(metadata) or metadata.get("name") in _NO_NAME:
        field = ("metadata", "name")
        raise NotAnObjectError("a name is missing").within(field=field, document=document)


def _is_mapping(value: Any) -> bool:
    # The first test is for speed: isinstance is slow with an abstract class.
    return value.__class__ is dict or isinstance(value, Mapping)


def _expand_lists(objects: Sequence[LoadedObject]) -> Sequence[LoadedObject]:
    """Return the objects with lists replaced by their items, which come after all other objects of the file.

    A list is an object of any kind that ends in `List`.
    """
    if not any(str(body.get("kind")).endswith("List") for body, *_ in objects):
        return objects
    expanded, queue = [], list(objects)
    for body, document, rewritten in queue:
        if not str(body.get("kind")).endswith("List") or "items" not in body:
            expanded.append(LoadedObject(body, document, rewritten))
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
            item_object = LoadedObject(without_source_text(item), document, REWRITTEN_AS_FLOW)
            try:
                check_metadata(item_object.body, document)
            except SourceError as error:
                raise error.within(field=("items", index)) from None
            queue.append(item_object)
    return expanded


def without_source_text(value: Any) -> Any:
    """Return a value as it is after writing it as JSON and reading it again.

    Strings are quoted then, and a null is written as `null`.
    """
    if isinstance(value, Mapping):
        return {
            str(key) if item is None else key: without_source_text(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_source_text(item) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else float(value)
    if isinstance(value, IntText):
        return int(value)
    return ScalarNode(value, quoted=True) if isinstance(value, str) else value
