"""A chart: what lies in its files, and the charts that it holds.

A `Chart` and its `Dependency` records are changed while the conditions and aliases of one render are worked in
(`dependencies`), and know the chart that holds them, because the reference keeps them so and what it prints depends on which of
two aliases was worked in last. A loaded chart is therefore never rendered itself: `copied()` is.
Source: helm v3.22.0 pkg/chart/chart.go, metadata.go, dependency.go.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

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
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.engines.helm.objects.builtin import ChartObject, MetadataObject

_MANIFEST_EXTENSIONS: Final = (".yaml", ".yml", ".json")
_SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"

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
_TEXTS: Final = (
    "name", "home", "version", "description", "icon", "apiVersion", "condition", "tags", "appVersion", "kubeVersion", "type",
)  # fmt: skip
_CLEANED: Final = ("name", "description", "home", "icon", "condition", "tags", "appVersion", "kubeVersion")  # fmt: skip


class Dependency:
    """A chart that Chart.yaml asks for."""

    __slots__ = (
        "alias", "condition", "enabled", "import_values", "name", "repository", "tags", "version",
    )  # fmt: skip

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name: str = facts.get("name", "")
        self.version: str = facts.get("version", "")
        self.repository: str = facts.get("repository", "")
        self.condition: str = facts.get("condition", "")
        self.tags: Strings = facts.get("tags", NilStrings())
        self.enabled: bool = facts.get("enabled", False)
        self.import_values: list[Any] = facts.get("import-values", _NO_IMPORTS)
        self.alias: str = facts.get("alias", "")

    def copied(self) -> "Dependency":
        """A record of its own with the same facts."""
        made = Dependency({})
        for slot in self.__slots__:
            setattr(made, slot, getattr(self, slot))
        return made

    def validate(self) -> None:
        """Clean the texts; SourceError where the alias is not allowed."""
        self.name = _clean(self.name)
        self.version = _clean(self.version)
        self.repository = _clean(self.repository)
        self.condition = _clean(self.condition)
        self.tags[:] = map(_clean, self.tags)
        if self.alias and re.fullmatch("[a-zA-Z0-9_-]+", self.alias) is None:
            raise _invalid(f"dependency {quoted(self.name)} has disallowed characters in the alias")

    def object(self) -> Any:
        """The dependency as a template sees it."""
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
    """What is in Chart.yaml: its texts by their names there, and what is not a text."""

    __slots__ = ("annotations", "dependencies", "deprecated", "keywords", "maintainers", "sources", "texts")  # fmt: skip

    def __init__(self) -> None:
        self.texts: dict[str, str] = dict.fromkeys(_TEXTS, "")
        self.sources: Strings = NilStrings()
        self.keywords: Strings = NilStrings()
        self.maintainers: list[dict[str, str] | None] | None = None
        self.annotations: StringMap = NilStringMap()
        self.deprecated = False
        self.dependencies: list[Dependency | None] | None = None

    @property
    def name(self) -> str:
        """The chart's name, which an alias may have replaced."""
        return self.texts["name"]

    @property
    def version(self) -> str:
        """The chart's version."""
        return self.texts["version"]

    @property
    def type(self) -> str:
        """`application`, `library` or nothing."""
        return self.texts["type"]

    def update(self, facts: Mapping[str, Any]) -> None:
        """Take over what a file says, field by field, as decoding JSON into a struct that is in use does."""
        for name in _TEXTS:
            if name in facts:
                self.texts[name] = facts[name]
        self.sources = facts.get("sources", self.sources)
        self.keywords = facts.get("keywords", self.keywords)
        self.maintainers = facts.get("maintainers", self.maintainers)
        self.deprecated = facts.get("deprecated", self.deprecated)
        if "annotations" in facts:
            self.annotations = StringMap({**self.annotations, **facts["annotations"]})
        if "dependencies" in facts:
            self.dependencies = [
                None if each is None else Dependency(each) for each in facts["dependencies"]
            ]

    def requirements(self) -> list[Dependency]:
        """The dependencies; none of a validated chart is null."""
        return [each for each in self.dependencies or () if each is not None]

    def copied(self, *, name: str = "") -> "Metadata":
        """A record with the same facts and the same dependencies, and perhaps another name."""
        made = Metadata()
        for slot in self.__slots__:
            setattr(made, slot, getattr(self, slot))
        if name:
            made.texts = {**self.texts, "name": name}
        return made

    def validate(self) -> None:
        """Clean the texts; SourceError with helm's text where the chart can't be used."""
        texts = self.texts
        for name in _CLEANED:
            texts[name] = _clean(texts[name])
        self.sources[:] = map(_clean, self.sources)
        self.keywords[:] = map(_clean, self.keywords)
        for field in ("apiVersion", "name"):
            if not texts[field]:
                raise _invalid(f"chart.metadata.{field} is required")
        name = texts["name"]
        if name in (".", ".."):
            raise _invalid(f"chart.metadata.name {quoted(name)} is not allowed")
        if name != base_name(name):
            raise _invalid(f"chart.metadata.name {quoted(name)} is invalid")
        self._validate_version()
        if texts["type"] not in ("", "application", "library"):
            raise _invalid("chart.metadata.type must be application or library")
        self._validate_lists()

    def _validate_version(self) -> None:
        from kmanifest.engines.helm.charts.versions import is_version

        if not self.version:
            raise _invalid("chart.metadata.version is required")
        if not is_version(self.version):
            raise _invalid(f"chart.metadata.version {quoted(self.version)} is invalid")

    def _validate_lists(self) -> None:
        for maintainer in self.maintainers or ():
            if maintainer is None:
                raise _invalid("maintainers must not contain empty or null nodes")
            maintainer.update({key: _clean(text) for key, text in maintainer.items()})
        names: set[str] = set()
        for dependency in self.dependencies or ():
            if dependency is None:
                raise _invalid("dependencies must not contain empty or null nodes")
            dependency.validate()
            name = dependency.alias or dependency.name
            if name in names:
                raise _invalid(f"more than one dependency with name or alias {quoted(name)}")
            names.add(name)

    def object(self) -> "MetadataObject":
        """The metadata as a template sees them."""
        from kmanifest.engines.helm.objects.builtin import Maintainer, MetadataObject

        texts = self.texts
        people = [
            Maintainer({"Name": one.get("name", ""), "Email": one.get("email", ""), "URL": one.get("url", "")})
            for one in self.maintainers or ()
            if one is not None
        ]  # fmt: skip
        needed = [each.object() for each in self.requirements()]
        return MetadataObject(
            {
                "Name": texts["name"],
                "Home": texts["home"],
                "Sources": self.sources,
                "Version": texts["version"],
                "Description": texts["description"],
                "Keywords": self.keywords,
                "Maintainers": ObjectList(
                    None if self.maintainers is None else people, "[]*chart.Maintainer"
                ),
                "Icon": texts["icon"],
                "APIVersion": texts["apiVersion"],
                "Condition": texts["condition"],
                "Tags": texts["tags"],
                "AppVersion": texts["appVersion"],
                "Deprecated": self.deprecated,
                "Annotations": self.annotations,
                "KubeVersion": texts["kubeVersion"],
                "Dependencies": ObjectList(
                    None if self.dependencies is None else needed, "[]*chart.Dependency"
                ),
                "Type": texts["type"],
            }
        )


