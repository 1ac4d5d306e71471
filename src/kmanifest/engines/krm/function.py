"""KRM functions: executables that read a ResourceList and print one.

The path of an executable is that of the function's config: a name on PATH, or a path that is absolute or relative to
the directory of the kustomization. It may be anywhere on the machine, as in kustomize.

Source: kyaml v0.21.2 fn/runtime/runtimeutil/runtimeutil.go and functiontypes.go, fn/runtime/exec/exec.go,
runfn/runfn.go; kustomize v5.8.2 api/internal/plugins/fnplugin/fnplugin.go.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kmanifest import yaml
from kmanifest.engines.krm.function_input import ID_ANNOTATIONS, INDEX_ANNOTATIONS, function_input
from kmanifest.engines.krm.resource_list import (
    ID,
    find_runner,
    masking_errors,
    parse_output,
    run_executable,
    update_resources,
    with_id_annotation,
)
from kmanifest.io.runner import Command, Runner
from kmanifest.model.annotations import FUNCTION_ANNOTATIONS, is_function, without_annotations
from kmanifest.model.errors import (
    KmanifestError,
    Location,
    MissingError,
    PluginError,
    SourceError,
)
from kmanifest.model.findings import FUNCTION_RESULT, Finding, Severity
from kmanifest.model.masking import masker
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import Body, as_list, as_mapping, as_string, scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.resource_options import with_resource_options
from kmanifest.startup.typing import Any, Final, NamedTuple

_FIELDS: Final = ("container", "deferFailure", "exec")
_EXEC_FIELDS: Final = ("args", "envs", "path")
_INTERNAL_ANNOTATIONS: Final = frozenset(
    (
        ID,
        *INDEX_ANNOTATIONS,
        *ID_ANNOTATIONS,
        "config.kubernetes.io/path",
        "internal.config.kubernetes.io/path",
        "internal.config.kubernetes.io/seqindent",
    )
)
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "error": "error",
    "warning": "warning",
    "info": "info",
}


class FunctionSpec(NamedTuple):
    """The executable of a function, with its arguments and its environment variables (`name=value`)."""

    path: str
    arguments: tuple[str, ...]
    environment: tuple[str, ...]


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """Return the resources that the function of this config prints.

    The function gets the config both as `functionConfig` and as the only item.
    """
    with masking_errors(ctx):
        printed = _call_function(ctx, config, None)
        return [with_resource_options(resource) for resource in printed]


def transform(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Return the resources as the function of this config changes them."""
    with masking_errors(ctx):
        printed = _call_function(
            ctx, config, [with_id_annotation(resource) for resource in resources]
        )
        return update_resources(resources, printed, str(config.id))


def _call_function(ctx: Context, config: Resource, items: Iterable[Body] | None) -> list[Resource]:
    function = read_function(config)
    _check_trust(ctx, config, function)
    path = find_executable(ctx, function.path)
    stdin = function_input(config.body, items, yaml.Dumper(ctx.options.limits))
    # A variable without `=`, or with more than one, is left out, as in kyaml (runfn.go, mergeExecEnv).
    variables = [text.split("=") for text in (*function.environment, *ctx.options.env)]
    command = Command(
        path,
        arguments=function.arguments,
        directory=ctx.directory,
        stdin=stdin,
        environment=tuple((parts[0], parts[1]) for parts in variables if len(parts) == 2),
        called_as=function.path,
    )
    output = run_executable(ctx, command)
    plugin_name = function.path
    printed = parse_output(ctx, output, plugin_name)
    for finding in _parse_results(ctx, output, plugin_name):
        ctx.on_finding(finding)
    return [
        each.with_body(without_annotations(each.body, _INTERNAL_ANNOTATIONS)) for each in printed
    ]


def executable_path(config: Resource) -> str:
    """Return the path of the executable that a config names; empty if it names none or is invalid."""
    if not is_function(config):
        return ""
    try:
        return read_function(config).path
    except KmanifestError:
        return ""


def read_function(config: Resource) -> FunctionSpec:
    """Return the function that a config names.

    Raises SourceError if the config is invalid, and PluginError for a container, because containers are not run.
    """
    spec = _load_spec(config)
    if unknown := sorted(set(spec) - set(_FIELDS)):
        raise SourceError(f"unknown field of a function: {unknown[0]}")
    # `deferFailure` delays the error to the end of a run (runfn.go, runFunctions). A build runs one function at a time,
    # so a failure is an error in both cases.
    if not isinstance(defer_failure := spec.get("deferFailure"), bool | None):
        raise SourceError(
            f"deferFailure of a function is true or false, got {type_name(defer_failure)}"
        )
    container = spec.get("container")
    if isinstance(container, Mapping) and container.get("image"):
        raise PluginError(
            f"the function {container['image']} is a container, and containers are not run: "
            "copy its executable out of the image and name it under `exec`"
        )
    exec_spec = as_mapping(spec.get("exec") or {}, ("exec",))
    if unknown := sorted(set(exec_spec) - set(_EXEC_FIELDS)):
        raise SourceError(f"unknown field of a function: exec.{unknown[0]}")
    path = as_string(exec_spec.get("path") or "", ("exec", "path"))
    if not path:
        raise SourceError("a function needs `exec` with a `path`")
    return FunctionSpec(path, _strings(exec_spec, "args"), _strings(exec_spec, "envs"))


