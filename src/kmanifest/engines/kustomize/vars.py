"""Vars, the deprecated predecessor of replacements: `$(NAME)` in certain fields is replaced by a field of a resource.

When a kustomization is done, the resource of each var that it declares is marked, by its current or previous names.
The value is read at the end of the build, when names have their hash.
Source: kustomize v5.8.2 api/internal/accumulator/resaccumulator.go; api/filters/refvar; api/types/var.go.
"""

from kmanifest.engines.kustomize.config import FieldTable
from kmanifest.engines.kustomize.defaults import Spec
from kmanifest.engines.kustomize.generators import fold_base64
from kmanifest.engines.kustomize.hashing import plain_float
from kmanifest.engines.kustomize.path_matcher import get_match, split_steps, text_at
from kmanifest.engines.kustomize.scalar_nodes import NodeWriter, resolve_node
from kmanifest.model.errors import (
    KmanifestError,
    MissingError,
    RenderError,
    SourceError,
    near_names,
)
from kmanifest.model.fieldpath import MISSING, FieldUpdate, is_absent, update_field
from kmanifest.model.findings import UNUSABLE_VAR, UNUSED_VAR
from kmanifest.model.resource import IdKey, Resource, format_ids, names_of
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import (
    FloatText,
    IntText,
    ScalarNode,
    TimeText,
    is_string,
    scalar_text,
    type_name,
)
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Callable, Final, Mapping, NamedTuple, Sequence
from kmanifest.yaml.resolve import tag_of

DEFAULT_FIELD_PATH: Final = "metadata.name"


class Var(NamedTuple):
    """A name, and the field of an object that it is replaced by; an empty namespace matches any.

    `file` and `entry_index` locate the declaration.
    """

    name: str
    group: str
    version: str
    kind: str
    obj_name: str
    obj_namespace: str
    field_path: str
    file: str = ""
    entry_index: int = 0


def merge_vars(
    vars_: tuple[Var, ...],
    incoming: Sequence[Mapping[str, Any]],
    resources: ResourceMap,
    *,
    file: str = "",
) -> tuple[tuple[Var, ...], ResourceMap]:
    """Return `vars_` with the vars that a kustomization declares, and the resources with their vars marked.

    Raises RenderError if a var matches several resources, SourceError if its name is already declared.
    Source: kustomize v5.8.2 api/internal/accumulator/resaccumulator.go, MergeVars.
    """
    for index, row in enumerate(incoming):
        try:
            var = _to_var(row)._replace(file=file, entry_index=index)
            resources = _mark(resources, var)
            vars_ = join_vars(vars_, (var,))
        except KmanifestError as error:
            raise error.within(field=(index,)) from None
    return vars_, resources


def join_vars(vars_: tuple[Var, ...], more: Sequence[Var]) -> tuple[Var, ...]:
    """Return two sets of vars as one.

    Raises SourceError if a name is in both.
    """
    names = {var.name for var in vars_}
    for var in more:
        if var.name in names:
            raise SourceError(f"var {var.name!r} is declared twice").within(field=("name",))
    return (*vars_, *more)


def _to_var(row: Mapping[str, Any]) -> Var:
    ref = row.get("objref", {})
    group, version = ref.get("group", ""), ref.get("version", "")
    parts = ref["apiVersion"].split("/") if ref.get("apiVersion") else []
    if len(parts) == 1:
        version = parts[0]
    elif len(parts) == 2:
        group, version = parts
    return Var(
        row.get("name", ""),
        group,
        version,
        ref.get("kind", ""),
        ref.get("name", ""),
        ref.get("namespace", ""),
        row.get("fieldref", {}).get("fieldPath") or DEFAULT_FIELD_PATH,
    )


def _mark(resources: ResourceMap, var: Var) -> ResourceMap:
    matches = _id_test(var)
    indexes = [
        index for index, resource in enumerate(resources) if any(map(matches, resource.all_keys()))
    ]
    if len(indexes) > 1:
        several = format_ids(resources[index] for index in indexes)
        raise RenderError(f"var {var.name!r} matches several resources: {several}").within(
            field=("objref",)
        )
    return resources.replace({index: resources[index].with_var(var.name) for index in indexes})


def _id_test(var: Var) -> Callable[[IdKey], bool]:
    expected = (var.group, var.version, var.kind, var.obj_name)
    if not var.obj_namespace:
        return lambda key: key[:4] == expected
    return lambda key: key == (*expected, var.obj_namespace)


# Values


def resolve_vars(
    ctx: Context,
    vars_: Sequence[Var],
    field_specs: Sequence[Spec],
    resources: ResourceMap,
) -> ResourceMap:
    """Return the resources with every `$(NAME)` replaced in the fields of `field_specs`.

    Vars that were not used are reported.
    Raises MissingError if a var has no resource or no field.
    Source: kustomize v5.8.2 api/internal/accumulator/resaccumulator.go, ResolveVars.
    """
    values = {var.name: _value_of(var, resources) for var in sorted(vars_)}
    if not values:
        return resources
    expander = _Expander(ctx, values)
    table = FieldTable(tuple(field_specs))
    update = FieldUpdate(expander.change)
    resources = resources.map(lambda resource: _resolve(resource, table, update, expander.writer))
    unused = [name for name in values if name not in expander.used_names]
    if unused:
        message = f"well-defined vars that were never replaced: {','.join(unused)}"
        ctx.warn(message, code=UNUSED_VAR)
    return resources


