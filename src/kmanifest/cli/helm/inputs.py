"""Local input of the verbs of Helm: charts, values files, stdin."""

import os
import sys

from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.helm.flags import split_list
from kmanifest.cli.shared import root_option
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
from kmanifest.io.local_tree import Boundary, find_boundary, open_local, open_named
from kmanifest.model.errors import LimitError, MissingError, SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import Iterable, Mapping, NamedTuple

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
    limits: Limits

    def layers(self) -> Iterable[ValueLayer]:
        """The files and flags as separate layers, in the order in which they are merged."""
        return value_layers(
            self.sources, self.contents.__getitem__, self.limits, self.dialect.readers
        )


def read_values(
    command_line: CommandLine, dialect: Dialect, chart: str, limits: Limits = LIMITS
) -> CommandLineValues:
    """Read and merge the values from the flags and the files that they name. `chart` is the argument for the chart."""
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
    boundary = find_chart_boundary(command_line, chart)

    def read(path: str) -> bytes:
        is_name = "%" not in path and ":" not in path and path.isprintable()
        if is_name:
            content = read_file(path, boundary, limits)
        else:
            content = _read_url(command_line, path, boundary, limits)
        contents.setdefault(path, content)
        return content

    merged = merge_sources(sources, read, limits, dialect.readers)
    return CommandLineValues(merged, sources, contents, dialect, limits)


def find_chart_boundary(command_line: CommandLine, chart: str) -> Boundary | None:
    """The boundary of a chart that an argument names; None if it is not a local one."""
    root = root_option(command_line.values)
    if root is None and ("\0" in chart or not os.path.exists(chart.strip())):
        return None
    return find_boundary(os.path.realpath(chart.strip()), root)


def _read_url(
    command_line: CommandLine, path: str, boundary: Boundary | None, limits: Limits
) -> bytes:
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
        return read_file(path, boundary, limits)
    return make_url_reader(helm_remote_options(command_line.values, [path]), limits)(path)


def read_file(path: str, boundary: Boundary | None = None, limits: Limits = LIMITS) -> bytes:
    """The content of a file or pipe named on the command line; `-` is stdin.

    If the file is in the boundary, it must not be a link out of it.
    """
    limit = limits.max_input_file
    if path.strip() == "-":
        return _within_limit(sys.stdin.buffer.read(limit + 1), path, limit)
    if path.startswith("oci://"):
        raise UsageError(f"{path}: a registry holds charts, no value files")
    try:
        with open(open_named(path, boundary), "rb") as stream:
            return _within_limit(stream.read(limit + 1), path, limit)
    except IsADirectoryError:
        raise MissingError(f"read {path}: is a directory") from None
    except OSError as error:
        raise MissingError(f"open {path}: {_error_text(error)}") from None
    except ValueError:
        raise MissingError(f"open {path}: invalid argument") from None


def _within_limit(content: bytes, path: str, limit: int) -> bytes:
    if len(content) > limit:
        raise LimitError(f"{path} has more than {limit} bytes (max_input_file)")
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


def open_chart(
    command_line: CommandLine, path: str, dialect: Dialect, limits: Limits = LIMITS
) -> Chart:
    """Load the local chart at `path`, with the boundary that the command line gives."""
    tree, chart_path = open_local(path, root_option(command_line.values))
    return load_chart(
        tree, chart_path, limits=limits, warn=print_warning, display_path=path, dialect=dialect
    )
