"""`kmanifest create`: write a new kustomization.yaml to the current directory.

The file is written only if everything is valid. kustomize leaves an empty file behind if a label is invalid, and empties
one of two existing files.
Source of names, messages and order: kustomize v5.8.2 kustomize/commands/create/create.go.
"""

import os

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import replace_file
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    DEFINITION,
    FETCH_FLAGS,
    remote_options,
    root_option,
)
from kmanifest.cli.verbs import Command
from kmanifest.engines.kustomize.kustomization import FILE_NAMES
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError, near_names
from kmanifest.startup.typing import Any, Iterator, Mapping

FIELD_FLAGS = with_variables(
    "CREATE_",
    Flag("annotations", "string", "common annotations: KEY:VALUE,KEY:VALUE"),
    Flag("autodetect", "switch", "add the files in this directory that contain resources"),
    Flag(
        "environments",
        "switch",
        "write a kmanifest.yaml for the environments dev and prod, values.yaml and env/prod.yaml, with the files in this directory that contain resources unless --resources is given",
    ),
    Flag("labels", "string", "common labels: KEY:VALUE,KEY:VALUE"),
    Flag("nameprefix", "string", "the namePrefix field"),
    Flag("namespace", "string", "the namespace field"),
    Flag("namesuffix", "string", "the nameSuffix field"),
    Flag(
        "recursive",
        "switch",
        "with --autodetect, also search subdirectories, and add those with a kustomization",
    ),
    Flag("resources", "string", "files and directories to add, wildcards allowed: PATH,PATH"),
)


def create(command_line: CommandLine) -> int:
    """Write kustomization.yaml, or a kmanifest.yaml, with the fields that the flags set, and return the exit code."""
    if command_line.arguments:
        raise UsageError(f"unexpected argument: {command_line.arguments[0]}")
    labels = parse_pairs(command_line.values["labels"], "label")
    annotations = parse_pairs(command_line.values["annotations"], "annotation")
    existing = [name for name in (*FILE_NAMES, DEFINITION) if os.path.lexists(name)]
    if existing:
        raise SourceError("a kustomization file already exists").within(file=existing[0])
    fields = {
        "resources": _resource_paths(command_line),
        "namePrefix": command_line.values["nameprefix"],
        "nameSuffix": command_line.values["namesuffix"],
        "namespace": command_line.values["namespace"],
        "commonLabels": labels,
        "commonAnnotations": annotations,
    }
    if command_line.values["environments"]:
        from kmanifest.cli.create_environments import write_definition

        write_definition(fields.pop("resources"), _field_text(fields))
        return EXIT_OK
    types = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    replace_file(FILE_NAMES[0], _field_text({**types, **fields}).encode())
    return EXIT_OK


def _field_text(fields: Mapping[str, Any]) -> str:
    """The fields that are not empty as YAML, one by one, since kustomize's order of fields is not alphabetical."""
    from kmanifest.yaml import dump  # imported here so that usage errors stay fast

    return "".join(
        dump({name: _replace_undecodable(value)}) for name, value in fields.items() if value
    )


def parse_pairs(text: str, kind: str) -> dict[str, str]:
    """Parse `KEY:VALUE,KEY:VALUE`, where a value may be in double quotes. Raises UsageError for an empty key.

    Source: kustomize v5.8.2 kustomize/commands/internal/util/util.go, ConvertToMap.
    """
    pairs: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, colon, value = pair.partition(":")
        if colon and not key:
            raise UsageError(
                f"invalid {kind}: '{pair}' (need KEY:VALUE, where VALUE may be quoted)"
            )
        is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
        pairs[key] = value[1:-1] if is_quoted else value
    return pairs