class Crd:
    """A file in a `crds/` directory: its name in its chart, and the path by which the output names it."""

    __slots__ = ("data", "name", "path")

    def __init__(self, name: str, path: str, data: bytes) -> None:
        self.name = name
        self.path = path
        self.data = data


class Chart:
    """A chart; `parent` is the one that holds it, `raw` are all files of the loaded one."""

    __slots__ = ("dependencies", "files", "has_values", "metadata", "parent", "raw", "schema", "templates", "values")  # fmt: skip

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.templates: Sequence[File] = ()
        self.files: Sequence[File] = ()
        self.raw: Sequence[File] = ()
        self.values: Mapping[str, Any] = {}
        self.has_values = False
        self.schema: bytes | None = None
        self.parent: Chart | None = None
        self.dependencies: list[Chart] = []

    @property
    def name(self) -> str:
        """The name, which an alias may have replaced."""
        return self.metadata.name

    @property
    def is_root(self) -> bool:
        """Whether no chart holds it."""
        return self.parent is None

    @property
    def is_library(self) -> bool:
        """Whether it is there for the templates that it defines."""
        return self.metadata.type.lower() == "library"

    def path(self) -> str:
        """The path of its directory from above the root chart, by names: `c/charts/sub`."""
        names: list[str] = []
        chart: Chart | None = self
        while chart is not None:
            names.append(chart.name)
            chart = chart.parent
        return "/charts/".join(reversed(names))

    def set_dependencies(self, charts: Sequence["Chart"]) -> None:
        """Let these be the charts that it holds."""
        self.dependencies = list(charts)
        for chart in charts:
            chart.parent = self

    def shallow(self, *, alias: str) -> "Chart":
        """A chart of its own that holds the very same charts, with an alias for a name where there is one."""
        made = Chart(self.metadata.copied(name=alias))
        for slot in ("dependencies", "files", "has_values", "parent", "raw", "schema", "templates", "values"):  # fmt: skip
            setattr(made, slot, getattr(self, slot))
        return made

    def copied(self) -> "Chart":
        """A chart that a render may change, and all that it holds; values and files are shared."""
        made = self.shallow(alias="")
        made.metadata = self.metadata.copied()
        if self.metadata.dependencies is not None:
            made.metadata.dependencies = [each.copied() for each in self.metadata.requirements()]
        made.parent = None
        made.set_dependencies([chart.copied() for chart in self.dependencies])
        return made

    def crds(self) -> Iterator[Crd]:
        """The files of the `crds/` directories, of this chart and of those that it holds."""
        path = self.path()
        for file in self.files:
            extension = "." + base_name(file.name).rpartition(".")[2].lower()
            if file.name.startswith("crds/") and extension in _MANIFEST_EXTENSIONS:
                yield Crd(file.name, f"{path}/{file.name}", file.data)
        for chart in self.dependencies:
            yield from chart.crds()

    def object(self) -> "ChartObject":
        """The chart as a template sees it."""
        from kmanifest.engines.helm.objects.builtin import ChartObject

        return ChartObject(self.metadata.object(), is_root=self.is_root)


def base_name(path: str) -> str:
    """The last step of a path, as Go's `filepath.Base` gives it."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _clean(text: str) -> str:
    """A text in which every space is a blank and nothing is unprintable. Source: metadata.go, sanitizeString."""
    if text.isprintable():
        return text.translate({0xA0: " "}) if "\xa0" in text else text
    return "".join(" " if char in _SPACES or "\u2000" <= char <= "\u200a" else char for char in text if char in _SPACES or "\u2000" <= char <= "\u200a" or char.isprintable())  # fmt: skip


def _invalid(text: str) -> SourceError:
    return SourceError(f"validation: {text}")
