"""What `kmanifest build` does for a kmanifest.yaml: its flags, and all environments in one process."""

import gc
import os
from collections.abc import Iterator, Mapping

from kmanifest import api
from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.shared import DEFINITION, JSON, STDIN, VALUE_FLAGS, time_limit
from kmanifest.io import tree as trees
from kmanifest.model.changes import plain_copy
from kmanifest.model.deadline import check_time, limited_by
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.remote_bases import find_repository
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.engines.environment.options import EnvironmentOptions
    from kmanifest.model.findings import Finding
    from kmanifest.pipeline.registry import Registry
    from kmanifest.pipeline.rendered import Rendered

ENGINE: Final = "environment"
KUSTOMIZE: Final = "kustomize"
_MAX_LISTED: Final = 3
_MAX_EXACT: Final = 2.0**53


def is_definition(command_line: CommandLine) -> bool | None:
    """Whether the directory on the command line has a kmanifest.yaml; None if that is not known yet, as for a URL."""
    values = command_line.values
    path = command_line.arguments[0] if command_line.arguments else "."
    if values["engine"] not in ("", ENGINE):
        return False
    if path == STDIN:
        return True
    if find_repository(path) is not None or "://" in path:
        return None
    if not values["rev"]:
        directory, _ = api.split_environment(path, None, Options())
        return os.path.isfile(os.path.join(directory, DEFINITION))
    from kmanifest.io.git_tree import open_commit

    tree, path = open_commit(path, values["rev"])
    directory, _ = api.split_environment(path, tree, Options())
    return tree.kind(trees.join(directory, DEFINITION)) == "file"


def check_flags(command_line: CommandLine, path: str) -> None:
    """Raise UsageError for flags that are only for a kmanifest.yaml, and for values that one does not take.

    What the environment and settings files set is for all targets of a project, so it is no error.
    """
    values = command_line.values
    elsewhere = {name for name, _ in command_line.origins}
    for name in ("environment", "all"):
        if values[name] and name not in elsewhere and is_definition(command_line) is False:
            raise UsageError(f"--{name}: {path} has no {DEFINITION}, so it has no environments")
    if values["all"]:
        if values["environment"] and "environment" not in elsewhere:
            raise UsageError("--all and --environment exclude each other")
        _check_all(values, path)
    set_flag = next((name for name in VALUE_FLAGS if values[name] and name not in elsewhere), "")
    if set_flag and not values["allow-set"] and is_definition(command_line):
        raise UsageError(
            f"--{set_flag}: the values of {path} are those in the files that its {DEFINITION} names; "
            "--allow-set allows others"
        )


def _check_all(values: Mapping[str, Any], path: str) -> None:
    if path == STDIN or "://" in path or find_repository(path) is not None:
        raise UsageError("--all is for a local directory")
    if not values["output"]:
        raise UsageError("--all writes a directory for each environment: add -o DIR")
    if not values["rev"]:
        check_no_environment_in_path("all", path, None)


def check_no_environment_in_path(flag: str, path: str, tree: "trees.Tree | None") -> None:
    """Raise UsageError for a path such as shop/prod/eu, with a flag that chooses environments."""
    directory, _ = api.split_environment(path, tree, Options())
    if directory != path:
        raise UsageError(f"--{flag} is for {directory}, and {path} is one of its environments")


def environment_options(command_line: CommandLine) -> "tuple[EnvironmentOptions, ...]":
    """The options for a kmanifest.yaml, from the command line."""
    from kmanifest.engines.environment.options import EnvironmentOptions

    values = command_line.values
    return (
        EnvironmentOptions(environment=values["environment"], values=_set_values(command_line)),
    )


def _set_values(command_line: CommandLine) -> Mapping[str, Any]:
    """The values from the command line, if they are for a kmanifest.yaml."""
    values = command_line.values
    if not values["allow-set"] or not any(values[name] for name in VALUE_FLAGS):
        return {}
    if not is_definition(command_line):
        return {}
    from kmanifest.cli.helm.inputs import read_values
    from kmanifest.cli.helm.versioned_flags import helm_version

    path = command_line.arguments[0] if command_line.arguments else "."
    plain: dict[str, Any] = plain_copy(
        read_values(command_line, helm_version(command_line), path).values
    )
    _restore_integers(plain)
    return plain