def _resolve(
    resource: Resource, table: FieldTable, update: FieldUpdate, writer: NodeWriter
) -> Resource:
    body = resource.body
    try:
        for steps, _ in table.fields_for(*resource.id[:3]):
            if not is_absent(body, steps):
                body = update_field(body, steps, update)
    except KmanifestError as error:
        raise error.within(file=resource.origin.file, document=resource.origin.document) from error
    return writer.finish(resource, body)


def _value_of(var: Var, resources: ResourceMap) -> Any:
    resource = next((resource for resource in resources if var.name in resource.var_names), None)
    if resource is None:
        object_name = f"{var.kind}/{var.obj_name}"
        near = near_names(object_name, names_of(resources))
        error = MissingError(f"var {var.name!r}: no resource {object_name}", near=near)
        raise error.within(file=var.file, field=("vars", var.entry_index, "objref"))
    try:
        match = get_match(resource.body, _index_steps(var.field_path))
        if match is not None and match.field is not None:
            return (
                text_at(resource.body, match.field)
                if match.value is None
                else _go_value(match.value)
            )
    except SourceError:
        pass
    error = MissingError(f"var {var.name!r}: {resource.id} has no value at {var.field_path}")
    raise error.within(file=var.file, field=("vars", var.entry_index, "fieldref"))


def _index_steps(path: str) -> list[str]:
    """Return the steps of a field path, in which `ports[0]` is the same as `ports.0`.

    Source: kustomize v5.8.2 kyaml/yaml/rnode.go, convertSliceIndex.
    """
    steps = []
    for step in split_steps(path):
        name, bracket, index = step.rpartition("[")
        if step.endswith("]") and bracket and index[:-1].isascii() and index[:-1].isdigit():
            steps += [name, index[:-1]] if name else [index[:-1]]
        else:
            steps.append(step)
    return steps


def _go_value(value: Any) -> Any:
    """Return a value as kustomize holds it: integers in decimal digits only, dates as they are written."""
    if isinstance(value, IntText):
        digits = value.text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise SourceError(f"{value.text!r} is not a decimal integer")
        return int(value.text)
    if isinstance(value, float):
        return FloatText(value, plain_float(value))
    if value.__class__ is ScalarNode:
        return scalar_text(value) if is_string(value) else _go_value(resolve_node(value))
    return scalar_text(value) if isinstance(value, TimeText) else value


class _Expander:
    """Replaces `$(NAME)` by values, and records the names that were used."""

    def __init__(self, ctx: Context, values: Mapping[str, Any]) -> None:
        self._ctx = ctx
        self._values = values
        self.writer = NodeWriter()
        self.used_names: set[str] = set()

    def change(self, old: Any) -> Any:
        """Return a field's value with its references replaced.

        In a mapping or a list, only its direct strings are changed.
        Source: kustomize v5.8.2 api/filters/refvar/refvar.go.
        """
        if is_string(old):
            return self._expand_node(old)
        if isinstance(old, Mapping):
            new = {
                key: self._expand_node(item) if is_string(item) else item
                for key, item in old.items()
            }
            return old if all(new[key] is item for key, item in old.items()) else new
        if isinstance(old, list):
            for item in old:
                if not is_string(item):
                    raise SourceError(f"expected a list of strings, got {type_name(item)}")
            items = [self._expand_node(item) for item in old]
            return old if all(new is item for new, item in zip(items, old, strict=True)) else items
        return old

    def _expand_node(self, old: str) -> Any:
        new = self._expand(scalar_text(old))
        if old.__class__ is not ScalarNode:
            return new
        return self.writer.write(old, scalar_text(new), tag_of(new), quoted=False)

    def _expand(self, text: str) -> Any:
        if "$" not in text:
            return text
        parts: list[str] = []
        position = 0
        while True:
            dollar = text.find("$", position)
            if dollar < 0 or dollar + 1 == len(text):
                return self._join([*parts, text[position:]])
            parts.append(text[position:dollar])
            following = text[dollar + 1]
            end = text.find(")", dollar + 2) if following == "(" else -1
            if end >= 0:
                value = self._value(text[dollar + 2 : end])
                if dollar == 0 and end + 1 == len(text):
                    return value
                parts.append(_go_text(value))
                position = end + 1
            elif following == "$":
                parts.append("$")
                position = dollar + 2
            elif following.isascii():
                parts.append("$" + following)
                position = dollar + 2
            else:
                # kustomize reads one byte of the character as a whole character and leaves the other bytes.
                first, *rest = following.encode()
                parts += ["$" + chr(first), bytes(rest).decode("utf-8", "surrogateescape")]
                position = dollar + 2

    def _join(self, parts: Sequence[str]) -> str:
        self._ctx.count_output(sum(map(len, parts)))
        text = "".join(parts)
        if text.isascii():
            return text
        content = text.encode("utf-8", "surrogateescape")
        try:
            return content.decode()
        except UnicodeDecodeError:
            return fold_base64(content)

    def _value(self, name: str) -> Any:
        value = self._values.get(name, MISSING)
        if value is MISSING:
            return f"$({name})"
        if isinstance(value, Mapping | list):
            message = f"var {name!r} is a {type_name(value)}, which can't be put into a string"
            self._ctx.warn(message, code=UNUSABLE_VAR)
            return f"$({name})"
        self.used_names.add(name)
        return value


def _go_text(value: Any) -> str:
    """Return a value as Go's fmt prints it with %v."""
    if isinstance(value, float):
        from kmanifest.yaml.scalars import general_number  # imported here: only floats need it

        return general_number(value)
    return scalar_text(value)
