"""`kmanifest create`: a new kustomization.yaml in the current directory.

Source of names, texts and order: kustomize v5.8.2 kustomize/commands/create/create.go. The file is written when all is
known to be right; the reference leaves an empty one behind where a label is wrong, and empties one of two that are there.
"""

import os
from collections.abc import Iterator, Sequence

from kmanifest.cli import DONE
from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, Parsed, UsageError, describe, parse
from kmanifest.cli.output import print_text, write_file
from kmanifest.cli.shared import FETCH_FLAGS, remotes_of
from kmanifest.engines.kustomize.kustomization import FILE_NAMES
from kmanifest.model.errors import KmanifestError, LimitError, MissingError, SourceError, near_names

FLAGS = (
    *FETCH_FLAGS,
    Flag("annotations", "text", "common annotations: KEY:VALUE,KEY:VALUE"),
    Flag("autodetect", "switch", "add the files of this directory that hold resources"),
    HELP,
    Flag("labels", "text", "common labels: KEY:VALUE,KEY:VALUE"),
    Flag("nameprefix", "text", "the namePrefix field"),
    Flag("namespace", "text", "the namespace field"),
    Flag("namesuffix", "text", "the nameSuffix field"),
    Flag(
        "recursive",
        "switch",
        "with --autodetect, also look into directories, and add those to build",
    ),
    Flag("resources", "text", "files and directories to add, with wildcards: PATH,PATH"),
    STACK_TRACE,
)
INTRODUCTION = """\
Writes a new kustomization.yaml to the current directory.

Usage:
  kmanifest create [flags]

Examples:
  kmanifest create --autodetect
  kmanifest create --resources deployment.yaml,service.yaml,../base --namespace staging --nameprefix acme-

Flags:
"""


def create(arguments: Sequence[str]) -> int:
    """Write kustomization.yaml as the flags say; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    if parsed.words:
        raise UsageError(f"unexpected argument: {parsed.words[0]}")
    labels = pairs(parsed.values["labels"], "label")
    annotations = pairs(parsed.values["annotations"], "annotation")
    there = [name for name in FILE_NAMES if os.path.lexists(name)]
    if there:
        raise SourceError("a kustomization file already exists").within(file=there[0])
    fields = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": _resources(parsed),
        "namePrefix": parsed.values["nameprefix"],
        "nameSuffix": parsed.values["namesuffix"],
        "namespace": parsed.values["namespace"],
        "commonLabels": labels,
        "commonAnnotations": annotations,
    }
    from kmanifest.yaml import dump  # a wrong usage is told without it

    # Field by field: the order is the reference's, not that of the alphabet.
    text = "".join(dump({name: _clean(value)}) for name, value in fields.items() if value)
    write_file(FILE_NAMES[0], [text.encode()])
    return DONE


def pairs(text: str, kind: str) -> dict[str, str]:
    """`KEY:VALUE,KEY:VALUE` as a mapping; a value may stand in double quotes. UsageError where a key is empty.

    Source: kustomize v5.8.2 kustomize/commands/internal/util/util.go, ConvertToMap.
    """
    found: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, colon, value = pair.partition(":")
        if colon and not key:
            raise UsageError(
                f"invalid {kind}: '{pair}' (need KEY:VALUE, where VALUE may be quoted)"
            )
        is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
        found[key] = value[1:-1] if is_quoted else value
    return found


def _clean(value: str | list[str] | dict[str, str]) -> str | list[str] | dict[str, str]:
    """`value` with U+FFFD for each byte of the command line that is not UTF-8, as Go's JSON has it."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, list):
        return [str(_clean(item)) for item in value]
    return {str(_clean(key)): str(_clean(item)) for key, item in value.items()}


