"""Build a `Chart` from the files of a directory or an archive.

The steps are the same for both: read all files, sort them by their role, and build the subcharts in `charts/` in the
same way. A path in the chart is relative to the chart's directory; a path in the tree may differ from it, since links
are followed.

Source: helm v3.22.0 pkg/chart/loader/load.go, directory.go, archive.go; internal/sympath/walk.go.
"""

from kmanifest.engines.helm.charts import ignore
from kmanifest.engines.helm.charts.archive import BOM, MAX_FILES, File, is_archive, read_archive
from kmanifest.engines.helm.charts.chart import Chart, Metadata, base_name
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.formats.go_json import Shape, decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.io.tree import Tree, is_below, join
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Any, Callable, Final, Iterator, Sequence

Warn = Callable[[str], None]
CountInput = Callable[[int], object]
"""Counts the bytes of a file for the limit of the whole build."""

_MAX_NESTING: Final = 64
_SNIFFED_BYTES: Final = 512
_BINARY_BYTES: Final = frozenset((*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)))
"""The bytes that text does not contain; Go 1.26 net/http sniff.go, textSig.match."""

# A warning, with the line of load.go that logs it.
_OLD_REQUIREMENTS: Final = (
    120,
    'Warning: Dependencies are handled in Chart.yaml since apiVersion "v2". '
    "We recommend migrating dependencies to Chart.yaml.",
)
_OLD_LOCK: Final = (
    138,
    'Warning: Dependency locking is handled in Chart.lock since apiVersion "v2". '
    "We recommend migrating to Chart.lock.",
)


def load_chart(
    tree: Tree, path: str, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, display_path: str = "",
    dialect: Dialect, count_input: CountInput = lambda _: None,
) -> Chart:  # fmt: skip
    """Load the chart at `path`, a directory or an archive. Errors show `display_path` as its path.

    `count_input` is called with the size of each file that is read.

    Raises SourceError, MissingError or LimitError with Helm's message.
    """
    real_path = tree.resolve(path)
    if tree.kind(real_path) == "dir":
        dialect.loading.check_directory(tree, real_path, display_path or path, limits)
        return load_directory(
            tree, path, limits=limits, warn=warn, display_path=display_path or path, dialect=dialect,
            count_input=count_input,
        )  # fmt: skip
    content = tree.read(real_path, limit=limits.max_input_file)
    if not is_archive(content):
        raise _not_an_archive(content, display_path or path)
    return load_archive(content, limits=limits, warn=warn, dialect=dialect, count_input=count_input)


def load_directory(
    tree: Tree, path: str, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, display_path: str = "",
    dialect: Dialect, count_input: CountInput = lambda _: None,
) -> Chart:  # fmt: skip
    """Load the chart in a directory without a check of its format version, as `helm lint` does.

    Raises the errors of `load_chart`.
    """
    reader = _DirectoryReader(
        tree, tree.resolve(path), limits, warn, display_path or path, dialect, count_input
    )
    return _ChartBuilder(limits, warn, dialect, count_input).build(reader.all_files())


def load_archive(
    content: bytes, *, limits: Limits = DEFAULT_LIMITS, warn: Warn = lambda _: None, dialect: Dialect,
    count_input: CountInput = lambda _: None,
) -> Chart:  # fmt: skip
    """Load the chart in an archive. Raises the errors of `load_chart`. The files in it are counted."""
    dialect.loading.check_archive(content, limits)
    return _ChartBuilder(limits, warn, dialect, count_input).load_packaged(content, 0)


def _not_an_archive(content: bytes, name: str) -> SourceError:
    """Return the error for a file that is no archive. Of the content types that Go recognizes it names only two.

    Source: load.go, ensureArchive.
    """
    if name.endswith((".yml", ".yaml")):
        return SourceError(f"file '{name}' seems to be a YAML file, but expected a gzipped archive")
    # As in Helm, a shorter file is filled up with zeros, which makes it binary.
    is_text = len(content) >= _SNIFFED_BYTES and _BINARY_BYTES.isdisjoint(content[:_SNIFFED_BYTES])
    content_type = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
    return SourceError(
        f"file '{name}' does not appear to be a gzipped archive; got '{content_type}'"
    )


