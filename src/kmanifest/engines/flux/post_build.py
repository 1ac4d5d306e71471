"""Substitute variables in the resources of a build, each as YAML, as Flux does after its build of a kustomization.

Each resource is printed, its variables are substituted, and the text is read again by YAML 1.1. So a value can become
a number or a boolean. Two things are reported: a variable that is not set, and a string that is no longer one in a
field of strings.

Source: fluxcd/pkg kustomize/kustomize_varsub.go, SubstituteVariables.
"""

from collections.abc import Iterable, Iterator, Mapping

from kmanifest import yaml
from kmanifest.engines.flux.envsubst import EnvsubstError, expansions, parse, substitute
from kmanifest.engines.flux.variables import check_names, load_sources, without_newlines
from kmanifest.io import tree as trees
from kmanifest.model.errors import FieldPath, KmanifestError, Location, RenderError, SourceError
from kmanifest.model.findings import CHANGED_TYPE, EMPTY_SUBSTITUTION, Finding
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import type_name
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Final

SUBSTITUTE_KEY: Final = "kustomize.toolkit.fluxcd.io/substitute"
DISABLED: Final = "disabled"


def finish_build(
    ctx: Context,
    path: str,
    rendered: Rendered,
    variables: Iterable[tuple[str, str]],
    manifests: Iterable[bytes],
    strict: bool,  # noqa: FBT001 - the fields of FluxOptions
) -> Rendered:
    """Substitute variables in the result of any build. A Flux Kustomization has done it itself."""
    if _is_flux_target(ctx, path):
        return rendered
    known: dict[str, str] = {}
    for manifest in manifests:
        for source in load_sources(manifest, ctx.options.limits):
            known |= source.variables()
    known |= without_newlines(dict(variables))
    resources = substitute_resources(ctx, rendered.read_only_resources, known, strict=strict)
    return Rendered(resources, rendered.raw_findings, limits=rendered.limits)


def _is_flux_target(ctx: Context, path: str) -> bool:
    if "://" in path or not path.endswith((".yaml", ".yml")):
        return False
    return ctx.tree.kind(ctx.tree.resolve(trees.join("", path))) == "file"


def substitute_resources(
    ctx: Context, resources: ResourceMap, variables: Mapping[str, str], *, strict: bool
) -> ResourceMap:
    """Return the resources with their variables substituted, but for those that a label or an annotation excludes."""
    check_names(variables)
    result = [_substituted(ctx, resource, variables, strict=strict) for resource in resources]
    seen = set()
    for resource, original in zip(result, resources, strict=True):
        if resource.key in seen:
            message = f"after the substitution, {original.id} has the name of another resource"
            raise RenderError(message).within(file=resource.origin.file)
        seen.add(resource.key)
    return ResourceMap(result)


def _substituted(
    ctx: Context, resource: Resource, variables: Mapping[str, str], *, strict: bool
) -> Resource:
    if DISABLED in (resource.labels.get(SUBSTITUTE_KEY), resource.annotations.get(SUBSTITUTE_KEY)):
        return resource
    text = yaml.dump(resource.body)
    if "$" not in text:
        return resource.with_body(_read_again(text, ctx, {}))
    check_time = _do_nothing if ctx.meter is None else ctx.meter.check_time
    limit = ctx.options.limits.max_string
    try:
        result = substitute(text, variables, strict=strict, max_size=limit, check_time=check_time)
        body = _read_again(result, ctx, variables)
    except KmanifestError as error:
        raise _located(error, resource, text) from error
    if ctx.meter is not None:
        ctx.meter.count_output(len(result))
    for finding in _findings(resource, body, variables):
        ctx.on_finding(finding)
    return resource.with_body(body)


