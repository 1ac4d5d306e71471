"""Helm's built-in objects as Go types: `.Chart`, `.Files`, and `.Values` and other tables.

`.Release`, `.Subcharts` and the table of all these objects are plain maps.

Source: helm v3.22.0 pkg/engine/engine.go, recAllTpls; pkg/engine/files.go; pkg/chart/metadata.go and dependency.go;
pkg/chartutil/values.go.
"""

from kmanifest.engines.helm.gotemplate.gotypes import type_name
from kmanifest.engines.helm.gotemplate.values import Function, GoError, GoMap, GoObject, Strings
from kmanifest.engines.helm.objects.structs import Field, Struct
from kmanifest.startup.typing import Any, Final, Mapping

_MAP: Final = "map[string]interface {}"


class Maintainer(Struct):
    """An item of `.Chart.Maintainers`."""

    __slots__ = ()
    go_type = "*chart.Maintainer"
    kind = "ptr"
    FIELDS = (
        Field("Name", "name", json_omits=True),
        Field("Email", "email", json_omits=True),
        Field("URL", "url", json_omits=True),
    )


class DependencyObject(Struct):
    """An item of `.Chart.Dependencies`."""

    __slots__ = ()
    go_type = "*chart.Dependency"
    kind = "ptr"
    FIELDS = (
        Field("Name", "name", yaml="name"),
        Field("Version", "version", json_omits=True, yaml_omits=True),
        Field("Repository", "repository"),
        Field("Condition", "condition", json_omits=True, yaml_omits=True),
        Field("Tags", "tags", json_omits=True, yaml_omits=True),
        Field("Enabled", "enabled", json_omits=True, yaml_omits=True),
        Field(
            "ImportValues", "import-values", json_omits=True, yaml="import-values", yaml_omits=True
        ),
        Field("Alias", "alias", json_omits=True, yaml_omits=True),
    )


class MetadataObject(Struct):
    """`.Chart.Metadata`: the content of Chart.yaml."""

    __slots__ = ()
    go_type = "chart.Metadata"
    comparable = False
    FIELDS = (
        Field("Name", "name", json_omits=True),
        Field("Home", "home", json_omits=True),
        Field("Sources", "sources", json_omits=True),
        Field("Version", "version", json_omits=True),
        Field("Description", "description", json_omits=True),
        Field("Keywords", "keywords", json_omits=True),
        Field("Maintainers", "maintainers", json_omits=True),
        Field("Icon", "icon", json_omits=True),
        Field("APIVersion", "apiVersion", json_omits=True),
        Field("Condition", "condition", json_omits=True),
        Field("Tags", "tags", json_omits=True),
        Field("AppVersion", "appVersion", json_omits=True),
        Field("Deprecated", "deprecated", json_omits=True),
        Field("Annotations", "annotations", json_omits=True),
        Field("KubeVersion", "kubeVersion", json_omits=True),
        Field("Dependencies", "dependencies", json_omits=True),
        Field("Type", "type", json_omits=True),
    )


class ChartObject(GoObject):
    """`.Chart`: the metadata, whose fields are also fields of the chart, and `IsRoot`."""

    __slots__ = ("_fields", "_is_root", "metadata")
    go_type = "struct { chart.Metadata; IsRoot bool }"
    comparable = False

    def __init__(self, metadata: MetadataObject, *, is_root: bool) -> None:
        self.metadata = metadata
        self._is_root = is_root
        self._fields = {**metadata.fields(), "Metadata": metadata, "IsRoot": is_root}

    def __getitem__(self, name: str) -> Any:
        """Return a field, as `Struct` does."""
        return self._fields[name]

    def fields(self) -> Mapping[str, Any]:
        return self._fields

    def promoted_fields(self) -> Mapping[str, Any]:
        """Return the fields of the embedded metadata as fields of the chart, without the metadata itself."""
        return {**self.metadata.fields(), "IsRoot": self._is_root}

    def printed_fields(self) -> Mapping[str, Any]:
        """Return the fields without those of the embedded metadata."""
        return {"Metadata": self.metadata, "IsRoot": self._is_root}

    def json(self) -> dict[str, Any]:
        """Return the fields as `encoding/json` has them."""
        return {**self.metadata.json(), "IsRoot": self._is_root}

    def pretty(self) -> dict[str, Any]:
        """Return the fields as go-yaml v3 has them."""
        return {"metadata": self.metadata, "isroot": self._is_root}