class _DirectoryReader:
    """Reads the files of one chart directory, follows links, and enforces the limits.

    `display_path` is the path of the directory in messages.
    """

    def __init__(
        self,
        tree: Tree,
        root: str,
        limits: Limits,
        warn: Warn,
        display_path: str,
        dialect: Dialect,
        count_input: CountInput,
    ) -> None:
        self._count_input = count_input
        self._tree = tree
        self._root = root
        self._dialect = dialect
        self._limits = limits
        self._warn = warn
        self._display_path = display_path
        self._remaining_bytes = limits.max_total_input
        self._file_count = 0

    def all_files(self) -> list[File]:
        """Return the files of the chart that are not ignored, in the order of the walk.

        Links are reported to `warn`. Raises SourceError for an invalid `.helmignore`, a link that leads out of the tree
        or to a directory around it, and a device. Raises LimitError if the chart is too large.
        """
        rules = ignore.parse_rules(self._read_ignore_file())
        return list(self._walk("", self._root, (), rules))

    def _read_ignore_file(self) -> bytes | None:
        """Return the content of `.helmignore`, or None if there is no such file."""
        try:
            real_path = self._tree.resolve(join(self._root, ignore.FILE_NAME))
        except MissingError:
            return None
        if self._tree.kind(real_path) != "file":
            return None
        return self._read_within_limits(real_path, ignore.FILE_NAME)

    def _walk(
        self,
        directory_in_chart: str,
        directory: str,
        ancestors: tuple[str, ...],
        rules: ignore.Rules,
    ) -> Iterator[File]:
        """Yield the files below a directory, of which both paths are given: that in the chart, and that in the tree.

        `ancestors` are the paths in the tree of the directories around it.
        """
        if len(ancestors) >= self._limits.max_depth:
            raise LimitError(
                f"directories are nested deeper than {self._limits.max_depth} (max_depth)"
            )
        for name in self._tree.list(directory):
            path_in_chart = join_listed(directory_in_chart, name)
            real_path = self._follow_link(join_listed(directory, name), path_in_chart)
            kind = self._tree.kind(real_path)
            if rules.ignores(path_in_chart, is_directory=kind == "dir"):
                continue
            if kind != "dir":
                yield File(path_in_chart, self._read_file(real_path, kind, path_in_chart))
                continue
            if any(is_below(ancestor, real_path) for ancestor in (*ancestors, directory)):
                raise SourceError(f"{path_in_chart!r} is a link to a directory that contains it")
            yield from self._walk(path_in_chart, real_path, (*ancestors, directory), rules)

    def _follow_link(self, path: str, path_in_chart: str) -> str:
        """Return the path with all links resolved. Reports a link to `warn`, as Helm does."""
        real_path = self._tree.resolve(path)
        if real_path != path:
            display_path = f"{self._display_path}/{path_in_chart}"
            root = getattr(self._tree, "root", "").rstrip("/")
            self._warn(self._dialect.messages.symbolic_link(display_path, f"{root}/{real_path}"))
        return real_path

    def _read_file(self, real_path: str, kind: str | None, path_in_chart: str) -> bytes:
        """Return the content of a file of the chart without a byte order mark, and count the file."""
        if kind is None:
            raise SourceError(
                f"cannot load irregular file {self._display_path}/{path_in_chart} as it has file mode type bits set"
            )
        self._file_count += 1
        if self._file_count > MAX_FILES:
            raise LimitError(f"the chart has more than {MAX_FILES} files")
        return self._read_within_limits(real_path, path_in_chart).removeprefix(BOM)

    def _read_within_limits(self, real_path: str, path_in_chart: str) -> bytes:
        """Return the content of a file, and count its bytes."""
        max_file_bytes = self._dialect.loading.max_file_bytes
        try:
            content = self._tree.read(real_path, limit=max_file_bytes)
        except LimitError:
            raise LimitError(
                f"chart file {quoted(base_name(path_in_chart))} is larger than the maximum file size {max_file_bytes}"
            ) from None
        self._remaining_bytes -= len(content)
        if self._remaining_bytes < 0:
            limit = self._limits.max_total_input
            raise LimitError(f"the chart has more than {limit} bytes (max_total_input)")
        self._count_input(len(content))
        return content


def join_listed(directory: str, name: str) -> str:
    """Join a directory and the name of one of its entries. Unlike `io.tree.join`, this does not normalize the path."""
    return f"{directory}/{name}" if directory else name


