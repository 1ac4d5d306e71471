"""A chart: the data of its files, and its subcharts.

A dependency is a record in Chart.yaml, a subchart is a chart in `charts/`, for which there may be a dependency.

A render changes a `Chart` and its `Dependency` records in place while it processes conditions and aliases
(`dependencies`). A subchart also knows its parent. Helm does the same, and its output depends on which of two aliases
was processed last. So a loaded chart is never rendered itself: a render works on `chart.copy()`.

Source: helm v3.22.0 pkg/chart/chart.go, metadata.go, dependency.go.
"""

from kmanifest.engines.helm.charts.archive import File
from kmanifest.engines.helm.formats.go_json import (
    ANY,
    BOOL,
    STRING,
    STRING_MAP,
    STRINGS,
    TIME,
    Shape,
)
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.gotemplate.values import StringMap, Strings
from kmanifest.engines.helm.objects.structs import NilStringMap, NilStrings, ObjectList
from kmanifest.engines.helm.sprig.gotypes import SPACES
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Iterator, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.helm.objects.builtin import ChartObject, MetadataObject

_ALIAS_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_MANIFEST_EXTENSIONS: Final = (".yaml", ".yml", ".json")

_MAINTAINER: Final = Shape(
    "struct",
    "chart.Maintainer",
    fields={"name": STRING, "email": STRING, "url": STRING},
    struct="Maintainer",
)
_DEPENDENCY: Final = Shape(
    "struct",
    "chart.Dependency",
    fields={
        "name": STRING,
        "version": STRING,
        "repository": STRING,
        "condition": STRING,
        "tags": STRINGS,
        "enabled": BOOL,
        "import-values": Shape("list", "[]interface {}", ANY),
        "alias": STRING,
    },
    struct="Dependency",
)
METADATA: Final = Shape(
    "struct",
    "chart.Metadata",
    fields={
        "name": STRING,
        "home": STRING,
        "sources": STRINGS,
        "version": STRING,
        "description": STRING,
        "keywords": STRINGS,
        "maintainers": Shape("list", "[]*chart.Maintainer", _MAINTAINER),
        "icon": STRING,
        "apiVersion": STRING,
        "condition": STRING,
        "tags": STRING,
        "appVersion": STRING,
        "deprecated": BOOL,
        "annotations": STRING_MAP,
        "kubeVersion": STRING,
        "dependencies": Shape("list", "[]*chart.Dependency", _DEPENDENCY),
        "type": STRING,
    },
    struct="Metadata",
)
LOCK: Final = Shape(
    "struct",
    "chart.Lock",
    fields={
        "generated": TIME,
        "digest": STRING,
        "dependencies": Shape("list", "[]*chart.Dependency", _DEPENDENCY),
    },
    struct="Lock",
)
_NO_IMPORTS: Final = ObjectList(None, "[]interface {}")
_STRING_FIELDS: Final = (
    "name", "home", "version", "description", "icon", "apiVersion", "condition", "tags", "appVersion", "kubeVersion", "type",
)  # fmt: skip
_SANITIZED_FIELDS: Final = ("name", "description", "home", "icon", "condition", "tags", "appVersion", "kubeVersion")  # fmt: skip


