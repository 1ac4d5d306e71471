"""Images: new names, tags and digests.

Source: kustomize v5.8.2 api/internal/builtins/ImageTagTransformer.go, api/filters/imagetag, api/internal/image/image.go.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kmanifest.errors import KmanifestError, SourceError
from kmanifest.fieldpath import FieldUpdate, Setter, get, put
from kmanifest.kustomize.config import FieldTable
from kmanifest.kustomize.kustomization import IMAGE
from kmanifest.kustomize.scalars import retype
from kmanifest.kustomize.shapes import PLUGIN_CONFIG, Record, fit
from kmanifest.kustomize.transformers.fields import (
    located,
    require_scalar,
    specs_of,
    update_by_type,
)
from kmanifest.plugin import Context
from kmanifest.resource import Resource
from kmanifest.resourcemap import ResourceMap
from kmanifest.values import scalar_text, type_name

_CONFIG: Final = Record({"imageTag": IMAGE})
_CONTAINERS: Final = ("containers", "initContainers")
_TAG: Final = "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?"
_TAG_PATTERN: Final = re.compile(_TAG)
_SPECIAL: Final = frozenset(r"\^$*+?()[]{}|")

Matcher = Callable[[str], bool]


def set_images(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """The built-in ImageTagTransformer: first in every list of containers, wherever it is, then by the field specs.

    An image that both find is changed twice, which shows with `tagSuffix`. Definitions of custom resources are left.
    """
    image = fit(config.body, _CONFIG, PLUGIN_CONFIG).get("imageTag", {})
    change = _updater(image)
    table = FieldTable(specs_of(config.body))
    update = FieldUpdate(change)

    def change_one(resource: Resource) -> Resource:
        if resource.kind == "CustomResourceDefinition":
            return resource
        return update_by_type(_change_containers(resource, change), table, update)

    return resources.map(change_one)


def _change_containers(resource: Resource, change: Setter) -> Resource:
    body = resource.body
    try:
        for field in _container_lists(body):
            body = _change_list(body, field, change)
    except KmanifestError as error:
        raise located(error, resource) from error
    return resource.with_body(body)


def _container_lists(body: Any) -> Iterator[tuple[str | int, ...]]:
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), body)]
    while todo:
        field, value = todo.pop()
        if value.__class__ is dict:
            for key, item in value.items():
                kind = item.__class__
                if kind is list and key in _CONTAINERS:
                    yield (*field, key)
                if kind is dict or kind is list:
                    todo.append(((*field, key), item))
        else:
            todo.extend(
                ((*field, index), item)
                for index, item in enumerate(value)
                if item.__class__ is dict or item.__class__ is list
            )


def _change_list(body: Any, field: tuple[str | int, ...], change: Setter) -> Any:
    for index, container in enumerate(get(body, field)):
        if container is None:
            continue
        if not isinstance(container, Mapping):
            raise SourceError(f"expected a mapping, got {type_name(container)}").within(
                field=(*field, index)
            )
        old = container.get("image")
        if old is None:
            continue
        try:
            new = change(old)
        except SourceError as error:
            raise error.within(field=(*field, index, "image")) from None
        if new is not old:
            body = put(body, (*field, index, "image"), new)
    return body


def _updater(image: Mapping[str, str]) -> Setter:
    matches = _matcher(image.get("name", ""))

    def change(old: Any) -> Any:
        require_scalar(old)
        if old is None:
            return old
        text = scalar_text(old)
        if not matches(text):
            return old
        new = _changed(text, image)
        return old if new == text else retype(old, new)

    return change


def _changed(text: str, image: Mapping[str, str]) -> str:
    name, tag, digest = split_image(text)
    name = image.get("newName") or name
    new_tag, new_digest = image.get("newTag", ""), image.get("digest", "")
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif image.get("tagSuffix"):
        tag, digest = tag + image["tagSuffix"], ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(text: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image; a colon before the first slash belongs to the name.

    Source: kustomize v5.8.2 api/internal/image/image.go, Split.
    """
    slash = max(text.find("/"), 0)
    at, colon = text.find("@", slash), text.find(":", slash)
    if at < 0 and colon < 0:
        return text, "", ""
    if at >= 0 and (colon < 0 or at < colon):
        return text[:at], "", text[at:].removeprefix("@")
    if at >= 0:
        return text[:colon], text[colon:at].removeprefix(":"), text[at:].removeprefix("@")
    return text[:colon], text[colon:].removeprefix(":"), ""


def _matcher(name: str) -> Matcher:
    """Whether an image is the one that `name`, a regular expression, means. What does not compile means nothing."""
    if _SPECIAL.isdisjoint(name):
        return _dotted_matcher(name)
    import re2  # 5 ms, and few names are patterns

    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(f"^{name}{_TAG}$", options)
    except re2.error:
        return lambda _: False
    return lambda text: pattern.search(text) is not None


def _dotted_matcher(name: str) -> Matcher:
    """A match for a name in which only dots are special: each stands for any character."""
    dots = [place for place, char in enumerate(name) if char == "."]
    size = len(name)

    def matches(text: str) -> bool:
        head = text[:size]
        if head != name:
            if len(head) != size:
                return False
            chars = list(head)
            for place in dots:
                if chars[place] != "\n":
                    chars[place] = "."
            if "".join(chars) != name:
                return False
        return _TAG_PATTERN.fullmatch(text, size) is not None

    return matches
