"""The options of Flux' substitution."""

from kmanifest.startup.typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.rendered import Rendered


class FluxOptions(NamedTuple):
    """Options for the substitution of variables as Flux does it after a build, passed in `Options.engines`.

    With this record, any build ends with a substitution. A build of a Flux Kustomization has one of its own, which uses
    the variables and manifests of this record as well.

    `variables`: names and values; they win over all others. `manifests`: YAML of ConfigMaps and Secrets with variables,
    later ones win; `substituteFrom` of a Kustomization finds them by kind and name. `strict`: a variable that is not set,
    and has no default, is an error.

    >>> from kmanifest import FluxOptions, Options, build
    >>> files = {
    ...     "kustomization.yaml": "resources: [map.yaml]",
    ...     "map.yaml": "{kind: ConfigMap, metadata: {name: map}, data: {size: '${size}', mode: '${mode:-fast}'}}",
    ... }
    >>> options = Options(engines=(FluxOptions(variables=(("size", "large"),)),))
    >>> build(tree=files, options=options).find("ConfigMap", "map").get("data")
    {'mode': 'fast', 'size': 'large'}
    """

    variables: tuple[tuple[str, str], ...] = ()
    manifests: tuple[bytes, ...] = ()
    strict: bool = False

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("variables", "manifests"))

    def finish_build(self, ctx: "Context", path: str, rendered: "Rendered") -> "Rendered":
        """Return the result of a build with its variables substituted. `path` is the target of the build."""
        from kmanifest.engines.flux.post_build import finish_build  # few builds substitute

        return finish_build(ctx, path, rendered, *self)
