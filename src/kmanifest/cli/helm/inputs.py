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
from kmanifest.io.remote import is_file_url
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
        _check_url(path)
        content = _fetch(command_line, path) if is_file_url(path) else read_file(path)
        contents.setdefault(path, content)
        return content

    merged = merge_sources(sources, read, LIMITS, dialect.readers)
    return CommandLineValues(merged, sources, contents, dialect)


def _check_url(path: str) -> None:
    """Raise SourceError for a path that is no URL. As in Helm, it can't be the path of a local file either."""
    if "%" not in path and ":" not in path and path.isprintable():
        return
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.sprig.urls import parse

    try:
        parse(path.encode("utf-8", "surrogateescape"))
    except GoError as error:
        raise SourceError(str(error)) from None


def _fetch(command_line: CommandLine, url: str) -> bytes:
    """Fetch a values file. As in Helm, the logins and certificates of the flags are for charts only."""
    from kmanifest.cli.helm.sources import fetch_options  # few values are fetched
    from kmanifest.engines.helm.sources.value_files import make_url_reader

    return make_url_reader(fetch_options(command_line, [url]), LIMITS)(url)


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
    """Load the local chart at `path`. Links out of its directory are an error unless `follows_links`."""
    tree, chart_path = tree_at(path)
    if follows_links:
        chart_path, tree = os.path.join(tree.root, chart_path).strip("/"), SnapshotDiskTree("/")
    return load_chart(
        tree, chart_path, limits=LIMITS, warn=print_warning, display_path=path, dialect=dialect
    )
