"""`helm lint`: find errors and bad practices in a chart.

Source: helm v3.22.0 pkg/lint and pkg/action/lint.go.
"""

import re

from kmanifest.engines.helm.charts.archive import clean_path
from kmanifest.engines.helm.charts.chart import Chart, Metadata, base_name
from kmanifest.engines.helm.charts.loader import load_directory
from kmanifest.engines.helm.charts.versions import is_version, satisfies
from kmanifest.engines.helm.dependencies import process_dependencies
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.formats.go_json import STRING, Shape, decode
from kmanifest.engines.helm.formats.go_yaml import floats_for_numbers, load_values, load_yaml
from kmanifest.engines.helm.gotemplate.execute import ExecutionLimits
from kmanifest.engines.helm.gotemplate.gofmt import quoted, type_name
from kmanifest.engines.helm.gotemplate.values import Functions
from kmanifest.engines.helm.lint.object_names import name_problems
from kmanifest.engines.helm.lint.web_addresses import is_email, is_request_url, is_url
from kmanifest.engines.helm.manifests import SPACE
from kmanifest.engines.helm.render import Release, final_values
from kmanifest.engines.helm.schemas import find_problem
from kmanifest.engines.helm.templates.engine import RenderSession, collect_sources
from kmanifest.engines.helm.values.layers import Table, coalesce_tables, coalesce_values, copy_table
from kmanifest.io.tree import Tree, join
from kmanifest.model.errors import KmanifestError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Any, Callable, Final, Iterator, Mapping, NamedTuple

INFO: Final = 1
WARNING: Final = 2
ERROR: Final = 3
_SEVERITY_NAMES: Final = ("UNKNOWN", "INFO", "WARNING", "ERROR")
_EXTENSIONS: Final = (".yaml", ".yml", ".tpl", ".txt")

OBJECT: Final = Shape(
    "struct",
    "rules.K8sYamlStruct",
    fields={
        "apiVersion": STRING,
        "Kind": STRING,
        "Metadata": Shape(
            "struct",
            "rules.k8sYamlMetadata",
            fields={"Namespace": STRING, "Name": STRING},
            struct="k8sYamlMetadata",
        ),
    },
    struct="K8sYamlStruct",
)


class LintMessage(NamedTuple):
    """One problem in a file of the chart."""

    severity: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"[{_SEVERITY_NAMES[self.severity]}] {self.path}: {self.text}"


class LintSettings(NamedTuple):
    """The values, functions and options with which a chart is checked."""

    values: Mapping[str, Any]
    functions: Functions
    dialect: Dialect
    namespace: str = "default"
    kube_version: str = ""
    skip_schema: bool = False
    limits: Limits = DEFAULT_LIMITS
    bounds: ExecutionLimits = ExecutionLimits()
    warn: Callable[[str], None] = lambda _: None


def lint_chart(
    tree: Tree, settings: LintSettings, *, directory: str = "", display_path: str = ""
) -> list[LintMessage]:
    """Return the problems of the chart in a directory of the tree.

    Messages show `display_path` as the path of the directory. Raises MissingError if there is no such directory.
    """
    return Linter(tree, directory, settings, display_path or directory).messages()


