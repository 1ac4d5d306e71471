"""`kmanifest helm repo index`: write the index of a directory of packaged charts.

Source: helm v3.22.0 cmd/helm/repo_index.go.
"""

import os

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.helm.flags import COMMON_FLAGS, check_flags
from kmanifest.cli.output import replace_file
from kmanifest.cli.shared import BOUNDARY_FLAGS, root_option
from kmanifest.cli.verbs import DIRECTORY, Command, Group, Verb
from kmanifest.startup.typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from kmanifest.engines.helm.sources.indexing import Record

INDEX_FLAGS = (
    *with_variables(
        "INDEX_",
        Flag("json", "switch", "write the index as JSON"),
        Flag("merge", "string", "index file whose charts are added to the new index", path="file"),
        Flag("url", "string", "URL of the repository, as the prefix of the chart URLs"),
    ),
    *COMMON_FLAGS,
)


def index(command_line: CommandLine) -> int:
    """Write the index of a directory and return the exit code."""
    if len(command_line.arguments) != 1:
        raise UsageError(
            '"helm repo index" requires 1 argument\n\nUsage:  helm repo index [DIR] [flags]'
        )
    from kmanifest.engines.helm.sources.indexing import dump_index, merge

    as_json = command_line.values["json"]
    generated = current_time()
    directory = os.path.abspath(command_line.arguments[0])
    root = root_option(command_line.values)
    records = list(_index_records(directory, root, command_line.values["url"]))
    if command_line.values["merge"]:
        records = merge(records, _records_to_merge(command_line.values["merge"], as_json=as_json))
    content = dump_index(records, generated, as_json=as_json)
    replace_file(os.path.join(directory, "index.yaml"), content)
    return EXIT_OK


def current_time() -> str:
    """The current time in Go's format."""
    import time

    from kmanifest.engines.helm.sources.lock import go_time
    from kmanifest.io.system import system_clock

    return go_time(system_clock(), time.localtime().tm_gmtoff)


def _index_records(directory: str, root: str | None, url: str) -> "Iterator[Record]":
    """A record for each packaged chart in the directory and its direct subdirectories.

    Other files are skipped. Raises OutsideError for a link that leads out of the project.
    """
    from hashlib import sha256

    from kmanifest.cli.helm.inputs import LIMITS, read_file
    from kmanifest.engines.helm.charts.loader import load_archive
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.sources.indexing import Record, package_url
    from kmanifest.io.local_tree import OutsideError, find_boundary
    from kmanifest.model.errors import KmanifestError

    boundary = find_boundary(os.path.realpath(directory), root)
    for path in _package_paths(directory):
        try:
            content = read_file(os.path.join(directory, path), boundary)
            chart = load_archive(content, limits=LIMITS, dialect=HELM3)
        except OutsideError:
            raise
        except KmanifestError:
            continue
        subdirectory, name = os.path.split(path)
        url_of_package = package_url(url, subdirectory, name)
        yield Record(chart.metadata, [url_of_package], current_time(), sha256(content).hexdigest())


def _package_paths(directory: str) -> list[str]:
    """The relative paths of the .tgz files in the directory, then of those in its direct subdirectories."""
    from kmanifest.model.errors import MissingError

    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise MissingError(f"{directory}: {error.strerror or error}") from error
    paths = [name for name in names if name.endswith(".tgz")]
    for subdirectory in names:
        inner_directory = os.path.join(directory, subdirectory)
        inner_names = sorted(os.listdir(inner_directory)) if os.path.isdir(inner_directory) else []
        paths += [os.path.join(subdirectory, name) for name in inner_names if name.endswith(".tgz")]
    return paths


def _records_to_merge(path: str, *, as_json: bool) -> "list[Record]":
    """The records of the index to merge with. An index that does not exist is created empty."""
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.engines.helm.sources.index import load_index
    from kmanifest.engines.helm.sources.indexing import dump_index, records_of
    from kmanifest.model.errors import SourceError

    if not os.path.exists(path):
        replace_file(path, dump_index([], current_time(), as_json=as_json))
        return []
    try:
        return list(records_of(load_index(read_file(path), path)))
    except SourceError as error:
        raise SourceError(f"merge failed: error loading {path}: {error.message}") from error


INDEX = Command(
    ("helm", "repo", "index"),
    "DIR",
    "Write an index.yaml for the packaged charts in a directory, which makes it a chart repository.\n",
    (("Flags", (*INDEX_FLAGS, *BOUNDARY_FLAGS)),),
    index,
    completions=(DIRECTORY,),
    check=check_flags,
)
COMMAND = Group(
    ("helm", "repo"),
    "Make a directory of packaged charts a chart repository.\n",
    (
        Verb(
            "index",
            "write the index.yaml of a directory of packaged charts",
            __name__,
            attribute="INDEX",
        ),
    ),
    leading_flags=COMMON_FLAGS,
)
