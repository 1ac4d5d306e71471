"""Build a `Chart` from the files of a directory or an archive.

Source: helm v3.22.0 pkg/chart/loader/load.go, directory.go, archive.go; internal/sympath/walk.go.
"""

from collections.abc import Callable, Iterator, Sequence

from kmanifest.engines.helm.charts import ignore
from kmanifest.engines.helm.charts.archive import BOM, MAX_ENTRIES, File, is_archive, read_archive
from kmanifest.engines.helm.charts.chart import Chart, Metadata, base_name
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.io.tree import Tree, is_below, join
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Final

Warn = Callable[[str], None]

_MAX_NESTING: Final = 64
_OLD_REQUIREMENTS: Final = (
    'Warning: Dependencies are handled in Chart.yaml since apiVersion "v2". '
    "We recommend migrating dependencies to Chart.yaml."
)
_OLD_LOCK: Final = (
    'Warning: Dependency locking is handled in Chart.lock since apiVersion "v2". '
    "We recommend migrating to Chart.lock."
)


def load_chart(
    tree: Tree, path: str, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, display_path: str = "",
    dialect: Dialect,
) -> Chart:  # fmt: skip
    """Load the chart at `path`, a directory or an archive. Errors show `display_path` as its path.

    Raises SourceError, MissingError or LimitError with Helm's message.
    """
    real = tree.resolve(path)
    if tree.kind(real) == "dir":
        dialect.loading.check_directory(tree, real, display_path or path, limits)
        return load_directory(
            tree, path, limits=limits, warn=warn, display_path=display_path or path, dialect=dialect
        )
    name = display_path or path
    content = tree.read(real, limit=max(limits.max_input_file, 0))
    if not is_archive(content):
        if name.endswith((".yml", ".yaml")):
            raise SourceError(
                f"file '{name}' seems to be a YAML file, but expected a gzipped archive"
            )
        content_type = (
            "text/plain; charset=utf-8" if _is_text(content[:512]) else "application/octet-stream"
        )
        raise SourceError(
            f"file '{name}' does not appear to be a gzipped archive; got '{content_type}'"
        )
    return load_archive(content, limits=limits, warn=warn, dialect=dialect)


def load_directory(
    tree: Tree, path: str, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, display_path: str = "",
    dialect: Dialect,
) -> Chart:  # fmt: skip
    """Load the chart in a directory without a check of its format version, as `helm lint` does.

    Raises the errors of `load_chart`.
    """
    reader = _DirectoryReader(tree, tree.resolve(path), limits, warn, display_path or path, dialect)
    return _ChartBuilder(limits, warn, dialect).build(reader.all_files())


def load_archive(
    content: bytes, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, dialect: Dialect
) -> Chart:  # fmt: skip
    """Load the chart in an archive. Raises the errors of `load_chart`."""
    dialect.loading.check_archive(content, limits)
    return _ChartBuilder(limits, warn, dialect).load_packaged(content, 0)


def _is_text(content: bytes) -> bool:
    return not any(byte < 9 or 14 <= byte < 27 or 27 < byte < 32 or byte == 11 for byte in content)


