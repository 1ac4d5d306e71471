"""Render a directory with a `kmanifest.yaml`: the kustomization that it stands for, for one row of its environments."""

from kmanifest.engines.environment.options import EnvironmentOptions
from kmanifest.engines.kustomize.render import render as render_kustomization
from kmanifest.model.findings import OVERRIDDEN
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered


def render(ctx: Context, path: str) -> Rendered:
    """Render the directory at `path`, with the `EnvironmentOptions` of the build."""
    if ctx.engine_options(EnvironmentOptions).values:
        message = "the values of --set are in no file"
        ctx.warn(message, file="--set", code=OVERRIDDEN)
    return render_kustomization(ctx, path)
