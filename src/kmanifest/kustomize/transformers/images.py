"""Images: new names, tags and digests.

Source: kustomize v5.8.2 api/internal/builtins/ImageTagTransformer.go, api/filters/imagetag, api/internal/image/image.go.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from kmanifest.errors import SourceError
from kmanifest.fieldpath import Setter, find_fields, get, put
from kmanifest.kustomize.config import FieldTable
from kmanifest.kustomize.kustomization import IMAGE
from kmanifest.kustomize.scalars import retype
from kmanifest.kustomize.shapes import PLUGIN_CONFIG, Record, fit
from kmanifest.kustomize.transformers.fields import (
    located,
    require_scalar,
    specs_of,
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
Place = tuple[str | int, ...]


def set_images(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in ImageTagTransformer: first in every list of containers, wherever it is, then by the field specs.

    An image that both find is changed twice, which shows with `tagSuffix`. Definitions of custom resources are left.
    """
    image = fit(config.body, _CONFIG, PLUGIN_CONFIG).get("imageTag", {})
    change = _updater(image)
    specs = specs_of(config.body)
    sites: _Sites = _Sites() if ctx.memo is None else ctx.memo.tool(("images", specs), _Sites)
    table = FieldTable(specs)

    def change_one(resource: Resource) -> Resource:
        if resource.kind == "CustomResourceDefinition":
            return resource
        places = sites.get(resource)
        if places is None:
            resource, places = _find_places(resource, table)
        elif not places:
            return resource
        return sites.keep(_change_places(resource, places, change), places)

    return resources.map(change_one)


class _Sites:
    """Where the images of each resource are, as long as nothing but images has changed since they were looked for.

    A kustomization has many images, each a step of its own, and looking for the places takes longer than all else.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Any, tuple[Place, ...]]] = {}

    def get(self, resource: Resource) -> tuple[Place, ...] | None:
        """The places in this resource; None where they are not known, or its body has changed."""
        lineage, body, found = self._known.get(id(resource.lineage), (None, None, ()))
        return found if lineage is resource.lineage and body is resource.body else None

    def keep(self, resource: Resource, found: tuple[Place, ...]) -> Resource:
        """Remember the places in this resource, which is given back."""
        self._known[id(resource.lineage)] = resource.lineage, resource.body, found
        return resource


def _find_places(resource: Resource, table: FieldTable) -> tuple[Resource, tuple[Place, ...]]:
    """The places of images, and the resource with an empty list for each null where a spec demands a list.

    kustomize makes it so, whether there are images or not.
    """
    body: Any = resource.body
    try:
        places = [place for at in _container_lists(body) for place in _images_in(body, at)]
        for steps, _ in table.of(*resource.id[:3]):
            found, null_lists = find_fields(body, steps)
            places += found
            for place in null_lists:
                body = put(body, place, [])
    except SourceError as error:
        raise located(error, resource) from error
    images = tuple([place for place in places if get(body, place) is not None])
    return resource.with_body(body), images


def _container_lists(body: Any) -> Iterator[Place]:
    if not _has_containers(body):
        return
    todo: list[tuple[Any, Any]] = [(None, body)]
    while todo:
        link, value = todo.pop()
        steps = value.items() if value.__class__ is dict else enumerate(value)
        for step, item in steps:
            if item.__class__ is dict or item.__class__ is list:
                here = link, step
                if step in _CONTAINERS and item.__class__ is list:
                    yield _unlinked(here)
                todo.append((here, item))


def _unlinked(link: Any) -> Place:
    """The place that a link means: the link to the container it is in, and the last step."""
    steps = []
    while link is not None:
        link, step = link
        steps.append(step)
    return tuple(reversed(steps))


def _has_containers(body: Any) -> bool:
    """True where some mapping in `body` has a field called as lists of containers are; most have none."""
    todo = [body]
    while todo:
        value = todo.pop()
        if value.__class__ is dict:
            if "containers" in value or "initContainers" in value:
                return True
            value = value.values()
        todo += [item for item in value if item.__class__ is dict or item.__class__ is list]
    return False


def _images_in(body: Any, at: Place) -> Iterator[Place]:
    for index, container in enumerate(get(body, at)):
        if container is not None and not isinstance(container, Mapping):
            message = f"expected a mapping, got {type_name(container)}"
            raise SourceError(message).within(field=(*at, index))
        yield (*at, index, "image")


def _change_places(resource: Resource, places: tuple[Place, ...], change: Setter) -> Resource:
    body = resource.body
    for place in places:
        old = get(body, place)
        try:
            new = change(old)
        except SourceError as error:
            raise located(error.within(field=place), resource) from None
        if new is not old:
            body = put(body, place, new)
    return resource.with_body(body)


def _updater(image: Mapping[str, str]) -> Setter:
    matches = _matcher(image.get("name", ""))

    @cache
    def changed(text: str) -> str:
        return _changed(text, image) if matches(text) else text

    def change(old: Any) -> Any:
        require_scalar(old)
        if old is None:
            return old
        text = scalar_text(old)
        new = changed(text)
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