def _read_again(text: str, ctx: Context, variables: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        value = yaml.load_values(text.encode("utf-8", "surrogateescape"), limits=ctx.options.limits)
    except SourceError as error:
        if not variables:
            raise
        located = SourceError("not valid YAML after the substitution").at(error.location)
    else:
        body = _json_numbers(value)
        if not isinstance(body, Mapping):
            raise SourceError(f"the substitution leaves {type_name(body)}, not an object")
        return body
    # Outside the `except`: the message of the first error can contain the value of a variable.
    raise located


def _json_numbers(value: Any) -> Any:
    """Return a value with the numbers that it has after a way through JSON: `1e3` is the integer 1000."""
    if isinstance(value, Mapping):
        return {key: _json_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_numbers(item) for item in value]
    if value.__class__ is float and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def _located(error: KmanifestError, resource: Resource, text: str) -> KmanifestError:
    """Return an error with the resource in its message, and the field that contains the substitution."""
    field: FieldPath = ()
    if isinstance(error, EnvsubstError):
        field = _field_with_problem(resource, error.message)
    message = f"{resource.id}: {error.message}"
    if error.location.line and not field:
        lines = text.split("\n")
        number = min(error.location.line, len(lines))
        message = f"{message} (line {number} of the resource after the substitution)"
    located = type(error)(message, near=error.near)
    origin = resource.origin
    return located.at(
        Location(origin.file, field=field, document=origin.document if field else None)
    )


def _field_with_problem(resource: Resource, problem: str) -> FieldPath:
    """Return the first field whose own text has the same problem."""
    for field, text in _strings(resource.body):
        if "$" not in text:
            continue
        try:
            nodes = parse(text)
        except EnvsubstError as error:
            if error.message == problem:
                return field
            continue
        names = [f'"{expansion.name}"' for expansion in expansions(nodes)]
        if any(problem.endswith(name) for name in names):
            return field
    return ()


def _findings(
    resource: Resource, body: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Finding]:
    for field, text in _strings(resource.body):
        if "$" not in text:
            continue
        location = Location(resource.origin.file, field=field, document=resource.origin.document)
        yield from _empty_findings(resource, field, text, variables, location)
        value = _get(body, field)
        if value is not None and not isinstance(value, str) and _holds_strings(field):
            message = (
                f"{resource.id}: {_shown(field)} must be a string, and after the substitution its type is {type_name(value)}: "
                f"quotes have to be part of the variable, or of a text such as '\"${{name}}\"'"
            )
            yield Finding("warning", message, location, CHANGED_TYPE)


def _empty_findings(
    resource: Resource,
    field: FieldPath,
    text: str,
    variables: Mapping[str, str],
    location: Location,
) -> Iterator[Finding]:
    try:
        found = expansions(parse(text))
    except EnvsubstError:
        return
    names = [each.name for each in found if each.name not in variables and not each.has_default]
    for name in dict.fromkeys(names):
        message = (
            f"{resource.id}: {_shown(field)}: the variable {name} is not set, so ${{{name}}} becomes empty: "
            f"write $${{{name}}} to keep it"
        )
        yield Finding("warning", message, location, EMPTY_SUBSTITUTION)


def _holds_strings(field: FieldPath) -> bool:
    """Whether the API server accepts nothing but strings in a field."""
    last = next((step for step in reversed(field) if isinstance(step, str)), "")
    names = [step for step in field if isinstance(step, str)]
    in_map = len(field) > 1 and field[-2] in (
        "data",
        "stringData",
        "labels",
        "annotations",
        "matchLabels",
    )
    return in_map or last in ("args", "command") or (last == "value" and "env" in names)


def _strings(body: Any) -> Iterator[tuple[FieldPath, str]]:
    """Yield all strings of a body with their fields, keys included."""
    stack: list[tuple[FieldPath, Any]] = [((), body)]
    while stack:
        field, value = stack.pop()
        if isinstance(value, str):
            yield field, value
        elif isinstance(value, Mapping):
            stack.extend(((*field, key), value[key]) for key in reversed(list(value)))
        elif isinstance(value, list):
            stack.extend(((*field, index), value[index]) for index in reversed(range(len(value))))


def _get(body: Any, field: FieldPath) -> Any:
    for step in field:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _shown(field: FieldPath) -> str:
    return ".".join(map(str, field))


def _do_nothing() -> None:
    """Check no deadline."""
