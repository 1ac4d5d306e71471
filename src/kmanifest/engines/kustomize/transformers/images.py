"""Images: new names, tags and digests.

Source: kustomize v5.8.2 api/internal/builtins/ImageTagTransformer.go, api/filters/imagetag, api/internal/image/image.go.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from kmanifest.engines.kustomize.config import Specs, selects
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, Record, fit
from kmanifest.engines.kustomize.kustomization import IMAGE
from kmanifest.engines.kustomize.scalars import retype
from kmanifest.engines.kustomize.transformers.fields import (
    located,
    require_scalar,
    specs_of,
)
from kmanifest.model.errors import SourceError, near_names
from kmanifest.model.fieldpath import PathTree, find_fields, put, split_path
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

_CONFIG: Final = Record({"imageTag": IMAGE})
_CONTAINERS: Final = ("containers", "initContainers")
_TAG: Final = "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?"
_TAG_PATTERN: Final = re.compile(_TAG)
_SPECIAL: Final = frozenset(r"\^$*+?()[]{}|")

Rename = Callable[[str], str]
Matcher = Callable[[str], bool]
Place = tuple[str | int, ...]


class _Image(NamedTuple):
    """An image of a resource: where it is, its text, the scalar that has the text, and how often it was found."""

    place: Place
    text: str
    value: Any
    times: int


def set_images(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The built-in ImageTagTransformer: first in every list of containers, wherever it is, then by the field specs.

    An image that both find is changed twice, which shows with `tagSuffix`. Definitions of custom resources are left.
    """
    image = fit(config.body, _CONFIG, PLUGIN_CONFIG).get("imageTag", {})
    meant: list[str] = []
    rename = renamer(image, meant)
    finder = _finder(ctx, specs_of(config.body))
    changed: dict[int, Resource] = {}
    known: dict[int, Sequence[_Image]] = {}
    for number, found, images in finder.images_in(resources):
        if [image for image in images if rename(image.text) != image.text]:
            changed[number], known[number] = _rename_in(found, images, rename)
            continue
        if found is not resources[number]:
            changed[number] = found
        if images:
            known[number] = images
    if not meant:
        name = image.get("name", "")
        message = f"no image is called {name!r}"
        ctx.report_no_effect(
            message, field=("imageTag", "name"), near=lambda: _near_images(name, known)
        )
    return finder.keep(resources.replace(changed), known)


def _near_images(name: str, known: Mapping[int, Sequence[_Image]]) -> list[str]:
    """The names of images most like `name`, else those that are called so in another registry."""
    names = {split_image(image.text)[0] for images in known.values() for image in images}
    last = name.rpartition("/")[2]
    return near_names(name, names) or sorted(one for one in names if one.split("/")[-1] == last)[:3]


class _Finder:
    """Finds images, and knows where they are as long as nothing but images has changed since.

    A kustomization has many images, each a step of its own, and looking for the places takes longer than all else.
    """

    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._paths = [split_path(spec[0], "/") for spec in specs]
        self._tree = PathTree(self._paths)
        self._resources: ResourceMap | None = None
        self._known: Mapping[int, Sequence[_Image]] = {}

    def images_in(self, resources: ResourceMap) -> Iterator[tuple[int, Resource, Sequence[_Image]]]:
        """Resources that may have images, each with its number and its images."""
        if resources is self._resources:
            for number, images in self._known.items():
                yield number, resources[number], images
            return
        for number, resource in enumerate(resources):
            if resource.kind != "CustomResourceDefinition":
                yield number, *self._find_images(resource)

    def keep(self, resources: ResourceMap, known: Mapping[int, Sequence[_Image]]) -> ResourceMap:
        """Remember all images of these resources, which are given back."""
        self._resources, self._known = resources, known
        return resources

    def _find_images(self, resource: Resource) -> tuple[Resource, list[_Image]]:
        """The images of a resource, and the resource with an empty list for each null where a spec demands a list.

        kustomize makes it so, whether there are images or not.
        """
        body: Any = resource.body
        try:
            places = [image for place in _container_lists(body) for image in _images_in(*place)]
            for steps in self._paths_for(resource):
                found, null_lists = find_fields(body, steps)
                places += found
                for place in null_lists:
                    body = put(body, place, [])
        except SourceError as error:
            raise located(error, resource) from error
        return resource.with_body(body), _images(places, resource)

    def _paths_for(self, resource: Resource) -> list[list[str]]:
        """The paths for the type of a resource that may lead to something in it."""
        group, version, kind, _, _ = resource.id
        return [
            self._paths[number]
            for number in self._tree.candidates(resource.body)
            if selects(self._specs[number], group, version, kind)
        ]