def _replace_undecodable(
    value: str | list[str] | dict[str, str],
) -> str | list[str] | dict[str, str]:
    """`value` with U+FFFD for each byte of the command line that is not UTF-8, as in Go's JSON."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, list):
        return [str(_replace_undecodable(item)) for item in value]
    return {
        str(_replace_undecodable(key)): str(_replace_undecodable(item))
        for key, item in value.items()
    }


def _resource_paths(command_line: CommandLine) -> list[str]:
    """The paths of --resources, then those that --autodetect finds."""
    paths: list[str] = []
    if command_line.values["resources"]:
        for pattern in command_line.values["resources"].split(","):
            matches = _matching_paths(pattern) or _fetched_repository(pattern, command_line)
            if not matches:
                raise _no_match_error(pattern)
            paths += matches
    values = command_line.values
    if values["autodetect"] or (values["environments"] and not values["resources"]):
        detected = _detect_resource_files("", root_option(values), recursive=values["recursive"])
        paths += [path for path in detected if path not in paths]
    return paths


def _matching_paths(pattern: str) -> list[str]:
    """The paths that match, without hidden ones. If none does, `pattern` itself if it names a base directory.

    Source: kustomize v5.8.2 kustomize/commands/internal/util/util.go, GlobPatternsWithLoader.
    """
    from kmanifest.cli.glob import glob  # imported for --resources only

    paths = glob(pattern)
    if not os.path.basename(pattern.rstrip("/")).startswith("."):
        paths = [path for path in paths if not os.path.basename(path).startswith(".")]
    return paths or ([pattern] if _is_base_directory(pattern) else [])


def _fetched_repository(url: str, command_line: CommandLine) -> list[str]:
    """Fetch the repository at `url` and return the URL; empty if it is not the URL of a repository."""
    from kmanifest.pipeline.remote_bases import find_repository

    repository = find_repository(url)
    if repository is None:
        return []
    from kmanifest import api
    from kmanifest.pipeline.options import Options

    options = Options(allow_remote=True, remote=remote_options(command_line.values, [url]))
    network = api.network_of(options)
    if network is not None:
        try:
            network.repository(repository)
        finally:
            network.close()
    return [url]


def _no_match_error(pattern: str) -> MissingError:
    directory, name = os.path.split(pattern)
    names = os.listdir(directory or ".") if os.path.isdir(directory or ".") else []
    from kmanifest.pipeline.remote_bases import shown_entry

    near = [os.path.join(directory, near_name) for near_name in near_names(name, names)]
    return MissingError(f"--resources: nothing matches {shown_entry(pattern)!r}", near=near)


def _is_base_directory(path: str) -> bool:
    """Whether the normalized `path` is a directory that does not contain the current one.

    Source: kustomize v5.8.2 api/internal/loader/fileloader.go, New.
    """
    steps = path.split("/")
    if not path or path.startswith("/") or any(".." in step and step != ".." for step in steps):
        return False
    real = os.path.realpath(os.path.normpath(path))
    prefix = os.path.join(real, "")
    return os.path.isdir(real) and not os.path.join(os.path.realpath("."), "").startswith(prefix)


def _detect_resource_files(directory: str, root: str | None, *, recursive: bool) -> Iterator[str]:
    """The files below `directory` that contain only resources, or nothing, and the directories with a kustomization.

    An empty `directory` is the current one.

    Source: kustomize v5.8.2 kustomize/commands/create/create.go, detectResources.
    """
    try:
        with os.scandir(directory or ".") as entries:
            entries_by_name = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise _read_error(directory or ".", error) from error
    for entry in entries_by_name:
        path = os.path.join(directory, entry.name)
        if not entry.is_dir(follow_symlinks=False):
            if _holds_resources(path, root):
                yield path
        elif recursive and any(os.path.exists(os.path.join(path, name)) for name in FILE_NAMES):
            yield path
        elif recursive:
            yield from _detect_resource_files(path, root, recursive=True)


def _read_error(path: str, error: OSError) -> SourceError:
    return SourceError(f"can't be read: {error.strerror or error}").within(file=path)


def _holds_resources(path: str, root: str | None) -> bool:
    """Whether a build can read the file. A file above the size limit is skipped with a note on stderr."""
    from kmanifest.engines.kustomize.resource_files import parse  # imported for --autodetect only
    from kmanifest.io.local_tree import LocalTree, find_boundary
    from kmanifest.model.limits import DEFAULT_LIMITS
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.registry import Registry

    tree = LocalTree(find_boundary(os.path.realpath("."), root))
    try:
        resolved = tree.resolve(os.path.abspath(path))
        content = tree.read(resolved, limit=DEFAULT_LIMITS.max_input_file)
    except LimitError as error:
        from kmanifest.cli import report

        report.print_note(f"note: skipped: {error}\n")
        return False
    except KmanifestError as error:
        raise error.within(file=path) from error
    try:
        parse(Context(tree=tree, registry=Registry()), content, path)
    except (KmanifestError, RecursionError):
        return False
    return True


COMMAND = Command(
    ("create",),
    "",
    "Write a new kustomization.yaml, or a kmanifest.yaml for several environments, to the current directory.\n",
    (("Kustomize flags", (*FIELD_FLAGS, *BOUNDARY_FLAGS)), ("Remote flags", FETCH_FLAGS)),
    create,
    examples=(
        "kmanifest create --autodetect",
        "kmanifest create --resources deployment.yaml,service.yaml,../base --namespace staging --nameprefix acme-",
        "kmanifest create --environments --namespace 'shop-{env}'",
    ),
)
