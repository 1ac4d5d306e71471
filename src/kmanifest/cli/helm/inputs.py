"""Local input of the verbs of Helm: charts, values files, stdin."""

import os
import sys
from collections.abc import Iterable, Mapping

from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.helm.flags import split_list
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.dialect import Dialect
from kmanifest.engines.helm.values.layers import (
    Table,
    ValueLayer,
    ValueSources,
    merge_sources,
    value_layers,
)
from kmanifest.io.tree import SnapshotDiskTree, tree_at
from kmanifest.model.errors import LimitError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import NamedTuple

LIMITS: Limits = DEFAULT_LIMITS._replace(max_input_file=100 << 20)


def print_warning(text: str) -> None:
    """Print a message that Helm logs to stderr."""
    from kmanifest.cli import report  # imported for warnings only

    report.print_note(f"{printable(text)}\n")


def printable(text: str) -> str:
    """The text with control characters escaped, except tabs and line breaks."""
    from kmanifest.model.errors import one_line

    return "\n".join(
        line if line.isprintable() else "\t".join(map(one_line, line.split("\t")))
        for line in text.split("\n")
    )


class CommandLineValues(NamedTuple):
    """The values from the command line, with their sources.

    File contents are kept, since a pipe can't be read twice.
    """

    values: Table
    sources: ValueSources
    contents: Mapping[str, bytes]
    dialect: Dialect

    def layers(self) -> Iterable[ValueLayer]:
        """The files and flags as separate layers, in the order in which they are merged."""
        return value_layers(self.sources, self.contents.__getitem__, LIMITS, self.dialect.readers)


def read_values(command_line: CommandLine, dialect: Dialect) -> CommandLineValues:
    """Read and merge the values from the flags and the files that they name."""
    values = command_line.values
    sources = ValueSources(
        files=tuple(split_list(values["values"])),
        json=tuple(values["set-json"]),
        typed=tuple(values["set"]),
        strings=tuple(values["set-string"]),
        contents=tuple(values["set-file"]),
        literals=tuple(values["set-literal"]),
    )
    contents: dict[str, bytes] = {}

    def read(path: str) -> bytes:
        is_name = "%" not in path and ":" not in path and path.isprintable()
        content = read_file(path) if is_name else _read_url(command_line, path)
        contents.setdefault(path, content)
        return content

    merged = merge_sources(sources, read, LIMITS, dialect.readers)
    return CommandLineValues(merged, sources, contents, dialect)


def _read_url(command_line: CommandLine, path: str) -> bytes:
    """The content of a values file at a URL, or at a path that only looks like one.

    As in Helm, a path that is an invalid URL is an error, and the logins and certificates of the flags are for charts
    only.
    """
    # few values are fetched
    from kmanifest.cli.shared import helm_remote_options
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.sources.value_files import make_url_reader
    from kmanifest.engines.helm.sprig.urls import parse
    from kmanifest.io.remote import is_file_url

    try:
        parse(path.encode("utf-8", "surrogateescape"))
    except GoError as error:
        raise SourceError(str(error)) from None
    if not is_file_url(path):
        return read_file(path)
    return make_url_reader(helm_remote_options(command_line.values, [path]), LIMITS)(path)


def read_file(path: str) -> bytes:
    """The content of a file or pipe named on the command line; `-` is stdin."""
    limit = LIMITS.max_input_file
    if path.strip() == "-":
        return _within_limit(sys.stdin.buffer.read(limit + 1), path)
    if path.startswith("oci://"):
        raise UsageError(f"{path}: a registry holds charts, no value files")
    try:
        with open(path, "rb") as stream:
            return _within_limit(stream.read(limit + 1), path)
    except IsADirectoryError:
        raise MissingError(f"read {path}: is a directory") from None
    except OSError as error:
        raise MissingError(f"open {path}: {_error_text(error)}") from None
    except ValueError:
        raise MissingError(f"open {path}: invalid argument") from None


def _within_limit(content: bytes, path: str) -> bytes:
    if len(content) > LIMITS.max_input_file:
        raise LimitError(f"{path} has more than {LIMITS.max_input_file} bytes (max_input_file)")
    return content


def _error_text(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def find_local_chart(name: str) -> str | None:
    """The absolute path of a local chart; None if the chart has to be fetched.

    Raises MissingError for a path that does not exist. Source: pkg/action/install.go, LocateChart.
    """
    name = name.strip()
    if "\0" not in name and os.path.exists(name):
        return os.path.abspath(name)
    if os.path.isabs(name) or name.startswith("."):
        raise MissingError(f'path "{name}" not found')
    return None


def open_chart(path: str, *, follows_links: bool, dialect: Dialect) -> Chart:
    """Load the local chart at `path`. Links out of its git repository are an error unless `follows_links`."""
    tree, chart_path = chart_tree(path)
    if follows_links:
        chart_path, tree = os.path.join(tree.root, chart_path).strip("/"), SnapshotDiskTree("/")
    return load_chart(
        tree, chart_path, limits=LIMITS, warn=print_warning, display_path=path, dialect=dialect
    )


def chart_tree(path: str) -> tuple[SnapshotDiskTree, str]:
    """The tree that links of a chart can lead to, and the path of the chart in it: its git repository, else the chart."""
    real_path = os.path.realpath(path)
    repository = find_repository(real_path) if os.path.isdir(real_path) else None
    if repository is None or repository == os.path.realpath(os.environ.get("HOME") or "/"):
        return tree_at(path)
    tree = _RepositoryTree(repository)
    return tree, "" if real_path == repository else os.path.relpath(real_path, repository).replace(
        os.sep, "/"
    )


def find_repository(directory: str) -> str | None:
    """The root of the git repository that contains a resolved directory; None if there is none."""
    while os.path.dirname(directory) != directory:
        if os.path.exists(os.path.join(directory, ".git")):
            return directory
        directory = os.path.dirname(directory)
    return None


class _RepositoryTree(SnapshotDiskTree):
    """A git repository. No link can lead into `.git`, where credentials may be."""

    def resolve(self, path: str) -> str:
        resolved = super().resolve(path)
        if resolved != path and ".git" in resolved.lower().split("/"):
            raise SourceError(f"{path!r} is a link that leads into .git")
        return resolved
