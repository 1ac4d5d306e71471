"""Input and output of exec plug-ins: resources as YAML, and how printed resources are merged into the input.

Source: kustomize v5.8.2 api/internal/plugins/utils/utils.go.
"""

from collections.abc import Callable, Iterable, Mapping

from kmanifest import yaml
from kmanifest.io.cache import NoCache
from kmanifest.io.runner import Command, Runner
from kmanifest.model.errors import KmanifestError, LimitError, PluginError
from kmanifest.model.fieldpath import put
from kmanifest.model.masking import masker
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import Body
from kmanifest.pipeline import parsing
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

ID: Final = "kustomize.config.k8s.io/id"


class masking_errors:  # noqa: N801 - reads as a sentence where it is used
    """Mask the caller's secrets in errors raised inside the block, which may quote a plug-in's output.

    This is a class because importing `contextlib` takes half a millisecond.
    """

    __slots__ = ("_secrets",)

    def __init__(self, ctx: Context) -> None:
        self._secrets = ctx.options.exec_plugins.secrets

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._secrets and isinstance(error, KmanifestError):
            masked = _masked(error, masker(self._secrets))
            try:
                raise masked from None
            except KmanifestError:
                masked.__context__ = (
                    None  # the error with the secrets, for reporters that follow it
                )
                raise


def _masked(error: KmanifestError, mask: Callable[[str], str]) -> KmanifestError:
    return type(error)(
        mask(error.message),
        location=error.location,
        near=[mask(name) for name in error.near],
        trail=error.trail,
        causes=[_masked(cause, mask) for cause in error.causes],
    )


def find_runner(ctx: Context) -> Runner:
    """Return the runner of this build.

    Raises PluginError if the build has none, and for plug-ins of a remote base, whose files are not on disk.
    """
    if "://" in ctx.directory:
        raise PluginError(
            "plug-ins of remote bases are not run: make a local copy with `kmanifest localize`"
        )
    if ctx.runner is None:
        raise PluginError(
            "an exec plug-in needs files on disk: this build has no runner to start it"
        )
    return ctx.runner


def run_executable(ctx: Context, command: Command) -> bytes:
    """Run an executable and return its output. No other build may reuse the result."""
    if ctx.state is not None:
        ctx.state.prevent_sharing()
    output = find_runner(ctx).run(command)
    ctx.count_output(len(output))
    return output


def with_id_annotation(resource: Resource) -> Body:
    """Return a resource's body with its current id in an annotation, as transformers get it."""
    group, version, kind, name, namespace = resource.id
    parts = {
        "group": group,
        "kind": kind,
        "name": name,
        "namespace": namespace,
        "version": version,
    }
    text = yaml.dump({key: part for key, part in parts.items() if part})
    return with_annotations(resource.body, {ID: text})


def with_annotations(body: Body, annotations: Mapping[str, str]) -> Body:
    """Return a body with more annotations."""
    metadata = body.get("metadata")
    existing = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    changed: Body = put(body, ("metadata", "annotations"), {**(existing or {}), **annotations})
    return changed


def parse_output(ctx: Context, output: bytes, plugin_name: str) -> list[Resource]:
    """Return the resources in a plug-in's output. Raises PluginError if it contains anything else."""
    try:
        # The output may hold secrets, so it is not kept.
        private = ctx._replace(state=None, cache=NoCache())
        return parsing.parse(private, output, "", keep_quotes=parsing.keeps_quotes(ctx))
    except LimitError:
        raise
    except KmanifestError as error:
        line = f" (line {error.location.line} of its output)" if error.location.line else ""
        raise PluginError(f"{plugin_name} printed no resources: {error.message}{line}") from error


def update_resources(
    resources: ResourceMap, printed: Iterable[Resource], plugin_name: str
) -> ResourceMap:
    """Return the resources with a plug-in's output merged into them.

    A printed resource replaces the body of the one with the same id. New resources are added at the end, and resources
    that were not printed are removed. Raises PluginError if two printed resources have the same id.
    """
    changed: dict[int, Resource] = {}
    added: list[Resource] = []
    seen_keys: set[Any] = set()
    for resource in printed:
        if resource.key in seen_keys:
            raise PluginError(f"{plugin_name} printed {resource.id} twice")
        seen_keys.add(resource.key)
        indexes = resources.indexes_by_current_id(resource.key)
        if indexes:
            changed[indexes[0]] = resources[indexes[0]].with_body(resource.body)
        else:
            added.append(resource)
    kept = resources.replace(changed).where(lambda resource: resource.key in seen_keys)
    return kept.append(added)
