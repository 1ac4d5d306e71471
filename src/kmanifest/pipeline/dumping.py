"""Print objects that a program has changed or built."""

from kmanifest import yaml
from kmanifest.model.arguments import argument_error
from kmanifest.model.errors import KmanifestError, LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resource import Resource
from kmanifest.pipeline.rendered import unprintable_field
from kmanifest.startup.typing import Any, Iterable, Mapping


def dump(
    resources: "Iterable[Resource | Mapping[str, Any]] | Resource | Mapping[str, Any]",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> str:
    """Return objects as YAML documents with `---` between them, with the bytes that `kustomize build` prints for them.

    An object is a `Resource` or a mapping. A single object is printed as one document. A `Rendered` is printed as its
    resources.

    Raises SourceError for a value that YAML can't represent, such as a date or NaN; its `location.field` begins with
    the index of the object. Raises LimitError for more than `limits.max_output` characters.

    >>> from kmanifest import dump
    >>> print(dump([{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop"}}]), end="")
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
    """
    documents: list[str] = []
    size = 0
    dumper = yaml.Dumper(limits)
    for index, body in enumerate(map(_body_of, _as_iterable(resources))):
        try:
            document = dumper.dump(body)
        except KmanifestError as error:
            raise error.within(field=(index, *unprintable_field(body))) from error
        size += len(document)
        if size > limits.max_output:
            raise LimitError(
                f"the output has more than {limits.max_output} characters (max_output)"
            )
        documents.append(document)
    return "---\n".join(documents)


def _as_iterable(resources: Any) -> Iterable[Any]:
    if isinstance(resources, Resource | Mapping):
        return (resources,)
    if not isinstance(resources, Iterable) or isinstance(resources, str | bytes):
        raise argument_error("resources", resources, "an iterable of Resource objects or mappings")
    return resources


def _body_of(resource: Any) -> Mapping[str, Any]:
    if isinstance(resource, Resource):
        return resource.body
    if not isinstance(resource, Mapping):
        raise argument_error("an object in resources", resource, "a Resource or a mapping")
    return resource
