"""Find the objects in the value of a program: nested objects and lists, as Tanka and kubecfg read them.

Source: tanka pkg/process/extract.go and process.go; pkg/kubernetes/manifest/manifest.go.
"""

from collections.abc import Iterator, Mapping

from kmanifest.engines.jsonnet.printing import type_name
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import RenderError
from kmanifest.startup.typing import Any, Final, NamedTuple

_IGNORED_FIELD: Final = "__ksonnet"


class Manifest(NamedTuple):
    """An object, and its path in the value of the program, such as `.web.deployment`."""

    path: str
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind."""
        return str(self.body["kind"])

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata."""
        metadata: Mapping[str, Any] = self.body["metadata"]
        return metadata


def find_manifests(value: Any, *, allow_null: bool) -> list[Manifest]:
    """Return the objects with an `apiVersion` and a `kind`, in order. A list is replaced by its items.

    A field that is null is skipped. `allow_null`: a null in a list is skipped, too. Raises RenderError for any other
    value that is not an object, and for an object without valid metadata.
    """
    found: list[Manifest] = []
    for manifest in _walk(value, "", allow_null=allow_null):
        items = manifest.body.get("items")
        if not isinstance(items, list):
            found.append(_checked(manifest))
            continue
        for index, item in enumerate(items):
            path = f"{manifest.path}.items[{index}]"
            if not isinstance(item, dict):
                raise RenderError(
                    f"{path}: an item of a list is not an object, but {type_name(item)}"
                )
            found.append(_checked(Manifest(path, item)))
    return found


def _walk(value: Any, path: str, *, allow_null: bool) -> Iterator[Manifest]:
    check_time()
    if isinstance(value, list):
        for index, item in enumerate(value):
            if item is None and allow_null:
                continue
            yield from _walk(item, f"{path}.[{index}]", allow_null=allow_null)
    elif isinstance(value, dict):
        problem = _problem(value)
        if not problem:
            yield Manifest(path or ".", _without_ignored_field(value))
            return
        for key in sorted(value):
            item = value[key]
            if item is None or key == _IGNORED_FIELD:
                continue
            if not isinstance(item, dict | list):
                raise _invalid(path, f"{problem}, and {key!r} is {type_name(item)}")
            yield from _walk(item, f"{path}.{key}", allow_null=allow_null)
    elif value is None and allow_null:
        return
    else:
        raise _invalid(path.rpartition(".")[0], f"expected an object, got {type_name(value)}")


def _without_ignored_field(value: dict[str, Any]) -> dict[str, Any]:
    if _IGNORED_FIELD not in value:
        return value
    return {key: item for key, item in value.items() if key != _IGNORED_FIELD}


def _invalid(path: str, problem: str) -> RenderError:
    return RenderError(f"found invalid Kubernetes object (at {path or '.'}): {problem}")


def _problem(value: Mapping[str, Any]) -> str:
    """Return why an object is not one of Kubernetes, or an empty string."""
    for name in ("apiVersion", "kind"):
        field = value.get(name)
        if field is None:
            return f"the field {name} is missing"
        if not isinstance(field, str):
            return f"the field {name} is {type_name(field)}"
        if not field:
            return f"the field {name} is empty"
    return ""


def _checked(manifest: Manifest) -> Manifest:
    path, body = manifest
    problem = _problem(body)
    if problem:
        raise RenderError(f"{path}: {problem}")
    if isinstance(body.get("items"), list):  # a list has no metadata
        return manifest
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise RenderError(f"{path}: metadata missing or not an object")
    if not any(isinstance(metadata.get(name), str) for name in ("name", "generateName")):
        raise RenderError(f"{path}: metadata.name missing or not of string type")
    for name in ("labels", "annotations"):
        values = metadata.get(name)
        if values is None:
            continue
        if not isinstance(values, dict):
            raise RenderError(f"{path}: metadata.{name} must be an object")
        if not all(isinstance(value, str) for value in values.values()):
            raise RenderError(f"{path}: metadata.{name} must be strings")
    return manifest