class Dependency:
    """A dependency that Chart.yaml declares.

    - `name`: the name of the chart. Processing dependencies replaces it by the alias.
    - `version`: the version of the chart, or a constraint for it.
    - `repository`: where the chart is fetched from.
    - `condition`: paths in the values, separated by commas. The first that leads to a boolean enables or disables it.
    - `tags`: names of booleans in `tags` of the values, which enable or disable it.
    - `enabled`: whether it is enabled. Processing dependencies overwrites what Chart.yaml has.
    - `import_values`: the tables of the subchart's values to import: names, or maps with `child` and `parent`.
    - `alias`: the name of the chart in this one; empty if it is `name`.
    """

    __slots__ = (
        "alias", "condition", "enabled", "import_values", "name", "repository", "tags", "version",
    )  # fmt: skip

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.name: str = fields.get("name", "")
        self.version: str = fields.get("version", "")
        self.repository: str = fields.get("repository", "")
        self.condition: str = fields.get("condition", "")
        self.tags: Strings = fields.get("tags", NilStrings())
        self.enabled: bool = fields.get("enabled", False)
        self.import_values: list[Any] = fields.get("import-values", _NO_IMPORTS)
        self.alias: str = fields.get("alias", "")

    def copy(self) -> "Dependency":
        """Return a separate record with the same fields."""
        copy = Dependency({})
        for slot in self.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def validate(self) -> None:
        """Replace the strings by sanitized ones. Raises SourceError if the alias has disallowed characters."""
        self.name = _sanitize(self.name)
        self.version = _sanitize(self.version)
        self.repository = _sanitize(self.repository)
        self.condition = _sanitize(self.condition)
        self.tags[:] = map(_sanitize, self.tags)  # in place: the type shows whether it is nil in Go
        if self.alias.strip(_ALIAS_CHARACTERS):
            raise _validation_error(
                f"dependency {quoted(self.name)} has disallowed characters in the alias"
            )

    def object(self) -> Any:
        """Return the dependency as templates see it."""
        from kmanifest.engines.helm.objects.builtin import DependencyObject

        return DependencyObject(
            {
                "Name": self.name,
                "Version": self.version,
                "Repository": self.repository,
                "Condition": self.condition,
                "Tags": self.tags,
                "Enabled": self.enabled,
                "ImportValues": self.import_values,
                "Alias": self.alias,
            }
        )