def _resources(parsed: Parsed) -> list[str]:
    """The paths that are named, then those that are found."""
    named: list[str] = []
    if parsed.values["resources"]:
        for pattern in parsed.values["resources"].split(","):
            named += _matches(pattern) or _repository(pattern, parsed) or _nothing(pattern)
    if parsed.values["autodetect"]:
        found = _detect("", recursive=parsed.values["recursive"])
        named += [path for path in found if path not in named]
    return named


def _matches(pattern: str) -> list[str]:
    """The paths that match, without hidden ones, or `pattern` itself where it leads to a directory in another way, or none.

    Source: kustomize v5.8.2 kustomize/commands/internal/util/util.go, GlobPatternsWithLoader.
    """
    from kmanifest.cli.glob import glob  # not for those who name no resources

    found = glob(pattern)
    if not os.path.basename(pattern.rstrip("/")).startswith("."):
        found = [path for path in found if not os.path.basename(path).startswith(".")]
    return found or ([pattern] if _is_base(pattern) else [])


def _repository(url: str, parsed: Parsed) -> list[str]:
    """The URL, if it is of a repository; an error where that can't be fetched."""
    from kmanifest.pipeline.remote_bases import find_repository

    repository = find_repository(url)
    if repository is None:
        return []
    from kmanifest import api
    from kmanifest.pipeline.options import Options

    options = Options(allow_remote=True, remote=remotes_of(parsed.values))
    network = api.network_of(options)
    if network is not None:
        try:
            network.repository(repository)
        finally:
            network.close()
    return [url]


def _nothing(pattern: str) -> list[str]:
    directory, name = os.path.split(pattern)
    names = os.listdir(directory or ".") if os.path.isdir(directory or ".") else []
    near = [os.path.join(directory, each) for each in near_names(name, names)]
    raise MissingError(f"--resources: nothing matches {pattern!r}", near=near)


def _is_base(path: str) -> bool:
    """Whether `path`, with `..` worked in before it is looked up, is a directory that does not hold this one.

    Source: kustomize v5.8.2 api/internal/loader/fileloader.go, New.
    """
    steps = path.split("/")
    if not path or path.startswith("/") or any(".." in step and step != ".." for step in steps):
        return False
    real = os.path.realpath(os.path.normpath(path))
    above = os.path.join(real, "")
    return os.path.isdir(real) and not os.path.join(os.path.realpath("."), "").startswith(above)


def _detect(directory: str, *, recursive: bool) -> Iterator[str]:
    """The files below `directory` ("" is the current one) that hold resources or nothing, and directories to build.

    Source: kustomize v5.8.2 kustomize/commands/create/create.go, detectResources.
    """
    try:
        with os.scandir(directory or ".") as entries:
            found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise _unreadable(directory or ".", error) from error
    for entry in found:
        path = os.path.join(directory, entry.name)
        if not entry.is_dir(follow_symlinks=False):
            if _holds_resources(path):
                yield path
        elif recursive and any(os.path.exists(os.path.join(path, name)) for name in FILE_NAMES):
            yield path
        elif recursive:
            yield from _detect(path, recursive=True)


def _unreadable(path: str, error: OSError) -> SourceError:
    return SourceError(f"can't be read: {error.strerror or error}").within(file=path)


def _holds_resources(path: str) -> bool:
    """Whether a build could read the file; one that is too large for a build is passed by, and that is said."""
    from kmanifest.engines.kustomize.resource_files import parse  # only `--autodetect` comes here
    from kmanifest.io.tree import DiskTree
    from kmanifest.model.limits import DEFAULT_LIMITS
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.registry import Registry

    tree = DiskTree("/")
    try:
        real = tree.resolve(os.path.abspath(path))
        content = tree.read(real, limit=DEFAULT_LIMITS.max_input_file)
    except LimitError as error:
        from kmanifest.cli import report

        report.tell(f"note: left out: {error}\n")
        return False
    except KmanifestError as error:
        raise error.within(file=path) from error
    try:
        parse(Context(tree=tree, registry=Registry()), content, path)
    except (KmanifestError, RecursionError):
        return False
    return True
