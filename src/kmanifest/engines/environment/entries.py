"""The entries of `resources` that are mappings: a path with values, a chart, a Jsonnet file or a template.

Each becomes what a kustomization could also contain: the config of a generator, or a kustomization around it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from kmanifest.engines.environment.definition import Environment, load_definition
from kmanifest.engines.environment.options import Inherited
from kmanifest.engines.environment.rows import Row, check_axis, check_value, fill_axes
from kmanifest.engines.environment.values.layers import Layer, inline_layer
from kmanifest.engines.environment.values.merging import MergedValues, merge_layers
from kmanifest.engines.kustomize.entries import Entry, GeneratedEntry
from kmanifest.engines.kustomize.kustomization import Kustomization
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    Location,
    SourceError,
    near_names,
)
from kmanifest.model.resource import Resource
from kmanifest.model.values import as_list, as_mapping, as_string, type_name
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final, NamedTuple

API_VERSION: Final = "kmanifest.dev/v1alpha1"
_SOURCES: Final = ("path", "chart", "jsonnet", "template")
_COMMON: Final = ("values", "instances", "when")
_CHART_SETTINGS: Final = (
    "release", "namespace", "includeCRDs", "skipHooks", "skipTests", "kubeVersion", "apiVersions", "helmVersion",
)  # fmt: skip
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "path": (*_COMMON, "path", "environment"),
    "chart": (*_COMMON, "chart", *_CHART_SETTINGS),
    "jsonnet": (*_COMMON, "jsonnet", "tla"),
    "template": (*_COMMON, "template"),
}
_NO_INSTANCE: Final = ""
_INSTANCE_NAME: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"


class _Instance(NamedTuple):
    """One use of an entry. `name`: its key in `instances`; empty without.

    `part`: the path of its values, instead of those that the entry names. `layers`: values over them.
    """

    name: str = _NO_INSTANCE
    part: str = ""
    layers: tuple[Layer, ...] = ()


class EntryReader:
    """Reads the entries of one kmanifest.yaml. `namespace` is that of the file, which charts get."""

    def __init__(self, ctx: Context, environment: Environment, namespace: str) -> None:
        self._ctx = ctx
        self._environment = environment
        self._namespace = namespace

    def read(self, entry: Mapping[str, Any], field: FieldPath) -> list[Entry]:
        """Return what an entry adds for the row: nothing, or one item for each instance."""
        try:
            source = _source(entry)
            if not self._is_for_row(entry):
                return []
            return [
                self._item(source, entry, field, each) for each in self._instances(entry, field)
            ]
        except KmanifestError as error:
            raise error if error.location.file else error.within(field=field) from error

    def _is_for_row(self, entry: Mapping[str, Any]) -> bool:
        row, axes = self._environment.row, self._axes()
        for name, value in as_mapping(entry.get("when") or {}, ("when",)).items():
            field = ("when", name)
            check_axis(axes, name, field)
            allowed = [value] if isinstance(value, str) else as_list(value, field)
            for index, item in enumerate(allowed):
                item_field = field if allowed is not value else (*field, index)
                check_value(axes, name, as_string(item, item_field), item_field)
            if row[name] not in allowed:
                return False
        return True

    def _axes(self) -> Mapping[str, tuple[str, ...]]:
        """Return the values of the axes. Of an axis that a parent passes on, only the value of the row is known."""
        inherited = {name: (value,) for name, value in self._environment.row.items()}
        return {**inherited, **self._environment.definition.axes.values}

    def _instances(self, entry: Mapping[str, Any], field: FieldPath) -> Iterator[_Instance]:
        if entry.get("instances") is None:
            yield _Instance()
            return
        for name, values in as_mapping(entry["instances"], ("instances",)).items():
            yield self._instance(name, values, field)

    def _instance(self, name: str, values: Any, field: FieldPath) -> _Instance:
        inner = ("instances", name)
        if not re.fullmatch(_INSTANCE_NAME, name):
            rule = "the name of an instance consists of lower-case letters, digits and -"
            raise SourceError(f"{rule}, got {name!r}").within(field=inner)
        if isinstance(values, str):
            return _Instance(name, values)
        given = as_mapping({} if values is None else values, inner)
        if not given:
            return _Instance(name)
        file = self._environment.definition.file
        return _Instance(name, "", (inline_layer(self._ctx, given, file, (*field, *inner)),))

    def _item(
        self, source: str, entry: Mapping[str, Any], field: FieldPath, instance: _Instance
    ) -> Entry:
        row = self._environment.row
        path = fill_axes(as_string(entry[source], (source,)), row, (source,))
        if source == "path":
            return self._path(entry, field, path, instance)
        generated = self._generated(source, entry, field, path, instance)
        if instance.name == _NO_INSTANCE:
            return generated
        return self._inner(generated, field, instance)

    def _inner(self, entry: Entry, field: FieldPath, instance: _Instance) -> Kustomization:
        """Return a kustomization around one entry."""
        file, directory = self._environment.definition.file, self._ctx.directory
        fields: dict[str, Any] = {"resources": (entry,)}
        if instance.name != _NO_INSTANCE:
            fields["nameSuffix"] = f"-{instance.name}"
        return Kustomization(file, directory, "Kustomization", fields, {}, entry_field=field)

    # --- a path: a kustomization, a file, or another kmanifest.yaml

    def _path(
        self, entry: Mapping[str, Any], field: FieldPath, path: str, instance: _Instance
    ) -> Kustomization:
        layers = instance.layers
        if "values" in entry or instance.part:
            layers = (self._part(entry, instance, default="."), *layers)
        pinned = self._pinned(entry)
        if (layers or pinned) and not self._is_definition(path):
            what = next(name for name in ("values", "instances", "environment") if name in entry)
            message = f"{what!r} needs a directory with a kmanifest.yaml, got {path!r}"
            raise SourceError(message).within(field=(what,))
        self._check_pinned(pinned, path)
        inherited = Inherited({**self._environment.row, **pinned}, layers)
        inner = self._inner(path, (*field, "path"), instance)
        return inner._replace(engines=inherited.replace_in(self._ctx.options.engines))

    def _pinned(self, entry: Mapping[str, Any]) -> Row:
        pinned = as_mapping(entry.get("environment") or {}, ("environment",))
        return {name: as_string(value, ("environment", name)) for name, value in pinned.items()}

    def _check_pinned(self, pinned: Row, path: str) -> None:
        """Raise MissingError with near names unless the kmanifest.yaml at a path has these axes and values."""
        if not pinned or "://" in path:
            return  # a remote one is not fetched yet
        try:
            axes = load_definition(self._ctx, self._ctx.resolve(path)).axes
        except KmanifestError:
            return  # the entry itself reports what is wrong with the path or the file
        for name, value in pinned.items():
            check_value(axes.values, name, value, ("environment", name))

    def _is_definition(self, path: str) -> bool:
        """Return whether a path is a directory with a kmanifest.yaml, or may be one: it is remote, or can't be read."""
        if "://" in path:
            return True
        ctx = self._ctx
        try:
            return bool(ctx.registry.claiming("kustomization-reader", ctx.tree, ctx.resolve(path)))
        except KmanifestError:
            return True  # the entry itself reports what is wrong with the path

    # --- a chart, a Jsonnet file or a template

    def _generated(
        self,
        source: str,
        entry: Mapping[str, Any],
        field: FieldPath,
        path: str,
        instance: _Instance,
    ) -> GeneratedEntry:
        part = self._part(entry, instance, default="" if source == "chart" else ".")
        values = merge_layers((part, *instance.layers))
        if source == "chart":
            body, source_field = self._chart(entry, path, values), "chart"
        elif source == "jsonnet":
            body, source_field = self._jsonnet(entry, path, values), "file"
        else:
            body, source_field = self._template(path, values), "templates"
        locate = partial(self._locate, field, values, {source_field: source, "tlaCode": "tla"})
        return GeneratedEntry(Resource(body), locate, path)

    def _chart(self, entry: Mapping[str, Any], path: str, values: MergedValues) -> dict[str, Any]:
        settings = {name: entry[name] for name in _CHART_SETTINGS if name in entry}
        for name in ("release", "namespace"):
            if name in settings:
                text = as_string(settings[name], (name,))
                settings[name] = fill_axes(text, self._environment.row, (name,))
        if self._namespace:
            settings.setdefault("namespace", self._namespace)
        return _config("ChartGenerator", chart=path, values=values.value, **settings)

    def _jsonnet(self, entry: Mapping[str, Any], path: str, values: MergedValues) -> dict[str, Any]:
        import json  # for Jsonnet only

        arguments = {
            name: json.dumps(self._named_part(part, ("tla", name)).value)
            for name, part in as_mapping(entry.get("tla") or {}, ("tla",)).items()
        }
        env = dict(self._environment.row)
        return _config(
            "JsonnetGenerator", file=path, tlaCode=arguments, values=values.value, env=env
        )

    def _template(self, path: str, values: MergedValues) -> dict[str, Any]:
        env = dict(self._environment.row)
        return _config("JinjaGenerator", templates=[path], values=values.value, env=env)

    def _part(self, entry: Mapping[str, Any], instance: _Instance, *, default: str) -> Layer:
        """Return the part of the values that an entry gets, as a layer; without any for an empty default."""
        name = entry.get("values", default)
        field: FieldPath = ("values",)
        if instance.part:
            name, field = instance.part, ("instances", instance.name)
        if name == "":
            return Layer("", {})
        part = self._named_part(name, field)
        if not isinstance(part.value, Mapping):
            what = type_name(part.value)
            raise SourceError(f"expected the path of a mapping, {name} is of type {what}").within(
                field=field
            )
        return part.as_layer(name)

    def _named_part(self, name: Any, field: FieldPath) -> MergedValues:
        try:
            return self._environment.values.part(as_string(name))
        except KmanifestError as error:
            raise error.within(field=field) from error

    def _locate(
        self,
        field: FieldPath,
        values: MergedValues,
        names: Mapping[str, str],
        config_field: FieldPath,
    ) -> Location:
        """Return where a field of a generator's config was set. `names`: the names that fields have in the entry."""
        first, *rest = config_field or ("",)
        if first == "values":
            return values.locate(tuple(rest))
        file = self._environment.definition.file
        if not first:
            return Location(file, field=field)
        return Location(file, field=(*field, names.get(str(first), first), *rest))


def _source(entry: Mapping[str, Any]) -> str:
    """Return the field that names what an entry adds, such as `chart`.

    Raises SourceError if there is none or more than one, or an unknown field.
    """
    given = [name for name in _SOURCES if name in entry]
    if not given:
        unknown = next(iter(entry), "")
        near = near_names(str(unknown), _SOURCES)
        raise SourceError(f"an entry has one of the fields {', '.join(_SOURCES)}", near=near)
    if len(given) > 1:
        raise SourceError(f"{' and '.join(given)} can't both be given").within(field=(given[1],))
    for name in entry:
        if name not in _FIELDS[given[0]]:
            near = near_names(name, _FIELDS[given[0]])
            message = f"unknown field {name!r} of a {given[0]} entry"
            raise SourceError(message, near=near).within(field=(name,))
    return given[0]


def _config(kind: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": kind}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, **fields}