class _ChartBuilder:
    """Builds one chart and its subcharts from files.

    The content of all archives together may have `max_total_input` bytes.
    """

    def __init__(
        self, limits: Limits, warn: Warn, dialect: Dialect, count_input: CountInput
    ) -> None:
        self._count_input = count_input
        self._limits = limits
        self._warn = warn
        self._dialect = dialect
        self._remaining_bytes = limits.max_total_input

    def load_packaged(self, content: bytes, depth: int) -> Chart:
        """Return the chart in an archive. `depth` is the number of charts around it. Raises the errors of `build`."""
        files = read_archive(content, max_file_bytes=self._dialect.loading.max_file_bytes)
        size = sum(len(file.data) for file in files)
        self._count_input(size)
        self._remaining_bytes -= size
        if self._remaining_bytes < 0:
            limit = self._limits.max_total_input
            raise LimitError(f"the archives contain more than {limit} bytes (max_total_input)")
        return self.build(files, depth)

    def build(self, files: Sequence[File], depth: int = 0) -> Chart:
        """Return the chart with these files. `depth` is the number of charts around it.

        Raises SourceError or LimitError with Helm's message. Source: load.go, LoadFiles.
        """
        if depth > _MAX_NESTING:
            raise LimitError(f"charts are nested deeper than {_MAX_NESTING}")
        parts = _ChartParts(self._load_metadata(files), self._limits, self._warn, self._dialect)
        for file in files:
            parts.add(file)
        if parts.metadata is None:
            raise SourceError("Chart.yaml file is missing")
        parts.metadata.validate()
        chart = Chart(parts.metadata)
        chart.raw = tuple(files)
        chart.templates = tuple(parts.templates)
        chart.files = tuple(parts.files)
        chart.values = parts.values or {}
        chart.has_values = parts.values is not None
        chart.schema = parts.schema
        # Helm loads them in the random order of a Go map.
        chart.set_subcharts(
            [
                self._load_subchart(chart, name, parts.files_in_charts[name], depth)
                for name in sorted(parts.files_in_charts)
                # As in Helm, these are no charts.
                if not name.startswith(("_", "."))
            ]
        )
        return chart

    def _load_metadata(self, files: Sequence[File]) -> Metadata | None:
        """Return the content of Chart.yaml, or None if there is no such file.

        As in Helm, a Chart.yaml that an archive contains again overwrites only the fields that it has.
        """
        metadata: Metadata | None = None
        for file in files:
            if file.name == "Chart.yaml":
                metadata = metadata or Metadata()
                metadata.update(_decode_file(file, self._dialect.loading.metadata, self._limits))
                metadata.strings["apiVersion"] = metadata.strings["apiVersion"] or "v1"
        return metadata

    def _load_subchart(self, chart: Chart, name: str, files: list[File], depth: int) -> Chart:
        """Return the chart in the entry `name` of `charts/`, an archive or a directory.

        `files` are those at or below the entry. Raises SourceError with the name of the entry.
        """
        is_archive_name = name.endswith(".tgz")
        if is_archive_name and files[0].name != name:
            # A directory whose name ends in .tgz.
            raise SourceError(
                f"error unpacking subchart tar in {chart.name}: expected {name}, got {files[0].name}"
            )
        try:
            if is_archive_name:
                return self.load_packaged(files[0].data, depth + 1)
            inner_files = [
                File(file.name.partition("/")[2], file.data) for file in files if "/" in file.name
            ]
            return self.build(inner_files, depth + 1)
        except KmanifestError as error:
            message = f"error unpacking subchart {name} in {chart.name}: {error.message}"
            raise type(error)(message, location=error.location) from error


def _decode_file(file: File, shape: Shape, limits: Limits) -> dict[str, Any]:
    """Return the fields in a YAML file. Raises SourceError if the content does not have the shape."""
    try:
        return decode(load_yaml(file.data, limits=limits), shape) or {}
    except SourceError as error:
        raise SourceError(f"cannot load {file.name}: {error.message}") from error


class _ChartParts:
    """The files of one chart, sorted by their role.

    - `metadata`: the content of Chart.yaml and requirements.yaml; None if there is neither.
    - `templates`: the files in `templates/`.
    - `files`: the files without another role.
    - `values`: the content of values.yaml; None if there is no such file.
    - `schema`: the content of values.schema.json; None if there is no such file.
    - `files_in_charts`: for each entry of `charts/`, the files at or below it, with paths relative to `charts/`.
    """

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
        self.files_in_charts: dict[str, list[File]] = {}

    def add(self, file: File) -> None:
        """Add one file to the part that it belongs to. Raises SourceError if its content is invalid."""
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
            self.files_in_charts.setdefault(path_in_charts.partition("/")[0], []).append(
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
        """Read `requirements.yaml` or `requirements.lock`, in which Helm 2 keeps dependencies.

        Changes the metadata. Reports a warning unless the chart has apiVersion v1.
        """
        self.metadata = metadata = self.metadata or Metadata()
        is_lock = file.name.endswith(".lock")
        if is_lock:
            _decode_file(file, self._dialect.loading.lock, self._limits)
        if metadata.strings["apiVersion"] != "v1":
            line, text = _OLD_LOCK if is_lock else _OLD_REQUIREMENTS
            self._warn(self._dialect.messages.deprecated_file(line, text))
        if not is_lock:
            # As in Helm, any field of Chart.yaml can be in requirements.yaml, even the apiVersion.
            metadata.update(_decode_file(file, self._dialect.loading.metadata, self._limits))
        if metadata.strings["apiVersion"] == "v1":
            self.files.append(file)
