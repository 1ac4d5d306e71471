"""Check the plug-in configs in a file. No plug-in is run."""

import os

from kmanifest.engines.builtin import installed_registry
from kmanifest.engines.krm import exec_plugin, function
from kmanifest.io import tree
from kmanifest.io.runner import ProcessRunner, find_plugin_home
from kmanifest.model.annotations import is_function
from kmanifest.model.errors import KmanifestError
from kmanifest.model.resource import Resource
from kmanifest.pipeline import parsing as manifests
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.options import ExecPluginOptions, Options
from kmanifest.schema.check import check_config

CheckResult = tuple[bool, str]


def check_file(path: str) -> list[CheckResult]:
    """Check each config in a file. Return whether it is valid, and a line for the user."""
    options = Options(
        enable_plugins=True,
        allow_exec=True,
        exec_plugins=ExecPluginOptions(home=find_plugin_home(os.environ)),
    )
    disk_tree = tree.DiskTree("/")
    file = disk_tree.resolve(path)
    ctx = Context(
        tree=disk_tree,
        registry=installed_registry(),
        options=options,
        directory=tree.parent(file),
        runner=ProcessRunner(),
    )
    return [
        _check_config(ctx, config) for config in manifests.parse(ctx, ctx.read_resolved(file), path)
    ]


def _check_config(ctx: Context, config: Resource) -> CheckResult:
    try:
        return True, f"ok: {config.id}: {_describe_match(ctx, config)}"
    except KmanifestError as error:
        return False, f"error: {config.id}: {error}"


def _describe_match(ctx: Context, config: Resource) -> str:
    """The plug-in that a build would use for the config. Raises the error that the build would raise."""
    if is_function(config):
        path = function.find_executable(ctx, function.read_function(config).path)
        return f"function {os.path.join('/', path)}"
    plugin = ctx.registry.for_config(("generator", "transformer", "validator"), config)
    if plugin is None:
        return f"exec plug-in {exec_plugin.find_executable(ctx, config)}"
    if plugin.schema is not None:
        check_config(config.body, plugin.schema)
    return f"{plugin.role} {plugin.name}"