class Linter:
    """Checks one chart as Helm 3 does. `dialects/v4/lint.py` overrides the checks that differ in Helm 4."""

    head_shape = OBJECT
    list_problem = "Annotation 'helm.sh/resource-policy' within List objects are ignored"

    def __init__(self, tree: Tree, path: str, settings: LintSettings, display_path: str) -> None:
        self._tree = tree
        self._path = path
        self._settings = settings
        self._display_path = display_path
        self._messages: list[LintMessage] = []

    def messages(self) -> list[LintMessage]:
        """Return all problems in Helm's order."""
        self._lint_chart_file()
        self._lint_values_file()
        chart, problem = self._load()
        self._lint_templates(chart, problem)
        self._lint_dependencies(chart, problem)
        self.lint_crds(chart, problem)
        return self._messages

    def _report(self, severity: int, path: str, text: str | None) -> bool:
        """Record a problem, if the text is not empty. Return True if it is empty."""
        if text:
            self._messages.append(LintMessage(severity, path, text))
        return not text

    def _read(self, name: str) -> bytes | None:
        try:
            real = self._tree.resolve(join(self._path, name))
            return self._tree.read(real, limit=self._settings.dialect.loading.max_file_bytes)
        except MissingError:
            return None

    def _kind(self, name: str) -> str | None:
        try:
            return self._tree.kind(self._tree.resolve(join(self._path, name)))
        except MissingError:
            return None

    def _load(self) -> tuple[Chart | None, str]:
        """Return the chart, or None and the reason.

        Helm loads the chart twice and so logs each warning twice.
        """
        limits = self._settings.limits

        def warn(text: str) -> None:
            for _ in range(2):
                self._settings.warn(text)

        try:
            chart = load_directory(
                self._tree,
                self._path,
                limits=limits,
                warn=warn,
                display_path=self._display_path,
                dialect=self._settings.dialect,
            )
        except KmanifestError as error:
            return None, error.message
        return chart, ""

    # --- Chart.yaml ---------------------------------------------------------------------------------------------

    def _lint_chart_file(self) -> None:
        """Check Chart.yaml.

        Source: rules/chartfile.go, Chartfile.
        """
        name = "Chart.yaml"
        if self._kind(name) == "dir":
            self._report(ERROR, name, "should be a file, not a directory")
            path = f"{self._display_path}/{name}"
            self._report(ERROR, name, f"unable to parse YAML\n\tread {path}: is a directory")
            return
        content = self._read(name) or b""
        try:
            raw = load_yaml(content, limits=self._settings.limits)
            fields = decode(raw, self._settings.dialect.loading.metadata) or {}
        except SourceError as error:
            self._report(ERROR, name, f"unable to parse YAML\n\t{error.message}")
            return
        metadata = Metadata()
        metadata.update(fields)
        for severity, text in self.metadata_problems(metadata, raw, content):
            self._report(severity, name, text)

    def metadata_problems(
        self, metadata: Metadata, raw: Any, _: bytes
    ) -> Iterator[tuple[int, str]]:
        """Yield a severity and a text for each rule of Chart.yaml. The text is empty if the rule is satisfied."""
        return _metadata_problems(
            metadata, floats_for_numbers(raw) if isinstance(raw, dict) else {}
        )

    # --- values.yaml --------------------------------------------------------------------------------------------

    def _lint_values_file(self) -> None:
        """Check values.yaml.

        Source: rules/values.go, ValuesWithOverrides.
        """
        content = self._read("values.yaml")
        if content is None:
            self._report(INFO, "values.yaml", "file does not exist")
            return
        limits, warn, dialect = self._settings.limits, self._settings.warn, self._settings.dialect
        try:
            values = load_values(content, limits=limits, go_type=dialect.values_type.go_type)
        except SourceError as error:
            self._report(ERROR, "values.yaml", f"unable to parse YAML: {error.message}")
            return
        merged: Table = coalesce_tables(
            copy_table(self._settings.values), values, warn, dialect.coalescing
        )
        schema = self._read("values.schema.json")
        if schema:
            self._report(ERROR, "values.yaml", self.schema_problem(merged, schema))

    def schema_problem(self, values: Table, schema: bytes) -> str:
        """Return the schema's errors for the values; empty if there are none."""
        warn, messages = self._settings.warn, self._settings.dialect.messages
        return find_problem(values, schema, lambda address: warn(messages.unresolved_urn(address)))

    # --- templates ----------------------------------------------------------------------------------------------

    def _lint_templates(self, chart: Chart | None, problem: str) -> None:
        """Render the templates and check them.

        Source: rules/template.go, TemplatesWithSkipSchemaValidation.
        """
        path = "templates/"
        if not self.check_templates_directory(self._kind("templates"), path):
            return
        if chart is None:
            self._report(ERROR, path, problem)
            return
        chart_copy = chart.copy()
        values, warn, dialect = self._settings.values, self._settings.warn, self._settings.dialect
        try:
            process_dependencies(chart_copy, values, warn, dialect)
            coalesced = coalesce_values(chart_copy, values, warn, dialect.coalescing)
        except SourceError:
            return
        try:
            files = self._render(chart_copy, coalesced)
        except KmanifestError as error:
            self._report(ERROR, path, error.message)
            return
        for file in chart_copy.templates:
            text = files.get(clean_path(f"{chart_copy.name}/{file.name}"), "")
            if not self._lint_template(file.name, file.data, text):
                return

    def check_templates_directory(self, kind: str | None, path: str) -> bool:
        """Report a problem of `templates/` itself. Return True if there is none."""
        return self._report(WARNING, path, "not a directory" if kind == "file" else "")

    def _render(self, chart: Chart, values: Mapping[str, Any]) -> Mapping[str, str]:
        settings = self._settings
        release = Release("test-release", settings.namespace).object()
        release |= {"IsInstall": False, "Revision": 0}
        top = {
            "Release": release,
            "Capabilities": settings.dialect.make_capabilities(settings.kube_version),
            "Values": final_values(
                chart,
                values,
                skip_schema=settings.skip_schema,
                warn=settings.warn,
                dialect=settings.dialect,
            ),
        }
        session = RenderSession(
            settings.functions,
            warn=settings.warn,
            is_lint=True,
            bounds=settings.bounds,
            dialect=settings.dialect,
        )
        return session.render(collect_sources(chart, top, settings.dialect))

    def _lint_template(self, name: str, source: bytes, text: str) -> bool:
        """Check one template and its output. Return False if the output is not YAML, which ends the checks."""
        if not self.check_template(name, source) or not text.strip(SPACE):
            return True
        self._report(WARNING, name, _indent_problem(text))
        return self._lint_documents(name, text, lambda head: self._check_object(name, head, text))

    def check_template(self, name: str, source: bytes) -> bool:
        """Report problems of the template itself. Return whether its output is checked as well."""
        extension = self._check_extension(name)
        if re.search(rb'"?helm\.sh/hook"?:[\t\n\f\r ]+crd-install', source):
            self._report(
                WARNING,
                name,
                "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs "
                "should also exist the crds/ directory at the top level of the chart",
            )
        if b".Release.Time" in source:
            self._report(
                ERROR,
                name,
                ".Release.Time has been removed in v3, please replace with the `now` function in your templates",
            )
        return extension == ".yaml"

    def _check_extension(self, name: str) -> str:
        """Return the extension of a name. Report it if templates can't have it."""
        _, dot, extension = base_name(name).rpartition(".")
        extension = dot + extension if dot else ""
        if extension not in _EXTENSIONS:
            self._report(
                ERROR,
                name,
                f"file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt",
            )
        return extension

    def _lint_documents(
        self, path: str, text: str, check: Callable[[Mapping[str, Any]], None]
    ) -> bool:
        """Call `check` with the head of each document. Report a document that is not YAML and return False."""
        limits = self._settings.limits
        try:
            for document in _split_documents(text):
                value = load_yaml(document.encode("utf-8", "surrogateescape"), limits=limits)
                if value is not None:
                    check(decode(value, self.head_shape))
        except SourceError as error:
            problem = _json_problem(text) or error.message
            return self._report(ERROR, path, f"unable to parse YAML: {problem}")
        return True

    def _check_object(self, path: str, fields: Mapping[str, Any], text: str) -> None:
        kind, metadata = fields.get("Kind", ""), fields.get("Metadata", {})
        name = metadata.get("Name", "")
        self._report(WARNING, path, _name_problem(kind, name))
        version = fields.get("apiVersion", "")
        self._report(
            WARNING, path, _deprecation_message(version, kind, self._settings.kube_version)
        )
        has_selector = "matchLabels" in text or "matchExpressions" in text
        if kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet") and not has_selector:
            requirement = "must contain matchLabels or matchExpressions"
            self._report(ERROR, path, f"a {kind} {requirement}, and {quoted(name)} does not")
        if kind == "List" and _has_policy(text, self._settings.limits):
            self._report(ERROR, path, self.list_problem)

    # --- dependencies -------------------------------------------------------------------------------------------

    def _lint_dependencies(self, chart: Chart | None, problem: str) -> None:
        """Check that Chart.yaml and `charts/` list the same dependencies.

        Source: rules/dependencies.go, Dependencies.
        """
        if chart is None:
            self._report(ERROR, "", f"unable to load chart\n\t{problem}")
            return
        declared = [dependency.name for dependency in chart.metadata.requirements()]
        present = [subchart.name for subchart in chart.subcharts]
        unknown = [name for name in present if name not in declared]
        if unknown:
            text = f"chart metadata is missing these dependencies: {','.join(unknown)}"
            self._report(ERROR, self._display_path, text)
        missing = [name for name in declared if name not in present]
        if missing:
            text = f"chart directory is missing these dependencies: {','.join(missing)}"
            self._report(WARNING, self._display_path, text)

    # --- CustomResourceDefinitions --------------------------------------------------------------------------------

    def lint_crds(self, chart: Chart | None, problem: str) -> None:
        """Check the CustomResourceDefinitions. Helm 3 does not."""


