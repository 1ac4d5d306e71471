"""Transformers that kustomize does not have, for configs of `apiVersion: kmanifest.dev/v1alpha1`.

They run only for an explicit config under `transformers`. So a kustomization without one has the same result as in
kustomize.
"""

from kmanifest.engines.kustomize.decoding import (
    ANY,
    CONFIGURATION,
    STRING,
    ListShape,
    RecordShape,
    decode,
)
from kmanifest.engines.kustomize.kustomization import IMAGE, SELECTOR
from kmanifest.engines.kustomize.selectors import Selector
from kmanifest.engines.kustomize.transformers.images import renamer
from kmanifest.model.errors import FieldPath, Location, MissingError, SourceError, near_names
from kmanifest.model.fieldpath import put
from kmanifest.model.findings import CHANGED_FIELD, Finding
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, Iterator, Mapping

_OBJECT: Final = RecordShape({"apiVersion": STRING, "kind": STRING, "metadata": ANY})
_IMAGES: Final = RecordShape({"images": ListShape(IMAGE), "imageFields": STRING}, _OBJECT)
_DROP: Final = RecordShape({"drop": ListShape(SELECTOR)}, _OBJECT)


def set_images_anywhere(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Run the ImageTransformer: change every matching string under a key `image`, in resources of any kind.

    So the images of Rollouts, Workflows, Tekton tasks and other custom resources change, too. Each changed field is a
    finding with the code `touched`. An image that matches nothing is reported as with `images`.
    """
    fields = decode(config.body, _IMAGES, CONFIGURATION)
    if fields.get("imageFields", "auto") != "auto":
        raise SourceError("imageFields must be auto").within(field=("imageFields",))
    image_texts = {text for resource in resources for _, text in _images_in(resource)}
    for index, image in enumerate(fields.get("images", ())):
        matched: list[str] = []
        rename = renamer(image, matched)
        changed = {}
        for position, resource in enumerate(resources):
            body: Any = resource.body
            for field, text in _images_in(resource):
                new = rename(text)
                if new != text:
                    body = put(body, field, new)
                    _report_change(ctx, resource, field, f"{text} is now {new}")
            changed[position] = resource.with_body(body)
        resources = resources.replace(changed)
        if not matched:
            name = image.get("name", "")
            ctx.report_no_effect(
                f"no image is called {name!r}",
                field=("images", index, "name"),
                near=lambda name=name: near_names(name, image_texts),  # type: ignore[misc]  # a default binds it
            )
    return resources


def _images_in(resource: Resource) -> Iterator[tuple[FieldPath, str]]:
    """Yield every string under a key `image`, with its field path; CustomResourceDefinitions have none."""
    if resource.kind == "CustomResourceDefinition":
        return
    pending: list[tuple[FieldPath, Any]] = [((), resource.body)]
    while pending:
        field, value = pending.pop()
        steps: Any = value.items() if isinstance(value, Mapping) else enumerate(value)
        for step, item in steps:
            if step == "image" and isinstance(item, str):
                yield (*field, step), item
            elif isinstance(item, Mapping | list):
                pending.append(((*field, step), item))


def _report_change(ctx: Context, resource: Resource, field: FieldPath, message: str) -> None:
    origin = resource.origin
    location = Location(origin.file, field=field, document=origin.document)
    ctx.on_finding(Finding("info", f"{resource.id}: {message}", location, CHANGED_FIELD))


def drop(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """Run the DropTransformer: return the resources without those that its selectors match.

    Raises MissingError for a selector that matches none.
    """
    fields = decode(config.body, _DROP, CONFIGURATION)
    dropped_indexes: set[int] = set()
    for index, selector in enumerate(fields.get("drop", ())):
        try:
            indexes = Selector.of(selector).matching_indexes(resources)
        except SourceError as error:
            raise error.within(field=("drop", index)) from None
        if not indexes:
            name = f"{selector.get('kind', '')}/{selector.get('name', '')}".strip("/")
            near = near_names(name, names_of(resources))
            message = f"no resource to drop is selected by {name or 'this selector'}"
            raise MissingError(message, near=near).within(field=("drop", index))
        dropped_indexes.update(indexes)
    dropped = {id(resources[position]) for position in dropped_indexes}
    return resources.where(lambda resource: id(resource) not in dropped)
