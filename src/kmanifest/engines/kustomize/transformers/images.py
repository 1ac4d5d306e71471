"""Change the names, tags and digests of images.

Source: kustomize v5.8.2 api/internal/builtins/ImageTagTransformer.go, api/filters/imagetag,
api/internal/image/image.go.
"""

from kmanifest.engines.kustomize.config import Specs, selects
from kmanifest.engines.kustomize.decoding import PLUGIN_CONFIG, RecordShape, decode
from kmanifest.engines.kustomize.kustomization import IMAGE
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter
from kmanifest.engines.kustomize.transformers.fields import (
    located,
    require_scalar,
    specs_of,
)
from kmanifest.model.errors import FieldPath, SourceError, near_names
from kmanifest.model.fieldpath import PathTree, find_fields, put, split_path
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import (
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)

_CONFIG: Final = RecordShape({"imageTag": IMAGE})
_CONTAINERS: Final = ("containers", "initContainers")
_TAG: Final = "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?"
_TAG_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.{}-"
_SPECIAL: Final = frozenset(r"\^$*+?()[]{}|")

Rename = Callable[[str], str]
ImageTest = Callable[[str], bool]


class _Image(NamedTuple):
    """An image of a resource: its field path, its text, its scalar, and how often it was found."""

    field: FieldPath
    text: str
    value: Any
    match_count: int


