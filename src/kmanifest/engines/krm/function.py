"""KRM functions: a program that reads a ResourceList and prints one.

Source: kyaml v0.21.2 fn/runtime/runtimeutil/runtimeutil.go and functiontypes.go, fn/runtime/exec/exec.go, runfn/runfn.go;
kustomize v5.8.2 api/internal/plugins/fnplugin/fnplugin.go.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kmanifest import yaml
from kmanifest.engines.krm.resource_list import (
    ID,
    Discreet,
    annotated,
    generated,
    marked,
    merged,
    resources_in,
    run,
    runner_of,
    without_annotations,
)
from kmanifest.io import tree as trees
from kmanifest.io.runner import Command
from kmanifest.model.annotations import FUNCTION_ANNOTATIONS, is_function
from kmanifest.model.errors import KmanifestError, Location, PluginError, SourceError
from kmanifest.model.findings import Finding, Severity
from kmanifest.model.masking import masker
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import Body, as_list, as_mapping, as_string, scalar_text, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

_FIELDS: Final = ("container", "deferFailure", "exec")
_EXEC_FIELDS: Final = ("args", "envs", "path")
_INDEX: Final = ("config.kubernetes.io/index", "internal.config.kubernetes.io/index")
_NUMBER: Final = ("config.k8s.io/id", "internal.config.kubernetes.io/id")
_LOCAL: Final = "config.kubernetes.io/local-config"
_OURS: Final = frozenset(
    (
        ID,
        *_INDEX,
        *_NUMBER,
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


class Function(NamedTuple):
    """What a config says of its function."""

    path: str
    arguments: tuple[str, ...]
    environment: tuple[str, ...]


def generate(ctx: Context, config: Resource) -> list[Resource]:
    """The resources that the function of this config makes; it gets the config as its only item, too."""
    with Discreet(ctx):
        made = _call(ctx, config, [_local(config)])
        return [generated(resource) for resource in made]


def transform(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """The resources as the function of this config leaves them."""
    with Discreet(ctx):
        made = _call(ctx, config, [marked(resource) for resource in resources])
        return merged(resources, made, str(config.id))


def _local(config: Resource) -> Body:
    """The config as a function gets it, so that it is no part of the output where it is given back."""
    return annotated(config.body, {_LOCAL: "true"})


def _call(ctx: Context, config: Resource, items: Iterable[Body]) -> list[Resource]:
    function = read_function(config)
    path = find(ctx, function.path)
    listed: Body = {
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": [_numbered(body, number) for number, body in enumerate(items)],
        "functionConfig": _local(config),
    }
    # What has no `=`, or more than one, is left out, as in the reference (runfn.go, mergeExecEnv).
    given = [text.split("=") for text in (*function.environment, *ctx.options.env)]
    program = Command(
        path,
        arguments=function.arguments,
        directory=ctx.directory,
        stdin=yaml.Dumper(ctx.options.limits).dump(listed).encode(),
        environment=tuple((parts[0], parts[1]) for parts in given if len(parts) == 2),
    )
    output = run(ctx, program)
    who = function.path
    made = resources_in(ctx, output, who)
    for finding in _results(ctx, output, who):
        ctx.on_finding(finding)
    return [each.with_body(without_annotations(each.body, _OURS)) for each in made]


def _numbered(body: Body, number: int) -> Body:
    """An item as a function gets it: with the place and the number by which the reference knows it again."""
    notes = {
        **dict.fromkeys(_INDEX, str(number)),
        **dict.fromkeys(_NUMBER, str(number + 1)),
    }
    return annotated(body, notes)


def program_of(config: Resource) -> str:
    """The path of the program that a config names; empty for a config that names none, or is written wrongly."""
    if not is_function(config):
        return ""
    try:
        return read_function(config).path
    except KmanifestError:
        return ""


def read_function(config: Resource) -> Function:
    """The function that a config names; PluginError for one in a container, which is not run."""
    spec = _spec(config)
    if unknown := sorted(set(spec) - set(_FIELDS)):
        raise SourceError(f"unknown field of a function: {unknown[0]}")
    # It defers a failure to the end of a run, and a build runs one function at a time: a failure stays one (runfn.go, runFunctions).
    if not isinstance(defers := spec.get("deferFailure"), bool | None):
        raise SourceError(f"deferFailure of a function is true or false, got {type_name(defers)}")
    container = spec.get("container")
    if isinstance(container, Mapping) and container.get("image"):
        raise PluginError(
            f"the function {container['image']} is a container, and none is started: "
            "take its program out of the image and name it under `exec`"
        )
    program = as_mapping(spec.get("exec") or {}, ("exec",))
    if unknown := sorted(set(program) - set(_EXEC_FIELDS)):
        raise SourceError(f"unknown field of a function: exec.{unknown[0]}")
    path = as_string(program.get("path") or "", ("exec", "path"))
    if not path:
        raise SourceError("a function needs `exec` with a `path`")
    return Function(path, _texts(program, "args"), _texts(program, "envs"))


def _spec(config: Resource) -> Mapping[str, Any]:
    *current, container = FUNCTION_ANNOTATIONS
    for name in current:
        if text := config.annotations.get(name):
            return as_mapping(yaml.load_values(scalar_text(text).encode()))
    metadata = config.body.get("metadata")
    if isinstance(metadata, Mapping) and metadata.get("configFn") is not None:
        return as_mapping(metadata["configFn"], ("metadata", "configFn"))
    return {"container": {"image": config.annotations.get(container, "")}}


def _texts(program: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values: Sequence[Any] = as_list(program.get(name) or [], ("exec", name))
    return tuple(scalar_text(value) for value in values)


def find(ctx: Context, path: str) -> str:
    """The resolved path of a program that a file of this directory names; it has to lie in or below the directory."""
    if not ctx.options.allow_exec:
        raise PluginError(f"the function {path} is a program: it is run with --enable-exec only")
    if path.startswith("/"):
        raise SourceError(f"security; the path of a function can't be absolute: {path!r}")
    found = ctx.tree.resolve(trees.join(ctx.directory, path))
    if not trees.is_below(found, ctx.directory):
        message = (
            f"security; function {path!r} is not in or below the directory of the kustomization"
        )
        raise SourceError(message)
    if runner_of(ctx).kind(found) != "executable":
        raise PluginError(f"unexecutable function at: {path}")
    return found


def _results(ctx: Context, output: bytes, who: str) -> list[Finding]:
    """What a function has to say beside its resources; the reference drops it."""
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
        _masked_finding(_finding(result, who), mask)
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, Mapping)
    ]


def _masked_finding(finding: Finding, mask: Callable[[str], str]) -> Finding:
    file = mask(finding.location.file)
    return finding._replace(
        message=mask(finding.message), location=finding.location._replace(file=file)
    )


def _finding(result: Mapping[str, Any], who: str) -> Finding:
    severity = _SEVERITIES.get(scalar_text(result.get("severity")), "info")
    subject = result.get("resourceRef")
    field = result.get("field")
    parts = [who]
    if isinstance(subject, Mapping) and subject.get("name"):
        parts.append(f"{subject.get('kind', '')}/{subject['name']}")
    if isinstance(field, Mapping) and field.get("path"):
        parts.append(scalar_text(field["path"]))
    parts.append(scalar_text(result.get("message", "")))
    file = result.get("file")
    path = scalar_text(file.get("path", "")) if isinstance(file, Mapping) else ""
    return Finding(severity, ": ".join(parts), Location(path))
