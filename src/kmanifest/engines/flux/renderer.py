"""The renderer that `kmanifest build` uses for a file with Flux Kustomizations.

The kustomization of `spec.path` is built by the engine that claims this directory, with the fields of the object in
its kustomization file. Then variables are substituted, and common metadata is set, as the kustomize-controller does.
"""

from collections.abc import Iterator, Mapping

from kmanifest.engines.flux.kustomization import generate
from kmanifest.engines.flux.options import FluxOptions
from kmanifest.engines.flux.post_build import substitute_resources
from kmanifest.engines.flux.source_tree import SourceTree
from kmanifest.engines.flux.variables import (
    load_objects,
    load_sources,
    variables_of,
    without_newlines,
)
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, MissingError, RenderError
from kmanifest.model.fieldpath import put
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import as_mapping, as_string
from kmanifest.pipeline import steps
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Final

GROUP: Final = "kustomize.toolkit.fluxcd.io/"
KIND: Final = "Kustomization"


def render(ctx: Context, path: str) -> Rendered:
    """Render all Flux Kustomizations in the file at a path, in their order."""
    bodies = _load(ctx, path)
    resources: list[Resource] = []
    seen: set[Any] = set()
    for document, body in bodies:
        try:
            rendered = _render_object(ctx, path, body)
        except KmanifestError as error:
            raise error.within(file=path, document=document) from error
        for resource in rendered:
            if resource.key in seen:
                message = f"two Kustomizations of this file have a {resource.id}"
                raise RenderError(message).within(file=path, document=document)
            seen.add(resource.key)
            resources.append(resource)
    return Rendered(ResourceMap(resources), limits=ctx.options.limits)


def _load(ctx: Context, path: str) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        documents = load_objects(ctx.read_resolved(path), ctx.options.limits)
    except KmanifestError as error:
        raise error.within(file=path) from error
    found = [
        (index, document)
        for index, document in enumerate(documents)
        if isinstance(document, Mapping)
        and document.get("kind") == KIND
        and str(document.get("apiVersion", "")).startswith(GROUP)
    ]
    if not found:
        raise MissingError(
            f"nothing to build here: only a file with a Kustomization of Flux ({GROUP}v1) can be built by itself"
        ).within(file=path)
    return found


def _render_object(ctx: Context, path: str, body: Mapping[str, Any]) -> ResourceMap:
    spec = as_mapping(body.get("spec") or {}, ("spec",))
    root, directory = _source(ctx, path, as_string(spec.get("path") or "", ("spec", "path")))
    source_ctx = ctx._replace(
        tree=SourceTree(ctx.tree, root, {}),
        options=ctx.options._replace(load_restrictor="none"),
    )
    file, content = generate(source_ctx, directory, spec)
    built_ctx = source_ctx._replace(tree=SourceTree(ctx.tree, root, {file: content}))
    rendered = steps.render(built_ctx, directory)
    for finding in rendered.raw_findings:
        ctx.on_finding(finding)
    resources = _with_post_build(ctx, path, body, rendered.read_only_resources)
    return _with_common_metadata(spec, resources)


def _source(ctx: Context, file: str, path: str) -> tuple[str, str]:
    """Return the root of the source and the directory to build in it.

    The root is the nearest directory above the file with a `.git`; without one, the nearest directory that contains
    `path`. It is never above the boundary of the tree: for local files without a git repository and a root that the
    caller gives, that is the directory of the file.
    """
    ancestors = list(_ancestors(trees.parent(file), trees.boundary_directory(ctx.tree)))
    for root in ancestors:
        if ctx.tree.kind(trees.join(root, ".git")) is not None:
            return root, _directory(ctx, root, path)
    for root in ancestors:
        try:
            return root, _directory(ctx, root, path)
        except KmanifestError:
            continue
    raise MissingError(f"no directory {path!r} in the source of this Kustomization").within(
        field=("spec", "path")
    )


def _ancestors(directory: str, boundary: str) -> Iterator[str]:
    """Yield a directory and those that contain it, up to the boundary."""
    yield directory
    while directory and directory != boundary and trees.is_below(directory, boundary):
        directory = trees.parent(directory)
        yield directory


def _directory(ctx: Context, root: str, path: str) -> str:
    # Flux joins the path to the root of the source; `..` never leads out of it.
    inner = trees.join("", "/".join(step for step in path.split("/") if step != ".."))
    real = SourceTree(ctx.tree, root, {}).resolve(trees.join(root, inner) if inner else root)
    if ctx.tree.kind(real) != "dir":
        raise MissingError(f"no directory {path!r} in the source of this Kustomization").within(
            field=("spec", "path")
        )
    return real


def _with_post_build(
    ctx: Context, path: str, body: Mapping[str, Any], resources: ResourceMap
) -> ResourceMap:
    spec = as_mapping(body.get("spec") or {}, ("spec",))
    options = ctx.engine_options(FluxOptions)
    variables: dict[str, str] = {}
    if spec.get("postBuild") is not None:
        given = [
            source
            for manifest in options.manifests
            for source in load_sources(manifest, ctx.options.limits)
        ]
        variables = variables_of(ctx, path, body, given)
    variables |= without_newlines(dict(options.variables))
    if not variables:
        return resources
    return substitute_resources(ctx, resources, variables, strict=options.strict)


def _with_common_metadata(spec: Mapping[str, Any], resources: ResourceMap) -> ResourceMap:
    common = as_mapping(spec.get("commonMetadata") or {}, ("spec", "commonMetadata"))
    labels = as_mapping(common.get("labels") or {}, ("spec", "commonMetadata", "labels"))
    annotations = as_mapping(
        common.get("annotations") or {}, ("spec", "commonMetadata", "annotations")
    )
    if not labels and not annotations:
        return resources
    return resources.map(
        lambda each: _with_entries(
            _with_entries(each, "labels", labels), "annotations", annotations
        )
    )


def _with_entries(resource: Resource, field: str, entries: Mapping[str, Any]) -> Resource:
    if not entries:
        return resource
    try:
        metadata = as_mapping(resource.body.get("metadata") or {}, ("metadata",))
        known = as_mapping(metadata.get(field) or {}, ("metadata", field))
    except KmanifestError as error:
        origin = resource.origin
        raise error.within(file=origin.file, document=origin.document) from error
    return resource.with_body(put(resource.body, ("metadata", field), {**known, **entries}))
