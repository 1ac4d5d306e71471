"""The field `values` of a kmanifest.yaml, and the layers that it names."""

import re
from collections.abc import Callable, Mapping

from kmanifest import yaml
from kmanifest.engines.environment.rows import Row, fill_axes
from kmanifest.engines.environment.values.jsonnet_positions import find_key
from kmanifest.engines.environment.values.paths import format_path, parse_path
from kmanifest.engines.environment.values.reading import plain_values, read_values
from kmanifest.engines.environment.values.toml_positions import TomlIndex
from kmanifest.model.deadline import checked
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    Location,
    MissingError,
    SourceError,
    near_names,
)
from kmanifest.model.values import as_list, as_mapping, as_string
from kmanifest.pipeline import steps
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from kmanifest.yaml.positions import PositionIndex

Locate = Callable[[FieldPath], Location]
_FIELD: Final = "values"
_ENTRY_KEYS: Final = ("file", "lists")
_SURROGATE: Final = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


class ListRule(NamedTuple):
    """How a layer changes one list. `by`: the key that identifies its items; empty if the layer appends items.

    `field`: where the rule is written in kmanifest.yaml.
    """

    by: str = ""
    field: FieldPath = ()


class LayerEntry(NamedTuple):
    """One entry of the field `values`, as written.

    `field`: where it is in kmanifest.yaml: `("values", 2)`. `path`: the path of the file, which may have names of axes in
    braces; empty for an inline mapping. `is_optional`: whether the file may be absent. `lists`: the rules for lists by
    their paths. `path_field`: where the path is written.
    """

    field: FieldPath
    path: str = ""
    is_optional: bool = False
    inline: Mapping[str, Any] | None = None
    lists: Mapping[FieldPath, ListRule] = {}
    path_field: FieldPath = ()


def _no_location(field: FieldPath) -> Location:
    return Location(field=field)


class Layer(NamedTuple):
    """Values that are merged over those of earlier layers.

    `name`: what messages call it: the path of its file, as it is written in kmanifest.yaml. `value`: a mapping of plain
    values, which is never changed. `locate`: returns where the value at a path is written. `lists`: the rules for lists.
    `locate_rule`: returns where the field of a rule is.
    """

    name: str
    value: Mapping[str, Any]
    locate: Locate = _no_location
    lists: Mapping[FieldPath, ListRule] = {}
    locate_rule: Locate = _no_location


def read_entries(value: Any) -> tuple[LayerEntry, ...]:
    """Return the entries of the field `values`. Raises SourceError or MissingError with the field inside it."""
    entries = tuple(_read_entry(item, index) for index, item in enumerate(as_list(value)))
    if entries and entries[0].is_optional:
        raise SourceError("the first layer declares the values, so it can't be optional").within(
            field=entries[0].path_field[1:]
        )
    if entries and entries[0].lists:
        raise SourceError("the first layer has no earlier lists to change").within(
            field=(0, "lists")
        )
    return entries


def _read_entry(item: Any, index: int) -> LayerEntry:
    field: FieldPath = (_FIELD, index)
    if isinstance(item, str):
        return _file_entry(item, field, field, {})
    if not isinstance(item, Mapping):
        raise SourceError("expected a path, or a mapping of values").within(field=(index,))
    if "file" not in item:
        return LayerEntry(field, inline=item)
    for name in item:
        if name not in _ENTRY_KEYS:
            error = SourceError(
                f"unknown field {name!r}: a layer with `file` has no other fields than `lists`",
                near=near_names(name, _ENTRY_KEYS),
            )
            raise error.within(field=(index, name))
    lists = as_mapping({} if item.get("lists") is None else item["lists"], (index, "lists"))
    rules = [_read_rule(text, rule, (index, "lists", text)) for text, rule in lists.items()]
    return _file_entry(
        as_string(item["file"], (index, "file")), field, (*field, "file"), dict(rules)
    )


def _file_entry(
    text: str, field: FieldPath, path_field: FieldPath, lists: Mapping[FieldPath, ListRule]
) -> LayerEntry:
    path = text.removesuffix("?")
    if not path:
        raise SourceError("the path of a file is missing").within(field=path_field[1:])
    return LayerEntry(field, path, path != text, lists=lists, path_field=path_field)


def _read_rule(text: str, rule: Any, field: FieldPath) -> tuple[FieldPath, ListRule]:
    try:
        path = parse_path(text)
    except SourceError as error:
        raise error.within(field=field) from None
    rule_field = (_FIELD, *field)
    if rule == "append":
        return path, ListRule(field=rule_field)
    if isinstance(rule, Mapping) and list(rule) == ["by"]:
        return path, ListRule(as_string(rule["by"], (*field, "by")), rule_field)
    names = near_names(rule, ["append"]) if isinstance(rule, str) else ()
    raise SourceError("expected append or {by: KEY}", near=names).within(field=field)