def _restore_integers(values: dict[str, Any]) -> None:
    """Replace the floats that Helm reads for integers. An integer is also valid where a float is declared."""
    pending: list[Any] = [values]
    while pending:
        container = pending.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, item in list(items):
            if isinstance(item, dict | list):
                pending.append(item)
            elif isinstance(item, float) and item.is_integer() and abs(item) < _MAX_EXACT:
                container[key] = int(item)


def build_all(
    command_line: CommandLine,
    path: str,
    tree: "trees.Tree | None",
    options: Options,
    registry: "Registry",
) -> int:
    """Build each environment and write it to a directory of its own. The first error ends the command.

    No result is kept, so memory does not grow with the number of environments. They share a cache and the deadline.
    """
    with limited_by(time_limit(options.limits)):
        return _build_all(command_line, path, tree, options, registry)


def _build_all(
    command_line: CommandLine,
    path: str,
    tree: "trees.Tree | None",
    options: Options,
    registry: "Registry",
) -> int:
    from kmanifest.cli.output import write_subdirectory
    from kmanifest.io.cache import MemoryCache

    values = command_line.values
    cache = MemoryCache()
    findings = _Findings()
    gc.enable()  # a build leaves cycles of references, which the command does not look for otherwise
    try:
        for name, environment in _rows(path, tree, options):
            check_time()
            try:
                rendered = api.run_build(
                    path,
                    tree=tree,
                    options=api.with_environment(options, environment),
                    registry=registry,
                    cache=cache,
                )
                findings.add(rendered, name, verbose=values["verbose"])
                write_subdirectory(
                    values["output"], name, rendered, as_json=values["output-format"] == JSON
                )
            except KmanifestError as error:
                raise of_environment(error, name) from error
    finally:
        findings.print()
    return EXIT_OK


def _rows(
    path: str, tree: "trees.Tree | None", options: Options
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the short name and the axes of each environment. Raises SourceError if two names differ in case only."""
    names: dict[str, str] = {}
    for row in api.environments(path, tree=tree, options=options):
        name = "/".join(row.values())
        earlier = names.setdefault(name.casefold(), name)
        if earlier != name:
            problem = f"{earlier} and {name} would be written to one directory"
            raise SourceError(problem).within(file=os.path.join(path, DEFINITION))
        yield name, row


def of_environment(error: KmanifestError, name: str) -> KmanifestError:
    """Return the error with the name of the environment in its message, and in those of its causes."""
    if not name:
        return error
    return type(error)(
        f"{error.message} (environment {name})",
        location=error.location,
        near=error.near,
        trail=error.trail,
        causes=[of_environment(cause, name) for cause in error.causes],
    )


class _Findings:
    """The findings of all environments, each once, with the names of its environments."""

    def __init__(self) -> None:
        self._names: dict[Finding, list[str]] = {}
        self._count = 0

    def add(self, rendered: "Rendered", name: str, *, verbose: bool) -> None:
        """Add the findings of one environment."""
        self._count += 1
        for finding in dict.fromkeys(rendered.findings if verbose else rendered.warnings):
            self._names.setdefault(finding, []).append(name)

    def print(self) -> None:
        """Print them to stderr. Those that all environments have name none."""
        if not self._names:
            return
        from kmanifest.cli import report

        report.print_findings(
            finding._replace(message=finding.message + self._suffix(names))
            for finding, names in self._names.items()
        )

    def _suffix(self, names: list[str]) -> str:
        if len(names) == self._count:
            return ""
        shown, rest = names[:_MAX_LISTED], len(names) - _MAX_LISTED
        more = f" and {rest} more" if rest > 0 else ""
        return f" (environment{'s' if len(names) > 1 else ''} {', '.join(shown)}{more})"
