"""The kustomization that Flux builds: that of the directory, changed by the fields of the Flux Kustomization.

Source: fluxcd/pkg kustomize/kustomize_generator.go, GenerateManifest and scanManifests.
"""

import json
from collections.abc import Iterator, Mapping

from kmanifest import yaml
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.model.values import as_list, as_mapping, as_string, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE_PREFIXES: Final = (
    "git::",
    "gh:",
    "ssh://",
    "https://",
    "http://",
    "git@",
    "github.com:",
    "github.com/",
)
_NOT_IN_ARTIFACTS: Final = frozenset({
    ".git", ".github", ".circleci", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml", ".goreleaser.yml", ".sops.yaml", ".flux.yaml",
})  # fmt: skip
"""Files and directories that Flux leaves out of the artifact of a repository. Source: sourceignore.go."""

_SELECTOR_FIELDS: Final = (
    "group", "kind", "version", "name", "namespace", "labelSelector", "annotationSelector",
)  # fmt: skip
_LIST_FIELDS: Final = (
    "patches", "components", "patchesStrategicMerge", "patchesJson6902", "images",
)  # fmt: skip
"""The lists of a kustomization that a `spec` adds items to."""

_IMAGE_FIELDS: Final = ("name", "newName", "newTag", "digest")


def generate(ctx: Context, directory: str, spec: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the path and the content of the kustomization file in a directory, with the fields of a `spec`."""
    file = _find_file(ctx, directory)
    if file:
        kustomization = _load(ctx, file)
        if not kustomization.get("resources"):
            # Flux adds the field so that the kustomization is never empty.
            kustomization["buildMetadata"] = ["originAnnotations"]
    else:
        file = trees.join(directory, FILE_NAMES[0])
        kustomization = _of_manifests(ctx, directory)
    _apply(ctx, directory, spec, kustomization)
    # Flux builds without an option for the order, which is the order of the resources, not that of the command.
    kustomization.setdefault("sortOptions", {"order": "fifo"})
    return file, yaml.dump(kustomization).encode()


def _find_file(ctx: Context, directory: str) -> str:
    for name in FILE_NAMES:
        path = trees.join(directory, name)
        try:
            real = ctx.tree.resolve(path)
        except KmanifestError:
            continue
        if ctx.tree.kind(real) == "file":
            return path
    return ""


def _load(ctx: Context, file: str) -> dict[str, Any]:
    try:
        content = ctx.read_resolved(ctx.tree.resolve(file))
        value = yaml.load_values(content, limits=ctx.options.limits)
        kustomization = dict(as_mapping(value or {}))
        for field in _LIST_FIELDS:
            as_list(kustomization.get(field) or [], (field,))
    except KmanifestError as error:
        raise error.within(file=file) from error
    return kustomization


def _of_manifests(ctx: Context, directory: str) -> dict[str, Any]:
    """Return a kustomization of all manifests and kustomizations below a directory."""
    resources = list(_manifests(ctx, directory, "."))
    kustomization: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
    }
    if not resources:
        return {**kustomization, "namespace": "_placeholder"}
    return {**kustomization, "resources": resources}


def _manifests(ctx: Context, directory: str, shown: str) -> Iterator[str]:
    for name in ctx.tree.list(directory):
        if name in _NOT_IN_ARTIFACTS:
            continue
        path = trees.join(directory, name)
        kind = ctx.tree.kind(path)
        if ctx.meter is not None:
            ctx.meter.check_time()
        if kind == "dir":
            if _find_file(ctx, path):
                yield f"{shown}/{name}"
            else:
                yield from _manifests(ctx, path, f"{shown}/{name}")
        elif kind == "file" and name.endswith((".yaml", ".yml")):
            yield f"{shown}/{name}"


def _apply(
    ctx: Context, directory: str, spec: Mapping[str, Any], kustomization: dict[str, Any]
) -> None:
    """Add the fields of a `spec` to a kustomization."""
    for field, target in (
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
    ):
        if field in spec:
            kustomization[target] = _string(spec, field)
    _append(
        kustomization,
        "patches",
        [_patch(patch, index) for index, patch in enumerate(_list(spec, "patches"))],
    )
    _append(kustomization, "components", list(_components(ctx, directory, spec)))
    _append(
        kustomization,
        "patchesStrategicMerge",
        [json.dumps(patch) for patch in _list(spec, "patchesStrategicMerge")],
    )
    _append(
        kustomization,
        "patchesJson6902",
        [_json_patch(patch, index) for index, patch in enumerate(_list(spec, "patchesJson6902"))],
    )
    _apply_images(spec, kustomization)
    metadata = _list(spec, "buildMetadata")
    if metadata:
        kustomization["buildMetadata"] = list(metadata)


def _append(kustomization: dict[str, Any], field: str, items: list[Any]) -> None:
    if items:
        kustomization[field] = [*(kustomization.get(field) or []), *items]


def _patch(patch: Any, index: int) -> dict[str, Any]:
    body = as_mapping(patch, ("spec", "patches", index))
    result: dict[str, Any] = {
        "patch": as_string(body.get("patch", ""), ("spec", "patches", index, "patch"))
    }
    if body.get("target") is not None:
        result["target"] = _selector(body["target"], ("spec", "patches", index, "target"))
    return result


def _json_patch(patch: Any, index: int) -> dict[str, Any]:
    field = ("spec", "patchesJson6902", index)
    body = as_mapping(patch, field)
    return {
        "patch": json.dumps(body.get("patch")),
        "target": _selector(body.get("target") or {}, (*field, "target")),
    }


def _selector(target: Any, field: tuple[str | int, ...]) -> dict[str, Any]:
    body = as_mapping(target, field)
    return {name: body[name] for name in _SELECTOR_FIELDS if name in body}


def _components(ctx: Context, directory: str, spec: Mapping[str, Any]) -> Iterator[str]:
    for index, component in enumerate(_list(spec, "components")):
        path = as_string(component, ("spec", "components", index))
        if path.startswith("/") or path.lower().startswith(_REMOTE_PREFIXES):
            raise SourceError(f"component path '{path}' must be local and relative").within(
                field=("spec", "components", index)
            )
        if spec.get("ignoreMissingComponents") is True and not _exists(ctx, directory, path):
            continue
        yield path


def _exists(ctx: Context, directory: str, path: str) -> bool:
    try:
        ctx.tree.resolve(trees.join(directory, path))
    except KmanifestError:
        return False
    return True


def _apply_images(spec: Mapping[str, Any], kustomization: dict[str, Any]) -> None:
    """Add images. One that the kustomization has is changed: a tag and a digest are set together."""
    new_images = _list(spec, "images")
    if not new_images:
        return
    images = [
        dict(as_mapping(image, ("images", index)))
        for index, image in enumerate(kustomization.get("images") or [])
    ]
    for index, image in enumerate(new_images):
        body = as_mapping(image, ("spec", "images", index))
        known = next(
            (each for each in images if each.get("name", "") == body.get("name", "")), None
        )
        if known is None:
            images.append({name: body[name] for name in _IMAGE_FIELDS if name in body})
            continue
        if body.get("newName"):
            known["newName"] = body["newName"]
        if body.get("newTag") or body.get("digest"):
            for name in ("newTag", "digest"):
                known[name] = body.get(name, "")
    kustomization["images"] = [
        {name: value for name, value in image.items() if value != ""} for image in images
    ]


def _list(spec: Mapping[str, Any], field: str) -> list[Any]:
    return list(as_list(spec.get(field) or [], ("spec", field)))


def _string(spec: Mapping[str, Any], field: str) -> str:
    value = spec[field]
    if not isinstance(value, str):
        raise SourceError(f"expected a string, got {type_name(value)}").within(
            field=("spec", field)
        )
    return value