def load_layers(
    ctx: Context,
    entries: tuple[LayerEntry, ...],
    file: str,
    row: Row,
) -> tuple[Layer, ...]:
    """Return the layers that the entries name, without the optional ones whose file is absent.

    `file`: the kmanifest.yaml. Paths are relative to `ctx.directory`, and the load restriction holds for them. Raises
    MissingError with near paths, SourceError or LimitError, located in a layer or at the entry.
    """
    layers = (_load_layer(ctx, entry, file, row) for entry in checked(entries))
    return tuple(layer for layer in layers if layer is not None)


def _load_layer(ctx: Context, entry: LayerEntry, file: str, row: Row) -> Layer | None:
    locate_rule = FileLocator(ctx, file)
    if entry.inline is not None:
        return inline_layer(ctx, entry.inline, file, entry.field)
    path_field = entry.path_field or entry.field
    try:
        path = fill_axes(entry.path, row, path_field)
    except KmanifestError as error:
        raise error.within(file=file) from error
    try:
        real = find_file(ctx, path, is_optional=entry.is_optional)
        if real is None:
            return None
        content = ctx.read_resolved(real)
    except KmanifestError as error:
        raise error.within(file=file, field=path_field) from error
    locate = FileLocator(ctx, real, content)
    try:
        result = steps.read_values(ctx, real)
        if result is None:
            value = read_values(content, real, ctx.options.limits)
        else:
            value = plain_values(result, ctx.options.limits, has_only_floats=True)
    except KmanifestError as error:
        raise locate.attribute(error) from error
    return Layer(path, value, locate, entry.lists, locate_rule)


def inline_layer(ctx: Context, values: Mapping[str, Any], file: str, field: FieldPath) -> Layer:
    """Return the layer of a mapping at a field of a kmanifest.yaml."""
    try:
        value = plain_values(values, ctx.options.limits)
    except KmanifestError as error:
        raise error.within(file=file, field=field) from error
    return Layer(file.rpartition("/")[2], value, FileLocator(ctx, file, prefix=field))


def find_file(ctx: Context, path: str, *, is_optional: bool = False) -> str | None:
    """Return the resolved path of a file, None for an optional one that is absent.

    Raises the errors of `Context.find`.
    """
    if not is_optional:
        return ctx.find(path)
    try:
        return ctx.locate(path)
    except MissingError:
        return None


class FileLocator:
    """A function that returns the location of a path in a file, with line and column.

    `prefix`: the field of the file below which the paths begin. The file is read again if its content is not given.
    """

    __slots__ = ("_content", "_ctx", "_file", "_index", "_is_used", "_prefix")

    def __init__(
        self, ctx: Context, file: str, content: bytes | None = None, *, prefix: FieldPath = ()
    ) -> None:
        self._ctx = ctx
        self._file = file
        self._content = content
        self._prefix = prefix
        self._is_used = False
        self._index: PositionIndex | TomlIndex | None = None

    def __call__(self, path: FieldPath) -> Location:
        field = (*self._prefix, *path)
        line, column = self._find(field)
        return Location(self._file, line, column, field)

    def attribute(self, error: KmanifestError) -> KmanifestError:
        """Return an error in the file with its location. Errors that name a file are left unchanged."""
        known = error.location
        if known.file or known.line or not known.field:
            return error.within(file=self._file)
        return error.at(self(known.field))

    def _find(self, field: FieldPath) -> tuple[int, int]:
        if self._file.endswith(".jsonnet"):
            return find_key(self._read(), field)
        if self._index is not None:
            return self._index.find(field)
        if self._file.endswith(".toml"):
            self._index = TomlIndex(self._read())
        elif self._is_used:
            from kmanifest.yaml.positions import PositionIndex  # imports PyYAML

            self._index = PositionIndex(self._read())
        else:  # most errors need one position
            self._is_used = True
            return yaml.find_position(self._read(), field)
        return self._index.find(field)

    def _read(self) -> bytes:
        if self._content is None:
            ctx, file = self._ctx, self._file
            try:
                self._content = ctx.read_resolved(ctx.tree_of(file).resolve(file))
            except KmanifestError:  # the location is then the file alone
                self._content = b""
        if self._file.endswith(".json"):
            # Escaped surrogates are valid in JSON and not in YAML. No position changes.
            return re.sub(_SURROGATE, rb"\\u0020", self._content)
        return self._content


def describe_rule(path: FieldPath) -> str:
    """Return the path of a list as it is written in `lists`."""
    return format_path(path)[1:] or "."