def _metadata_problems(metadata: Metadata, generic: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield a severity and a text for each rule of Chart.yaml. The text is empty if the rule is satisfied."""
    texts = metadata.strings
    name, version = texts["name"], texts["apiVersion"]
    if not name:
        yield ERROR, "name is required"
    elif base_name(name) != name:
        yield ERROR, f"chart name {quoted(name)} is invalid"
    if not version:
        yield ERROR, 'apiVersion is required. The value must be either "v1" or "v2"'
    elif version not in ("v1", "v2"):
        yield ERROR, f'apiVersion \'{version}\' is not valid. The value must be either "v1" or "v2"'
    yield ERROR, _type_problem(generic, "version")
    yield ERROR, _version_problem(metadata.version)
    yield ERROR, _type_problem(generic, "appVersion")
    yield ERROR, _maintainer_problem(metadata)
    for source in metadata.sources:
        if not is_request_url(source):
            yield ERROR, f"invalid source URL '{source}'"
            break
    icon = texts["icon"]
    if not icon:
        yield INFO, "icon is recommended"
    elif not is_request_url(icon):
        yield ERROR, f"invalid icon URL '{icon}'"
    if texts["type"] and version != "v2":
        yield (
            ERROR,
            f"chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'",
        )
    if metadata.dependencies and version != "v2":
        yield (
            ERROR,
            f"dependencies are not valid in the Chart file with apiVersion '{version}'. They are valid in apiVersion 'v2'",
        )


def _type_problem(generic: Mapping[str, Any], field: str) -> str:
    if field not in generic or isinstance(generic[field], str):
        return ""
    return f"{field} should be of type string but it's of type {type_name(generic[field])}"


def _version_problem(version: str) -> str:
    if not version:
        return "version is required"
    if not is_version(version):
        return f"version '{version}' is not a valid SemVer"
    if satisfies(version, ">0.0.0-0"):
        return ""
    return f"version {version} is less than or equal to 0.0.0-0"


def _maintainer_problem(metadata: Metadata) -> str:
    for maintainer in metadata.maintainers or ():
        if maintainer is None:
            return "a maintainer entry is empty"
        name, email, url = (maintainer.get(key, "") for key in ("name", "email", "url"))
        if not name:
            return "each maintainer requires a name"
        if email and not is_email(email):
            return f"invalid email '{email}' for maintainer '{name}'"
        if url and not is_url(url):
            return f"invalid url '{mask_url(url)}' for maintainer '{name}'"
    return ""


def _indent_problem(text: str) -> str:
    for line in text.split("\n"):
        visible_line = line.removesuffix("\r")
        if not visible_line.strip(SPACE):
            continue
        if visible_line[0] in " \t":
            return f"document starts with an illegal indent: {quoted(visible_line)}, which may cause parsing problems"
        return ""
    return ""


def _split_documents(text: str) -> Iterator[str]:
    """Yield the documents of a text. Raises SourceError if a separator is invalid.

    Helm reads a text that starts with a brace as JSON first; here the YAML loader reads both.

    Source: apimachinery v0.37 util/yaml/decoder.go.
    """
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("---"):
            lines.append(line)
            continue
        rest = line[3:].strip(SPACE)
        if rest and not rest.startswith("#"):
            raise SourceError(f"invalid Yaml document separator: {rest}")
        if lines:
            yield "".join(lines)
            lines = []
    if lines:
        yield "".join(lines)


def _json_problem(text: str) -> str:
    """Return Helm's error for a text that starts like JSON but is neither JSON nor YAML."""
    if not text.lstrip(SPACE).startswith("{"):
        return ""
    from kmanifest.engines.helm.schemas.document import find_json_problem

    return find_json_problem(text)


def _name_problem(kind: str, name: str) -> str:
    problems = name_problems(kind, name)
    if not problems:
        return ""
    messages = [f"metadata.name: Invalid value: {quoted(name)}: {text}" for text in problems]
    message = messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
    return (
        f"object name does not conform to Kubernetes naming requirements: {quoted(name)}: {message}"
    )


def _deprecation_message(version: str, kind: str, kube_version: str) -> str:
    """Return the message for a deprecated API; empty if it is not deprecated.

    Source: rules/deprecations.go.
    """
    from kmanifest.engines.helm.lint.deprecations import DEPRECATIONS
    from kmanifest.engines.helm.objects.capabilities import (
        DEFAULT_KUBE_VERSION,
        parse_kube_version,
    )

    entry = DEPRECATIONS.get(f"{version} {kind}")
    if entry is None:
        return ""
    current = parse_kube_version(kube_version or DEFAULT_KUBE_VERSION)
    since, removed, replacement = entry
    if tuple(map(int, since.split("."))) > (int(current.major), int(current.minor)):
        return ""
    text = f"{version} {kind} is deprecated in v{since}+"
    text += f", unavailable in v{removed}+" if removed else ""
    return text + (f"; use {replacement}" if replacement else "")


def _has_policy(text: str, limits: Limits) -> bool:
    """Return whether an item of a list has an annotation that Helm ignores in lists."""
    value = load_yaml(text.encode("utf-8", "surrogateescape"), limits=limits)
    items = value.get("items") if isinstance(value, dict) else None
    for item in items if isinstance(items, list) else ():
        metadata = item.get("metadata") if isinstance(item, dict) else None
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict) and "helm.sh/resource-policy" in annotations:
            return True
    return False