def set_images(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the built-in ImageTagTransformer: first on every list of containers at any depth, then on the field specs.

    An image that both find is changed twice, which is visible with `tagSuffix`. CustomResourceDefinitions are not
    changed.
    """
    image = decode(config.body, _CONFIG, PLUGIN_CONFIG).get("imageTag", {})
    matched: list[str] = []
    rename = renamer(image, matched)
    finder = _finder(ctx, specs_of(config.body))
    changed: dict[int, Resource] = {}
    images_by_index: dict[int, Sequence[_Image]] = {}
    writer = NodeWriter.of(ctx)
    for index, resource, images in finder.images_in(resources):
        if [image for image in images if rename(image.text) != image.text] or (
            writer.keeps_details and any(image.text in matched for image in images)
        ):
            changed[index], images_by_index[index] = _rename_images(
                resource, images, rename, writer, matched
            )
            continue
        if resource is not resources[index]:
            changed[index] = resource
        if images:
            images_by_index[index] = images
    if not matched:
        name = image.get("name", "")
        message = f"no image is called {name!r}"
        ctx.report_no_effect(
            message, field=("imageTag", "name"), near=lambda: _near_images(name, images_by_index)
        )
    return finder.remember(resources.replace(changed), images_by_index)


def _near_images(name: str, images_by_index: Mapping[int, Sequence[_Image]]) -> list[str]:
    """Return the image names most like `name`, or those with the same name in another registry."""
    names = {split_image(image.text)[0] for images in images_by_index.values() for image in images}
    last = name.rpartition("/")[2]
    return near_names(name, names) or sorted(one for one in names if one.split("/")[-1] == last)[:3]


class _ImageFinder:
    """Finds images, and keeps their field paths until something else than an image changes.

    A kustomization has many images, each a step of its own, and finding their fields takes longer than everything
    else.
    """

    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._paths = [split_path(spec[0], "/") for spec in specs]
        self._tree = PathTree(self._paths)
        self._resources: ResourceMap | None = None
        self._images_by_index: Mapping[int, Sequence[_Image]] = {}

    def images_in(self, resources: ResourceMap) -> Iterator[tuple[int, Resource, Sequence[_Image]]]:
        """Yield the resources that may have images, each with its index and its images."""
        if resources is self._resources:
            for index, images in self._images_by_index.items():
                yield index, resources[index], images
            return
        for index, resource in enumerate(resources):
            if resource.kind != "CustomResourceDefinition":
                yield index, *self._find_images(resource)

    def remember(
        self, resources: ResourceMap, images_by_index: Mapping[int, Sequence[_Image]]
    ) -> ResourceMap:
        """Remember all images of these resources, and return the resources."""
        self._resources, self._images_by_index = resources, images_by_index
        return resources

    def _find_images(self, resource: Resource) -> tuple[Resource, list[_Image]]:
        """Return the resource and its images.

        Each null where a spec requires a list becomes an empty list, as in kustomize, even if there are no images.
        """
        body: Any = resource.body
        try:
            located_values = [
                image for field in _container_lists(body) for image in _images_in(*field)
            ]
            for steps in self._paths_for(resource):
                matches, null_lists = find_fields(body, steps)
                located_values += matches
                for field in null_lists:
                    body = put(body, field, [])
        except SourceError as error:
            raise located(error, resource) from error
        return resource.with_body(body), _distinct_images(located_values, resource)

    def _paths_for(self, resource: Resource) -> list[list[str]]:
        """Return the paths for the type of a resource that may exist in its body."""
        group, version, kind, _, _ = resource.id
        return [
            self._paths[index]
            for index in self._tree.candidates(resource.body)
            if selects(self._specs[index], group, version, kind)
        ]


def _finder(ctx: Context, specs: Specs) -> _ImageFinder:
    """Return the finder that the steps of one build share; without a build state, each step gets a new one."""
    if ctx.state is None:
        return _ImageFinder(specs)
    finder: _ImageFinder = ctx.state.shared(("images", specs), lambda: _ImageFinder(specs))
    return finder


def _distinct_images(
    located_values: Iterable[tuple[FieldPath, Any]], resource: Resource
) -> list[_Image]:
    """Return the scalars among the values, each field once."""
    images: dict[FieldPath, _Image] = {}
    for field, value in located_values:
        if value is None:
            continue
        if value.__class__ is not str:
            _check_scalar(value, field, resource)
        match_count = images[field].match_count if field in images else 0
        images[field] = _Image(field, scalar_text(value), value, match_count + 1)
    return list(images.values())


def _check_scalar(value: Any, field: FieldPath, resource: Resource) -> None:
    try:
        require_scalar(value)
    except SourceError as error:
        raise located(error.within(field=field), resource) from None


def _has_containers(body: Any) -> bool:
    """Return whether some mapping in `body` has a field with the name of a list of containers; most have none."""
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


def _container_lists(body: Any) -> Iterator[tuple[FieldPath, list[Any]]]:
    """Yield every list of containers in `body`, with its field path."""
    if not _has_containers(body):
        return
    # Each mapping and list of the body is a branch. Those in one branch are next to each other.
    branches = [body]
    parents = [0]
    for index, branch in enumerate(branches):
        is_mapping = branch.__class__ is dict
        for item in branch.values() if is_mapping else branch:
            if item.__class__ is dict or item.__class__ is list:
                branches.append(item)
                parents.append(index)
        for name in _CONTAINERS if is_mapping else ():
            if branch.get(name).__class__ is list:
                yield (*_path_to(branches, parents, index), name), branch[name]


def _path_to(branches: Sequence[Any], parents: Sequence[int], index: int) -> FieldPath:
    """Return the steps from the first branch to this one."""
    steps: list[str | int] = []
    while index:
        parent = parents[index]
        branch = branches[parent]
        items = branch.items() if branch.__class__ is dict else enumerate(branch)
        inner = [step for step, item in items if item.__class__ is dict or item.__class__ is list]
        steps.append(inner[index - parents.index(parent, 1)])
        index = parent
    return tuple(reversed(steps))


def _images_in(field: FieldPath, containers: Sequence[Any]) -> Iterator[tuple[FieldPath, Any]]:
    for index, container in enumerate(containers):
        if container is None:
            continue
        if not isinstance(container, Mapping):
            message = f"expected a mapping, got {type_name(container)}"
            raise SourceError(message).within(field=(*field, index))
        yield (*field, index, "image"), container.get("image")


def _rename_images(
    resource: Resource,
    images: Sequence[_Image],
    rename: Rename,
    writer: NodeWriter,
    matched: Sequence[str],
) -> tuple[Resource, Sequence[_Image]]:
    """Return the resource with its images renamed, and its images afterwards.

    A value that has become null is no longer an image. An image in `matched` that keeps its text is written, too.
    """
    body = resource.body
    renamed = []
    for image in images:
        value = _renamed_value(image, rename, resource, writer, matched)
        if value is not image.value:
            body = put(body, image.field, value)
        if value is not None:
            renamed.append(_Image(image.field, scalar_text(value), value, image.match_count))
    return writer.finish(resource, body), renamed


def _renamed_value(
    image: _Image,
    rename: Rename,
    resource: Resource,
    writer: NodeWriter,
    matched: Sequence[str],
) -> Any:
    """Return the value of an image after it was renamed as often as it was found."""
    value = image.value
    for _ in range(image.match_count):
        text = None if value is None else scalar_text(value)
        if text is None:
            break
        new = rename(text)
        if new == text and not (writer.keeps_details and text in matched):
            break
        try:
            value = writer.set_scalar(value, new)
        except SourceError as error:
            raise located(error.within(field=image.field), resource) from None
    return value


def renamer(image: Mapping[str, str], matched: list[str]) -> Rename:
    """Return a function from an image's text to the new text.

    It adds the matching images, as text, to `matched`.
    """
    matches = _image_test(image.get("name", ""))

    renamed: dict[str, str] = {}

    def rename(text: str) -> str:
        new = renamed.get(text)
        if new is None:
            new = text
            if matches(text):
                matched.append(text)
                new = _new_image_text(text, image)
            renamed[text] = new
        return new

    return rename


def _new_image_text(text: str, image: Mapping[str, str]) -> str:
    name, tag, digest = split_image(text)
    name = image.get("newName") or name
    new_tag, new_digest = image.get("newTag", ""), image.get("digest", "")
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif image.get("tagSuffix"):
        tag, digest = tag + image["tagSuffix"], ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(text: str) -> tuple[str, str, str]:
    """Return the name, tag and digest of an image; a colon before the first slash belongs to the name.

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


def _image_test(name: str) -> ImageTest:
    """Return a test whether an image matches `name`, a regular expression.

    A name that does not compile matches nothing.
    """
    if _SPECIAL.isdisjoint(name):
        return _dotted_name_test(name)
    import re2  # 5 ms, and few names are patterns

    from kmanifest.model.patterns import check_pattern

    check_pattern(name)
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(f"^{name}{_TAG}$", options)
    except re2.error:
        return lambda _: False
    return lambda text: pattern.search(text) is not None


def _dotted_name_test(name: str) -> ImageTest:
    """Return a test for a name whose only special characters are dots: each dot matches any character."""
    dots = [index for index, char in enumerate(name) if char == "."]
    size = len(name)

    def matches(text: str) -> bool:
        head = text[:size]
        if head != name:
            if len(head) != size:
                return False
            chars = list(head)
            for index in dots:
                if chars[index] != "\n":
                    chars[index] = "."
            if "".join(chars) != name:
                return False
        return _is_tag(text[size:])

    return matches


def _is_tag(text: str) -> bool:
    """Return whether a text is a tag and a digest, either or none, as the pattern `_TAG` allows them.

    It is tested without `re`, which takes 4 ms to import.
    """
    tag, at, digest = text.partition("@")
    if tag and (tag[0] != ":" or tag[1:].strip(_TAG_CHARACTERS)):
        return False
    return not at or _is_digest(digest)


def _is_digest(text: str) -> bool:
    algorithm, colon, value = text.partition(":")
    for separator in ".+_":
        algorithm = algorithm.replace(separator, "-")
    names = algorithm.split("-")
    return (
        colon == ":"
        and not value.strip(_TAG_CHARACTERS)
        and all(name.isascii() and name.isalnum() for name in names)
    )