class Metadata:
    """The content of Chart.yaml.

    - `strings`: the string fields by their YAML names; empty if missing. An alias replaces the name.
    - `sources`, `keywords`, `annotations`: the fields of these names. Their types show whether they are nil in Go.
    - `maintainers`: the maintainers as maps with `name`, `email` and `url`, or null; None if the field is missing.
    - `deprecated`: whether the chart is deprecated.
    - `dependencies`: the dependencies, or null; None if the field is missing or all of them are disabled.
    """

    __slots__ = ("annotations", "dependencies", "deprecated", "keywords", "maintainers", "sources", "strings")  # fmt: skip

    def __init__(self) -> None:
        self.strings: dict[str, str] = dict.fromkeys(_STRING_FIELDS, "")
        self.sources: Strings = NilStrings()
        self.keywords: Strings = NilStrings()
        self.maintainers: list[dict[str, str] | None] | None = None
        self.annotations: StringMap = NilStringMap()
        self.deprecated = False
        self.dependencies: list[Dependency | None] | None = None

    @property
    def name(self) -> str:
        """The name of the chart. An alias may have replaced it."""
        return self.strings["name"]

    @property
    def version(self) -> str:
        """The version of the chart."""
        return self.strings["version"]

    @property
    def type(self) -> str:
        """The type of the chart: `application`, `library` or empty."""
        return self.strings["type"]

    def update(self, fields: Mapping[str, Any]) -> None:
        """Overwrite the fields that `fields` contains, as Go does when it decodes JSON into a used struct."""
        for name in _STRING_FIELDS:
            if name in fields:
                self.strings[name] = fields[name]
        self.sources = fields.get("sources", self.sources)
        self.keywords = fields.get("keywords", self.keywords)
        self.maintainers = fields.get("maintainers", self.maintainers)
        self.deprecated = fields.get("deprecated", self.deprecated)
        if "annotations" in fields:
            self.annotations = StringMap({**self.annotations, **fields["annotations"]})
        if "dependencies" in fields:
            self.dependencies = [
                None if dependency is None else Dependency(dependency)
                for dependency in fields["dependencies"]
            ]

    def requirements(self) -> list[Dependency]:
        """Return the declared dependencies without null entries, which only an unvalidated chart has."""
        return [dependency for dependency in self.dependencies or () if dependency is not None]

    def copy(self, *, name: str = "") -> "Metadata":
        """Return a record with the same fields and the same dependency records. `name` replaces the name."""
        copy = Metadata()
        for slot in self.__slots__:
            setattr(copy, slot, getattr(self, slot))
        if name:
            copy.strings = {**self.strings, "name": name}
        return copy

    def copy_dependencies(self) -> None:
        """Replace the dependency records by copies, so that a change of them affects no other chart."""
        if self.dependencies is not None:
            self.dependencies = [dependency.copy() for dependency in self.requirements()]

    def validate(self) -> None:
        """Replace the strings by sanitized ones. Raises SourceError with Helm's message if the chart is invalid."""
        strings = self.strings
        for name in _SANITIZED_FIELDS:
            strings[name] = _sanitize(strings[name])
        self.sources[:] = map(_sanitize, self.sources)
        self.keywords[:] = map(_sanitize, self.keywords)
        for field in ("apiVersion", "name"):
            if not strings[field]:
                raise _validation_error(f"chart.metadata.{field} is required")
        name = strings["name"]
        if name in (".", ".."):
            raise _validation_error(f"chart.metadata.name {quoted(name)} is not allowed")
        if name != base_name(name):
            raise _validation_error(f"chart.metadata.name {quoted(name)} is invalid")
        self._validate_version()
        if strings["type"] not in ("", "application", "library"):
            raise _validation_error("chart.metadata.type must be application or library")
        self._validate_lists()

    def _validate_version(self) -> None:
        from kmanifest.engines.helm.charts.versions import is_version

        if not self.version:
            raise _validation_error("chart.metadata.version is required")
        if not is_version(self.version):
            raise _validation_error(f"chart.metadata.version {quoted(self.version)} is invalid")

    def _validate_lists(self) -> None:
        for maintainer in self.maintainers or ():
            if maintainer is None:
                raise _validation_error("maintainers must not contain empty or null nodes")
            maintainer.update({key: _sanitize(text) for key, text in maintainer.items()})
        names: set[str] = set()
        for dependency in self.dependencies or ():
            if dependency is None:
                raise _validation_error("dependencies must not contain empty or null nodes")
            dependency.validate()
            name = dependency.alias or dependency.name
            if name in names:
                raise _validation_error(
                    f"more than one dependency with name or alias {quoted(name)}"
                )
            names.add(name)

    def object(self) -> "MetadataObject":
        """Return the metadata as templates see it."""
        from kmanifest.engines.helm.objects.builtin import Maintainer, MetadataObject

        strings = self.strings
        maintainers = [
            Maintainer({"Name": maintainer.get("name", ""), "Email": maintainer.get("email", ""), "URL": maintainer.get("url", "")})
            for maintainer in self.maintainers or ()
            if maintainer is not None
        ]  # fmt: skip
        dependencies = [dependency.object() for dependency in self.requirements()]
        return MetadataObject(
            {
                "Name": strings["name"],
                "Home": strings["home"],
                "Sources": self.sources,
                "Version": strings["version"],
                "Description": strings["description"],
                "Keywords": self.keywords,
                "Maintainers": ObjectList(
                    None if self.maintainers is None else maintainers, "[]*chart.Maintainer"
                ),
                "Icon": strings["icon"],
                "APIVersion": strings["apiVersion"],
                "Condition": strings["condition"],
                "Tags": strings["tags"],
                "AppVersion": strings["appVersion"],
                "Deprecated": self.deprecated,
                "Annotations": self.annotations,
                "KubeVersion": strings["kubeVersion"],
                "Dependencies": ObjectList(
                    None if self.dependencies is None else dependencies, "[]*chart.Dependency"
                ),
                "Type": strings["type"],
            }
        )


class Crd:
    """A file in a `crds/` directory.

    - `name`: its path in its chart.
    - `path`: its path in the output, from the root chart on.
    - `data`: its content.
    """

    __slots__ = ("data", "name", "path")

    def __init__(self, name: str, path: str, data: bytes) -> None:
        self.name = name
        self.path = path
        self.data = data