def _finder(ctx: Context, specs: Specs) -> _Finder:
    """The finder that the steps of one build share; a build without a memo has one for each step."""
    if ctx.state is None:
        return _Finder(specs)
    finder: _Finder = ctx.state.shared(("images", specs), lambda: _Finder(specs))
    return finder


def _images(places: Iterable[tuple[Place, Any]], resource: Resource) -> list[_Image]:
    """The scalars among what was found, each place once."""
    images: dict[Place, _Image] = {}
    for place, value in places:
        if value is None:
            continue
        if value.__class__ is not str:
            _check_scalar(value, place, resource)
        times = images[place].times if place in images else 0
        images[place] = _Image(place, scalar_text(value), value, times + 1)
    return list(images.values())


def _check_scalar(value: Any, place: Place, resource: Resource) -> None:
    try:
        require_scalar(value)
    except SourceError as error:
        raise located(error.within(field=place), resource) from None


def _has_containers(body: Any) -> bool:
    """True where some mapping in `body` has a field called as lists of containers are; most have none."""
    branches = [body]
    for branch in branches:
        items = branch
        if branch.__class__ is dict:
            if "containers" in branch or "initContainers" in branch:
                return True
            items = branch.values()
        for item in items:
            if item.__class__ is dict or item.__class__ is list:
                branches.append(item)  # noqa: PERF401 - a list comprehension of few items takes longer
    return False


def _container_lists(body: Any) -> Iterator[tuple[Place, list[Any]]]:
    """Every list of containers in `body`, with its place."""
    if not _has_containers(body):
        return
    # Each mapping and list of the body is a branch; those within one branch follow one another.
    branches = [body]
    parents = [0]
    for number, branch in enumerate(branches):
        is_mapping = branch.__class__ is dict
        for item in branch.values() if is_mapping else branch:
            if item.__class__ is dict or item.__class__ is list:
                branches.append(item)
                parents.append(number)
        for name in _CONTAINERS if is_mapping else ():
            if branch.get(name).__class__ is list:
                yield (*_way(branches, parents, number), name), branch[name]


def _way(branches: Sequence[Any], parents: Sequence[int], number: int) -> Place:
    """The steps from the first branch to this one."""
    steps: list[str | int] = []
    while number:
        parent = parents[number]
        branch = branches[parent]
        items = branch.items() if branch.__class__ is dict else enumerate(branch)
        inner = [step for step, item in items if item.__class__ is dict or item.__class__ is list]
        steps.append(inner[number - parents.index(parent, 1)])
        number = parent
    return tuple(reversed(steps))


def _images_in(at: Place, containers: Sequence[Any]) -> Iterator[tuple[Place, Any]]:
    for index, container in enumerate(containers):
        if container is None:
            continue
        if not isinstance(container, Mapping):
            message = f"expected a mapping, got {type_name(container)}"
            raise SourceError(message).within(field=(*at, index))
        yield (*at, index, "image"), container.get("image")


def _rename_in(
    resource: Resource, images: Sequence[_Image], rename: Rename
) -> tuple[Resource, Sequence[_Image]]:
    """The resource with its images renamed, and its images then; what has become null is none any more."""
    body = resource.body
    renamed = []
    for image in images:
        value = _renamed(image, rename, resource)
        if value is not image.value:
            body = put(body, image.place, value)
        if value is not None:
            renamed.append(_Image(image.place, scalar_text(value), value, image.times))
    return resource.with_body(body), renamed


def _renamed(image: _Image, rename: Rename, resource: Resource) -> Any:
    """What stands in the place of an image, renamed as often as it was found."""
    value = image.value
    for _ in range(image.times):
        text = None if value is None else scalar_text(value)
        if text is None or (new := rename(text)) == text:
            break
        try:
            value = retype(value, new)
        except SourceError as error:
            raise located(error.within(field=image.place), resource) from None
    return value


def renamer(image: Mapping[str, str], meant: list[str]) -> Rename:
    """A function from an image's text to the new one; the texts of images that are meant are added to `meant`."""
    matches = _matcher(image.get("name", ""))

    @cache
    def rename(text: str) -> str:
        if not matches(text):
            return text
        meant.append(text)
        return _changed(text, image)

    return rename


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