class Values(GoMap):
    """A `chartutil.Values`: the table that a template gets, its `.Values` and its `.Template`.

    All other tables are plain maps, also the same tables on another path: `.Values` of a subchart has this type, and
    the parent's table of the subchart's name, which has the same entries, is a plain map. A function that expects a
    plain map and returns it, such as `set`, returns a plain map.
    """

    __slots__ = ("_methods",)
    _methods: Mapping[str, Function]
    go_type = "chartutil.Values"

    def methods(self) -> Mapping[str, Function]:
        try:
            return self._methods
        except AttributeError:
            # The executor looks up every field among the methods first, so they are created once.
            self._methods = self._make_methods()
            return self._methods

    def set_methods(self, methods: Mapping[str, Function]) -> None:
        """Replace the methods, to observe their calls."""
        self._methods = methods

    def _make_methods(self) -> Mapping[str, Function]:
        return {
            "AsMap": Function(lambda: self.entries or {}, (), _MAP),
            # No value of a template has the type of the parameter.
            "Encode": Function(_write_to_nil, ("io.Writer",)),
            "PathValue": Function(self._path_value, ("string",)),
            "Table": Function(self._table, ("string",), self.go_type),
            "YAML": Function(lambda: _to_yaml(self.entries) + "\n", (), "string"),
        }

    def _table(self, name: str) -> "Values":
        table = get_table(self.entries, name)
        if table is None:
            raise GoError(f"{_quoted(first_missing_table(self.entries, name))} is not a table")
        return type(self)(table)

    def _path_value(self, path: str) -> Any:
        if not path:
            raise GoError("YAML path cannot be empty")
        parent_path, dot, key = path.rpartition(".")
        table = get_table(self.entries, parent_path) if dot else self.entries
        if table is None or key not in table or type_name(table[key]) == _MAP:
            raise GoError(f"{_quoted(key)} is not a value")
        return table[key]


def _write_to_nil(_: None) -> None:
    raise GoError("runtime error: invalid memory address or nil pointer dereference")


class Files(GoMap):
    """`.Files`: the files of a chart without another role, as bytes by path."""

    __slots__ = ()
    go_type = "engine.files"
    underlying_type = "map[string][]uint8"
    zero = b""

    def methods(self) -> Mapping[str, Function]:
        return {
            "AsConfig": Function(self._as_config, (), "string"),
            "AsSecrets": Function(self._as_secrets, (), "string"),
            "Get": Function(self._get, ("string",), "string"),
            "GetBytes": Function(lambda name: self.entries.get(name, b""), ("string",), "[]uint8"),
            "Glob": Function(self._glob, ("string",), "engine.files"),
            "Lines": Function(self._lines, ("string",), "[]string"),
        }

    def _get(self, name: str) -> str:
        return go_string(self.entries.get(name, b""))

    def _glob(self, pattern: str) -> "Files":
        from kmanifest.engines.helm.objects import file_globs  # few charts select files

        test = file_globs.path_matcher(pattern)
        return Files({name: content for name, content in self.entries.items() if test(name)})

    def _lines(self, name: str) -> Strings:
        content = self._get(name)
        return Strings(content.removesuffix("\n").split("\n") if content else ())

    def _as_config(self) -> str:
        files = self.entries
        return _to_yaml({_base_name(name): go_string(files[name]) for name in sorted(files)})

    def _as_secrets(self) -> str:
        from base64 import b64encode  # few charts need it

        files = self.entries
        return _to_yaml(
            {_base_name(name): b64encode(files[name]).decode() for name in sorted(files)}
        )


def go_string(content: bytes) -> str:
    """Decode bytes to a string of a template. Invalid UTF-8 is preserved."""
    return content.decode("utf-8", "surrogateescape")


def get_table(values: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Return the table at a dotted path, or None if an element of the path is not a table.

    Source: values.go, Table and tableLookup.
    """
    table: dict[str, Any] | None = values
    for name in path.split("."):
        if table is None:
            return None
        table = _as_table(table.get(name))
    return table


def first_missing_table(values: dict[str, Any], path: str) -> str:
    """Return the first name on a dotted path that is not a table."""
    table: dict[str, Any] | None = values
    for name in path.split("."):
        table = None if table is None else _as_table(table.get(name))
        if table is None:
            return name
    return ""


def _as_table(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Values):
        return value.entries
    return value if isinstance(value, dict) and type_name(value) == _MAP else None


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]


def _to_yaml(value: Any) -> str:
    from kmanifest.engines.helm.formats.serialization import to_yaml  # few charts dump files

    return to_yaml(value)


def _quoted(text: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for errors only

    return quoted(text)
