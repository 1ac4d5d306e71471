"""Render a kustomization: accumulate it, then run the steps that kustomize runs once, at the outermost kustomization.

Source: kustomize v5.8.2 api/krusty/kustomizer.go (Run), api/internal/target/kusttarget.go (makeCustomizedResMap).
"""

from kmanifest.engines.kustomize import sorting
from kmanifest.engines.kustomize.accumulate import (
    Accumulation,
    Ancestors,
    accumulate,
    report_unused_configurations,
    set_schema,
)
from kmanifest.engines.kustomize.annotations import (
    BUILD_ANNOTATIONS,
    ORIGIN,
    TRANSFORMATIONS,
    is_local_config,
    without_annotations,
)
from kmanifest.engines.kustomize.kustomization import Kustomization, load_kustomization
from kmanifest.engines.kustomize.node_details import run_build
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.engines.kustomize.origins import OriginPath
from kmanifest.engines.kustomize.references import fix_references
from kmanifest.engines.kustomize.scalar_nodes import resolved
from kmanifest.engines.kustomize.scalars import plain_key
from kmanifest.engines.kustomize.transformers.names import add_hash
from kmanifest.io import tree as trees
from kmanifest.model.errors import SourceError
from kmanifest.model.findings import OVERRIDDEN
from kmanifest.model.resource import Origin, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline import parsing, steps
from kmanifest.pipeline.context import Context, Transformer
from kmanifest.pipeline.parsing import check_metadata
from kmanifest.pipeline.registry import BuiltinPlugin
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Final

VERSION: Final = "v5.8.2"
"""The version of kustomize whose output this engine prints, also in the managed-by label."""

MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def render(ctx: Context, path: str) -> Rendered:
    """Render the kustomization in the directory at `path`."""

    def build(ctx: Context) -> Rendered:
        kustomization = load_kustomization(ctx, path)
        return _build(ctx, kustomization, set_schema(ctx, kustomization, Accumulation()))

    return run_build(ctx, build)


def transform(ctx: Context, directory: str, *, name: str, text: str) -> Rendered:
    """Apply a component, or a file of transformer configs, to the objects in `text`.

    `name` is the component or the file, in `directory`.
    """
    file = trees.join(directory, name)
    field = "components" if ctx.tree.kind(ctx.tree.resolve(file)) == "dir" else "transformers"
    fields = {field: [name], "sortOptions": {"order": "fifo"}}
    kustomization = Kustomization(file, directory, "Kustomization", fields, {})

    def build(ctx: Context) -> Rendered:
        resources = parsing.parse(ctx, text.encode("utf-8", "surrogateescape"), "")
        return _build(ctx, kustomization, Accumulation(ResourceMap().append(resources)))

    return run_build(ctx, build)


def _build(ctx: Context, kustomization: Kustomization, accumulated: Accumulation) -> Rendered:
    origin_path = OriginPath() if kustomization.get("buildMetadata") else None
    accumulated = accumulate(ctx, kustomization, Ancestors((), origin_path), accumulated)
    report_unused_configurations(ctx, accumulated)
    final_ctx = ctx._replace(
        directory=kustomization.directory, schema=accumulated.schema or ctx.schema
    )
    return Rendered(
        _FinalSteps(final_ctx, kustomization).run(accumulated), limits=ctx.options.limits
    )


def _is_for_output(resource: Resource) -> bool:
    """Return whether the resource is printed; resources for local configuration are not.

    Raises SourceError if a step removed the name or the kind.
    Source: kustomize v5.8.2 api/resource/factory.go, DropLocalNodes.
    """
    try:
        check_metadata(resource.body, resource.origin.document)
    except SourceError as error:
        raise error.within(file=resource.origin.file) from error
    return not is_local_config(resource)


def _check_annotation_keys(resource: Resource, checked_keys: set[str]) -> None:
    """Raise SourceError if an annotation has a key that kustomize writes without quotes, but that needs them.

    Keys that were found to be valid are added to `checked_keys`.
    """
    keys = resource.get("metadata", "annotations") or ()
    if checked_keys.issuperset(keys):
        return
    for key in keys:
        try:
            plain_key(key, "annotation")
        except SourceError as error:
            raise error.within(
                file=resource.origin.file,
                field=("metadata", "annotations", key),
                document=resource.origin.document,
            ) from None
    checked_keys.update(keys)