def _load_spec(config: Resource) -> Mapping[str, Any]:
    *current, container = FUNCTION_ANNOTATIONS
    for name in current:
        if text := config.annotations.get(name):
            return as_mapping(yaml.load_values(scalar_text(text).encode()))
    metadata = config.body.get("metadata")
    if isinstance(metadata, Mapping) and metadata.get("configFn") is not None:
        return as_mapping(metadata["configFn"], ("metadata", "configFn"))
    return {"container": {"image": config.annotations.get(container, "")}}


def _strings(exec_spec: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values: Sequence[Any] = as_list(exec_spec.get(name) or [], ("exec", name))
    return tuple(scalar_text(value) for value in values)


def _check_trust(ctx: Context, config: Resource, function: FunctionSpec) -> None:
    """Raise PluginError if the source of a config is not trusted to run this function.

    The config of a remote file may name any executable of this machine. With a list of trusted digests, a variable of
    the config, such as LD_PRELOAD, could make a trusted executable run other code.
    """
    if "://" in config.origin.file:
        raise PluginError(
            f"the function {function.path} is not run: its config comes from {config.origin.file}"
        )
    if function.environment and ctx.options.exec_plugins.digests is not None:
        raise PluginError(
            f"the function {function.path} has `envs`, which are refused with --plugin-allow-list: "
            "pass variables with --env"
        )


def find_executable(ctx: Context, path: str) -> str:
    """Return the path of a function's executable.

    A name without a slash is looked up on PATH. Any other path is relative to the directory of the kustomization, or
    absolute. Raises PluginError if executables are not allowed or the file is not executable, and MissingError with
    the nearest names if there is none. Source: kyaml v0.21.2 fn/runtime/exec/exec.go, Run.
    """
    if not ctx.options.allow_exec:
        raise PluginError(f"the function {path} is an executable: it runs only with --enable-exec")
    runner = find_runner(ctx)
    if "/" not in path:
        return _find_by_name(ctx, runner, path)
    absolute_or_relative = path if path.startswith("/") else _below(ctx.directory, path)
    kind = runner.kind(absolute_or_relative)
    if kind == "nothing":
        message = f"no such file or directory: {path!r}"
        raise MissingError(message, near=ctx.near_paths(path))
    if kind != "executable":
        raise PluginError(f"unexecutable function at: {path}")
    return absolute_or_relative


def _find_by_name(ctx: Context, runner: Runner, name: str) -> str:
    find: Callable[[str], str] | None = getattr(runner, "find", None)
    if find is None:
        raise PluginError(f"the runner of this build does not find executables by name: {name}")
    try:
        return find(name)
    except MissingError as error:
        if runner.kind(_below(ctx.directory, name)) == "nothing":
            raise
        message = (
            f"{name} is not on PATH; the file in the directory of the kustomization is ./{name}"
        )
        raise MissingError(message) from error


def _below(directory: str, path: str) -> str:
    """Return a path relative to the root of the tree. Any `..` is left to the system, which may first follow a link."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return "/".join([directory, *steps] if directory else steps)


def _parse_results(ctx: Context, output: bytes, plugin_name: str) -> list[Finding]:
    """Return the `results` in a function's output as findings. kustomize ignores them."""
    if b"results:" not in output:
        return []
    try:
        documents = yaml.load_documents(output, limits=ctx.options.limits)
    except KmanifestError:
        return []
    first = documents[0] if documents else None
    if not isinstance(first, Mapping) or first.get("kind") != "ResourceList":
        return []
    results = first.get("results")
    mask = masker(ctx.options.exec_plugins.secrets)
    return [
        _masked_finding(_result_to_finding(result, plugin_name), mask)
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, Mapping)
    ]


def _masked_finding(finding: Finding, mask: Callable[[str], str]) -> Finding:
    masked_file = mask(finding.location.file)
    return finding._replace(
        message=mask(finding.message), location=finding.location._replace(file=masked_file)
    )


def _result_to_finding(result: Mapping[str, Any], plugin_name: str) -> Finding:
    severity = _SEVERITIES.get(scalar_text(result.get("severity")), "info")
    resource_ref = result.get("resourceRef")
    field = result.get("field")
    parts = [plugin_name]
    if isinstance(resource_ref, Mapping) and resource_ref.get("name"):
        parts.append(f"{resource_ref.get('kind', '')}/{resource_ref['name']}")
    if isinstance(field, Mapping) and field.get("path"):
        parts.append(scalar_text(field["path"]))
    parts.append(scalar_text(result.get("message", "")))
    file = result.get("file")
    path = scalar_text(file.get("path", "")) if isinstance(file, Mapping) else ""
    return Finding(severity, ": ".join(parts), Location(path), FUNCTION_RESULT)
