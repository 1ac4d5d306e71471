"""Transformers that kustomize does not have, for configs of `apiVersion: kmanifest.dev/v1alpha1`.

They are asked for by a config of their own under `transformers`, so that a plain kustomization keeps one meaning.
"""

from collections.abc import Iterator, Mapping

from kmanifest.engines.kustomize.decoding import CONFIGURATION, ListOf, Record, fit
from kmanifest.engines.kustomize.kustomization import IMAGE, SELECTOR
from kmanifest.engines.kustomize.selectors import Selector
from kmanifest.engines.kustomize.transformers.images import renamer
from kmanifest.model.errors import Location, MissingError, SourceError, near_names
from kmanifest.model.fieldpath import put
from kmanifest.model.findings import CHANGED_FIELD, Finding
from kmanifest.model.resource import Resource, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_OBJECT: Final = Record({"apiVersion": "text", "kind": "text", "metadata": "any"})
_IMAGES: Final = Record({"images": ListOf(IMAGE), "imageFields": "text"}, _OBJECT)
_DROP: Final = Record({"drop": ListOf(SELECTOR)}, _OBJECT)

Place = tuple[str | int, ...]


def set_images_anywhere(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The ImageTransformer: every text under a key `image`, in resources of any kind, whose image is meant.

    So it knows the images of Rollouts, Workflows, Tekton's tasks and of custom resources of any other kind. Each field that
    it changes is a finding with the code `touched`; an image that is nowhere is reported as of `images`.
    """
    fitted = fit(config.body, _IMAGES, CONFIGURATION)
    if fitted.get("imageFields", "auto") != "auto":
        raise SourceError("the one value of imageFields is auto").within(field=("imageFields",))
    known = {text for resource in resources for _, text in _images_in(resource)}
    for index, image in enumerate(fitted.get("images", ())):
        meant: list[str] = []
        rename = renamer(image, meant)
        changed = {}
        for place, resource in enumerate(resources):
            body: Any = resource.body
            for field, text in _images_in(resource):
                new = rename(text)
                if new != text:
                    body = put(body, field, new)
                    _tell(ctx, resource, field, f"{text} is now {new}")
            changed[place] = resource.with_body(body)
        resources = resources.replace(changed)
        if not meant:
            name = image.get("name", "")
            ctx.report_no_effect(
                f"no image is called {name!r}",
                field=("images", index, "name"),
                near=lambda name=name: near_names(name, known),  # type: ignore[misc]  # a default binds it
            )
    return resources


def _images_in(resource: Resource) -> Iterator[tuple[Place, str]]:
    """Every text under a key `image`, with its place; definitions of custom resources have none."""
    if resource.kind == "CustomResourceDefinition":
        return
    waiting: list[tuple[Place, Any]] = [((), resource.body)]
    while waiting:
        place, value = waiting.pop()
        steps: Any = value.items() if isinstance(value, Mapping) else enumerate(value)
        for step, item in steps:
            if step == "image" and isinstance(item, str):
                yield (*place, step), item
            elif isinstance(item, Mapping | list):
                waiting.append(((*place, step), item))


def _tell(ctx: Context, resource: Resource, field: Place, message: str) -> None:
    origin = resource.origin
    location = Location(origin.file, field=field, document=origin.document)
    ctx.on_finding(Finding("info", f"{resource.id}: {message}", location, CHANGED_FIELD))


def drop(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:  # noqa: ARG001 - a Transformer
    """The DropTransformer: the resources without those that its selectors mean; MissingError for one that means none."""
    fitted = fit(config.body, _DROP, CONFIGURATION)
    gone: set[int] = set()
    for index, selector in enumerate(fitted.get("drop", ())):
        try:
            places = Selector.of(selector).places_in(resources)
        except SourceError as error:
            raise error.within(field=("drop", index)) from None
        if not places:
            wanted = f"{selector.get('kind', '')}/{selector.get('name', '')}".strip("/")
            near = near_names(wanted, names_of(resources))
            message = f"nothing to drop is selected by {wanted or 'this'}"
            raise MissingError(message, near=near).within(field=("drop", index))
        gone.update(places)
    dropped = {id(resources[place]) for place in gone}
    return resources.where(lambda resource: id(resource) not in dropped)