class _DirectoryReader:
    """Reads the files of one chart directory, follows links, and enforces the limits."""

    def __init__(
        self, tree: Tree, root: str, limits: Limits, warn: Warn, display_path: str, dialect: Dialect
    ) -> None:
        self._tree = tree
        self._root = root
        self._dialect = dialect
        self._limits = limits
        self._warn = warn
        self._display_path = display_path
        self._remaining = limits.max_total_input
        self._count = 0
        rules = join(root, ignore.FILE_NAME)
        self._rules = ignore.parse_rules(self._read_if_exists(rules))

    def _read_if_exists(self, path: str) -> bytes | None:
        try:
            real = self._tree.resolve(path)
        except MissingError:
            return None
        return self._read_within_limits(real, path) if self._tree.kind(real) == "file" else None

    def all_files(self) -> list[File]:
        """Return the files of the chart that are not ignored, in the order of the walk."""
        return list(self.files("", self._root, ()))

    def files(
        self, path_in_chart: str, directory: str, ancestors: tuple[str, ...]
    ) -> Iterator[File]:
        """Yield the files below `directory`, whose path relative to the chart is `path_in_chart`."""
        if len(ancestors) >= self._limits.max_depth:
            raise LimitError(
                f"directories are nested deeper than {self._limits.max_depth} (max_depth)"
            )
        for name in self._tree.list(directory):
            path = f"{path_in_chart}/{name}" if path_in_chart else name
            real = self._resolve_link(join_listed(directory, name), path)
            kind = self._tree.kind(real)
            if self._rules.ignores(path, is_directory=kind == "dir"):
                continue
            if kind == "dir":
                if any(is_below(ancestor, real) for ancestor in (*ancestors, directory)):
                    raise SourceError(f"{path!r} is a link to a directory that contains it")
                yield from self.files(path, real, (*ancestors, directory))
            else:
                yield File(path, self._read_file(real, kind, path))

    def _resolve_link(self, path: str, path_in_chart: str) -> str:
        real = self._tree.resolve(path)
        if real != path:
            self._warn(
                self._dialect.messages.symbolic_link(f"{self._display_path}/{path_in_chart}", real)
            )
        return real

    def _read_file(self, real: str, kind: str | None, path: str) -> bytes:
        if kind is None:
            raise SourceError(
                f"cannot load irregular file {self._display_path}/{path} as it has file mode type bits set"
            )
        self._count += 1
        if self._count > MAX_ENTRIES:
            raise LimitError(f"the chart has more than {MAX_ENTRIES} files")
        return self._read_within_limits(real, path)

    def _read_within_limits(self, real: str, path: str) -> bytes:
        try:
            content = self._tree.read(real, limit=self._dialect.loading.max_file)
        except LimitError:
            raise LimitError(
                f"chart file {quoted(base_name(path))} is larger than the maximum file size {self._dialect.loading.max_file}"
            ) from None
        self._remaining -= len(content)
        if self._remaining < 0:
            limit = self._limits.max_total_input
            raise LimitError(f"the chart has more than {limit} bytes (max_total_input)")
        return content.removeprefix(BOM)


def join_listed(directory: str, name: str) -> str:
    """Join a directory and the name of one of its entries."""
    return f"{directory}/{name}" if directory else name


class _ChartBuilder:
    """Builds one chart and its subcharts from files. It counts the content of all archives together."""

    def __init__(self, limits: Limits, warn: Warn, dialect: Dialect) -> None:
        self._limits = limits
        self._warn = warn
        self._dialect = dialect
        self._remaining = limits.max_total_input

    def load_packaged(self, content: bytes, depth: int) -> Chart:
        """Return the chart in an archive."""
        files = read_archive(content, max_file=self._dialect.loading.max_file)
        self._remaining -= sum(len(file.data) for file in files)
        if self._remaining < 0:
            limit = self._limits.max_total_input
            raise LimitError(f"the archives contain more than {limit} bytes (max_total_input)")
        return self.build(files, depth)

    def build(self, files: Sequence[File], depth: int = 0) -> Chart:
        """Return the chart with these files.

        Source: load.go, LoadFiles.
        """
        if depth > _MAX_NESTING:
            raise LimitError(f"charts are nested deeper than {_MAX_NESTING}")
        metadata = self._load_metadata(files)
        parts = _ChartParts(metadata, self._limits, self._warn, self._dialect)
        for file in files:
            parts.add(file)
        if parts.metadata is None:
            raise SourceError("Chart.yaml file is missing")
        parts.metadata.validate()
        chart = Chart(parts.metadata)
        chart.templates, chart.files = tuple(parts.templates), tuple(parts.files)
        chart.values, chart.schema = parts.values or {}, parts.schema
        chart.has_values, chart.raw = parts.values is not None, tuple(files)
        # Helm loads them in the random order of a Go map.
        subcharts = [
            self._load_subchart(chart, name, parts.subcharts[name], depth)
            for name in sorted(parts.subcharts)
        ]
        chart.set_dependencies([each for each in subcharts if each is not None])
        return chart

    def _load_metadata(self, files: Sequence[File]) -> Metadata | None:
        metadata: Metadata | None = None
        for file in files:
            if file.name == "Chart.yaml":
                metadata = metadata or Metadata()
                metadata.update(_decode_file(file, self._dialect.loading.metadata, self._limits))
                metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
        return metadata

    def _load_subchart(
        self, chart: Chart, name: str, files: list[File], depth: int
    ) -> Chart | None:
        """Return the chart in an entry of `charts/`, or None if the name of the entry starts with `_` or `.`."""
        if name[:1] in ("_", "."):
            return None
        try:
            if name.endswith(".tgz"):
                archive = files[0]
                if archive.name != name:
                    raise _ArchiveNameError(
                        f"error unpacking subchart tar in {chart.name}: expected {name}, got {archive.name}"
                    )
                return self.load_packaged(archive.data, depth + 1)
            inner_files = [
                File(file.name.partition("/")[2], file.data) for file in files if "/" in file.name
            ]
            return self.build(inner_files, depth + 1)
        except _ArchiveNameError:
            raise
        except KmanifestError as error:
            message = f"error unpacking subchart {name} in {chart.name}: {error.message}"
            raise type(error)(message, location=error.location) from error