def _with_metadata(resource: Resource) -> Resource:
    """Return the resource with an empty `metadata` if it has none, as a list without items may have.

    Source: kyaml v0.21.2 yaml/rnode.go, setMapInMetadata, with which kustomize removes its annotations.
    """
    return resource if "metadata" in resource.body else resource.put(("metadata",), {})


class _FinalSteps:
    """Runs the last steps, each under the name that a trace shows."""

    def __init__(self, ctx: Context, kustomization: Kustomization) -> None:
        self._ctx = ctx
        self._kustomization = kustomization

    def run(self, accumulated: Accumulation) -> ResourceMap:
        resources = self._step("HashTransformer", add_hash, accumulated.resources)
        resources = self._step(
            "NameReferenceTransformer",
            lambda _ctx, _config, all_: fix_references(all_, accumulated.config.references),
            resources,
        )
        if accumulated.vars:
            from kmanifest.engines.kustomize.vars import resolve_vars  # vars are rare

            specs = accumulated.config.specs("varReference")
            resources = self._step(
                "RefVarTransformer",
                lambda ctx, _config, all_: resolve_vars(ctx, accumulated.vars, specs, all_),
                resources,
            )
        resources = self._step(
            "LocalConfig", lambda _ctx, _config, all_: all_.where(_is_for_output), resources
        )
        resources = self._sorted(resources)
        resources = self._with_managed_by_label(resources)
        return self._step(
            "Annotations",
            lambda _ctx, _config, all_: self._without_build_annotations(all_),
            resources,
        )

    def _step(self, name: str, call: Transformer, resources: ResourceMap) -> ResourceMap:
        plugin = BuiltinPlugin("transformer", f"builtin/{name}", call)
        config = Resource({"apiVersion": "builtin", "kind": name}, Origin(self._kustomization.file))
        return steps.transform(self._ctx, steps.Step(plugin, config), resources)

    def _sorted(self, resources: ResourceMap) -> ResourceMap:
        options = self._kustomization.get("sortOptions", None)
        if options is not None:
            if self._ctx.engine_options(KustomizeOptions).reorder:
                message = (
                    "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag "
                    "('--reorder'). Using the kustomization file over the CLI flag."
                )
                self._ctx.warn(
                    message,
                    file=self._kustomization.file,
                    field=("sortOptions",),
                    code=OVERRIDDEN,
                )
            return self._step(
                "SortOrderTransformer",
                lambda _ctx, _config, all_: sorting.sort_by_options(all_, options),
                resources,
            )
        if self._ctx.engine_options(KustomizeOptions).reorder == "none":
            return resources
        return sorting.sort_legacy(resources)

    def _with_managed_by_label(self, resources: ResourceMap) -> ResourceMap:
        if (
            not self._ctx.engine_options(KustomizeOptions).managed_by_label
            and "managedByLabel" not in self._build_metadata()
        ):
            return resources
        # imported for this label only
        from kmanifest.engines.kustomize.transformers.metadata import METADATA_LABELS, label

        body = {"labels": {MANAGED_BY: f"kustomize-{VERSION}"}, "fieldSpecs": METADATA_LABELS}
        config = Resource(body, Origin(self._kustomization.file))
        return self._step(
            "ManagedByLabel", lambda ctx, _config, all_: label(ctx, config, all_), resources
        )

    def _without_build_annotations(self, resources: ResourceMap) -> ResourceMap:
        removed = set(BUILD_ANNOTATIONS)
        if "originAnnotations" not in self._build_metadata():
            removed.add(ORIGIN)
        if "transformerAnnotations" not in self._build_metadata():
            removed.add(TRANSFORMATIONS)
        names = frozenset(removed)
        checked_keys: set[str] = set()

        def clean(resource: Resource) -> Resource:
            # Annotations are written as strings, whatever their nodes would be resolved to.
            resource = resolved(without_annotations(resource, names))
            _check_annotation_keys(resource, checked_keys)
            return _with_metadata(resource)

        return resources.map(clean)

    def _build_metadata(self) -> tuple[str, ...]:
        return tuple(self._kustomization.get("buildMetadata"))