class Chart:
    """A chart.

    - `metadata`: the content of Chart.yaml.
    - `templates`: the files in `templates/`.
    - `files`: the files without another role, which templates can read.
    - `raw`: all files of the chart as they were loaded, those of its subcharts included.
    - `values`: the content of values.yaml; empty without the file. Imported values are added to it.
    - `has_values`: whether there is a values.yaml.
    - `schema`: the content of values.schema.json; None without the file.
    - `parent`: the chart that contains it; None for a root chart.
    - `subcharts`: the charts in `charts/`. Processing dependencies removes those that are disabled.

    >>> from kmanifest.helm import Chart, load_chart
    >>> files = {"Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}", "values.yaml": "size: 1"}
    >>> chart: Chart = load_chart(files, "")
    >>> chart.name, chart.metadata.version, chart.is_library
    ('shop', '1.0.0', False)
    """

    __slots__ = ("files", "has_values", "metadata", "parent", "raw", "schema", "subcharts", "templates", "values")  # fmt: skip

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.templates: Sequence[File] = ()
        self.files: Sequence[File] = ()
        self.raw: Sequence[File] = ()
        self.values: Mapping[str, Any] = {}
        self.has_values = False
        self.schema: bytes | None = None
        self.parent: Chart | None = None
        self.subcharts: list[Chart] = []

    @property
    def name(self) -> str:
        """The name of the chart. An alias may have replaced it."""
        return self.metadata.name

    @property
    def is_root(self) -> bool:
        """Whether the chart has no parent."""
        return self.parent is None

    @property
    def is_library(self) -> bool:
        """Whether the chart only defines templates for other charts."""
        return self.metadata.type.lower() == "library"

    def path(self) -> str:
        """Return the path of the chart from the root chart on, by chart names: `c/charts/sub`."""
        names: list[str] = []
        chart: Chart | None = self
        while chart is not None:
            names.append(chart.name)
            chart = chart.parent
        return "/charts/".join(reversed(names))

    def set_subcharts(self, charts: Sequence["Chart"]) -> None:
        """Replace the subcharts, and make this chart their parent."""
        self.subcharts = list(charts)
        for chart in charts:
            chart.parent = self

    def shallow_copy(self, *, alias: str) -> "Chart":
        """Return a separate chart with the same subcharts and dependency records. An alias, if not empty, replaces the name.

        The subcharts still have this chart as their parent.
        """
        copy = Chart(self.metadata.copy(name=alias))
        for slot in ("files", "has_values", "parent", "raw", "schema", "subcharts", "templates", "values"):  # fmt: skip
            setattr(copy, slot, getattr(self, slot))
        return copy

    def copy(self) -> "Chart":
        """Return a copy, subcharts included, that a render may change. It is a root chart. Values and files are shared."""
        copy = self.shallow_copy(alias="")
        copy.metadata.copy_dependencies()
        copy.parent = None
        copy.set_subcharts([chart.copy() for chart in self.subcharts])
        return copy

    def crds(self) -> Iterator[Crd]:
        """Yield the files in the `crds/` directories of this chart and of its subcharts."""
        path = self.path()
        for file in self.files:
            if file.name.startswith("crds/") and file.name.lower().endswith(_MANIFEST_EXTENSIONS):
                yield Crd(file.name, f"{path}/{file.name}", file.data)
        for chart in self.subcharts:
            yield from chart.crds()

    def object(self) -> "ChartObject":
        """Return the chart as templates see it."""
        from kmanifest.engines.helm.objects.builtin import ChartObject

        return ChartObject(self.metadata.object(), is_root=self.is_root)


def base_name(path: str) -> str:
    """Return the last element of a path, as Go's `filepath.Base` does: `.` for an empty path, `/` for slashes only."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _sanitize(text: str) -> str:
    """Return the text with every space character as a blank and without unprintable characters.

    Source: metadata.go, sanitizeString.
    """
    if text.isascii() and text.isprintable():
        return text
    from kmanifest.engines.helm.gotemplate.printable import is_printable  # rarely needed

    chars = (" " if char in SPACES else char for char in text)
    return "".join(char for char in chars if is_printable(char))


def _validation_error(message: str) -> SourceError:
    return SourceError(f"validation: {message}")