class _ArchiveNameError(SourceError):
    """An error whose message already contains its location."""


def _decode_file(file: File, shape: Any, limits: Limits) -> dict[str, Any]:
    try:
        return decode(load_yaml(file.data, limits=limits), shape) or {}
    except SourceError as error:
        raise SourceError(f"cannot load {file.name}: {error.message}") from error


class _ChartParts:
    """The files of one chart, sorted by their role."""

    def __init__(
        self, metadata: Metadata | None, limits: Limits, warn: Warn, dialect: Dialect
    ) -> None:
        self.metadata = metadata
        self._limits = limits
        self._warn = warn
        self._dialect = dialect
        self.templates: list[File] = []
        self.files: list[File] = []
        self.values: dict[str, Any] | None = None
        self.schema: bytes | None = None
        self.subcharts: dict[str, list[File]] = {}

    def add(self, file: File) -> None:
        """Add one file to the part that it belongs to."""
        name = file.name
        if name == "Chart.yaml":
            return
        if name == "Chart.lock":
            _decode_file(file, self._dialect.loading.lock, self._limits)
        elif name == "values.yaml":
            self.values = self._load_values(file)
        elif name == "values.schema.json":
            self.schema = file.data
        elif name in ("requirements.yaml", "requirements.lock"):
            self._add_requirements(file)
        elif name.startswith("templates/"):
            self.templates.append(file)
        elif name.startswith("charts/") and not name.endswith(".prov"):
            path_in_charts = name.removeprefix("charts/")
            self.subcharts.setdefault(path_in_charts.partition("/")[0], []).append(
                File(path_in_charts, file.data)
            )
        else:
            self.files.append(file)

    def _load_values(self, file: File) -> dict[str, Any]:
        try:
            return self._dialect.readers.file(file.data, limits=self._limits)
        except SourceError as error:
            raise SourceError(f"cannot load values.yaml: {error.message}") from error

    def _add_requirements(self, file: File) -> None:
        """Read `requirements.yaml` or `requirements.lock`, in which Helm 2 keeps dependencies."""
        self.metadata = metadata = self.metadata or Metadata()
        is_lock = file.name.endswith(".lock")
        if is_lock:
            _decode_file(file, self._dialect.loading.lock, self._limits)
        is_v1 = metadata.strings["apiVersion"] == "v1"
        if not is_v1:
            line, text = (138, _OLD_LOCK) if is_lock else (120, _OLD_REQUIREMENTS)
            self._warn(self._dialect.messages.deprecated_file(line, text))
        if not is_lock:
            metadata.update(_decode_file(file, self._dialect.loading.metadata, self._limits))
            is_v1 = metadata.strings["apiVersion"] == "v1"
        if is_v1:
            self.files.append(file)
