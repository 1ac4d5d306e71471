"""`kmanifest values`: the values of a kmanifest.yaml, with the file and the line that set each of them."""

from collections.abc import Mapping, Sequence

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    ENVIRONMENT,
    JSON,
    LIMIT_FLAGS,
    REVISION,
    limit_options,
    root_option,
    time_limit,
)
from kmanifest.cli.verbs import ANY_TEXT, DIRECTORY, Command
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.environment.result import Values
    from kmanifest.io.tree import Tree
    from kmanifest.model.errors import FieldPath
    from kmanifest.pipeline.options import Options

TEXT: Final = "text"
_ABSENT: Final = "-"

FLAGS = (
    *with_variables(
        "VALUES_",
        Flag("all", "switch", "print a table of the values that differ between the environments"),
        Flag("compare", "string", "two environments, as prod/eu,prod/us: print the values that differ", value="A,B"),
        Flag("every-key", "switch", "with --all, also the values that are the same in all environments"),
        Flag("output", "string", "output format", short="o", default=TEXT, choices=(TEXT, "yaml", JSON)),
    ),
    ENVIRONMENT,
    *BOUNDARY_FLAGS,
    *LIMIT_FLAGS,
    REVISION,
)  # fmt: skip


class Source(NamedTuple):
    """What the values are read from, and the path of the part to print; empty for all."""

    path: str
    tree: "Tree | None"
    options: "Options"
    key: str


class Column(NamedTuple):
    """The values of one environment, or their part. `value` is None and `is_absent` is set if there is no such part."""

    name: str
    values: "Values"
    path: "FieldPath"
    value: Any
    is_absent: bool = False

    def leaves(self) -> "dict[FieldPath, Any]":
        """The values without keys of their own, by their paths."""
        from kmanifest.cli.value_lines import leaves

        return {} if self.is_absent else dict(leaves(self.value, self.path))

    def location(self, path: "FieldPath") -> str:
        """The file and the line that set a value."""
        from kmanifest.cli.report import relative_path

        location = self.values.location(*path)
        return f"{relative_path(location.file)}:{location.line}" if location.line else location.file


def print_values(command_line: CommandLine) -> int:
    """Print the values of one environment, or those in which environments differ, and return the exit code."""
    _check_usage(command_line)
    source = _source(command_line)
    from kmanifest.model.deadline import limited_by

    with limited_by(time_limit(source.options.limits)):
        return print_text(_text(command_line, source))


def _text(command_line: CommandLine, source: Source) -> str:
    values = command_line.values
    output = values["output"]
    if values["all"]:
        return _all(source, output, every_key=values["every-key"])
    if values["compare"]:
        return _comparison(source, output, values["compare"])
    return _single(source, output, values["environment"])


def _check_usage(command_line: CommandLine) -> None:
    values = command_line.values
    if len(command_line.arguments) > 2:
        raise UsageError("usage: kmanifest values [DIR] [KEY]")
    given = [name for name in ("all", "compare", "environment") if values[name]]
    elsewhere = {name for name, _ in command_line.origins}
    given = [name for name in given if name not in elsewhere] or given[:1]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other")
    if values["every-key"] and not values["all"] and "every-key" not in elsewhere:
        raise UsageError("--every-key is for --all")


def _source(command_line: CommandLine) -> Source:
    # imported here so that usage errors stay fast
    from kmanifest.cli.environments import check_no_environment_in_path
    from kmanifest.model.limits import DEFAULT_LIMITS
    from kmanifest.pipeline.options import Options

    path, key = (*command_line.arguments, "", "")[:2]
    path = path or "."
    root = root_option(command_line.values)
    revision, tree = command_line.values["rev"], None
    if revision:
        if root is not None:
            raise UsageError("--root and --follow-links are for local files, not for --rev")
        from kmanifest.io.git_tree import open_commit

        tree, path = open_commit(path, revision)
    for name in ("all", "compare"):
        if command_line.values[name]:
            check_no_environment_in_path(name, path, tree)
    limits = limit_options(command_line, DEFAULT_LIMITS)
    return Source(path, tree, Options(limits=limits, root=root), key)


def _read(source: Source, environment: str | Mapping[str, str], name: str) -> Column:
    """The values of one environment. Raises MissingError if there is no part with the path."""
    from kmanifest import api

    values = api.values(
        source.path, environment=environment, tree=source.tree, options=source.options
    )
    if not source.key:
        return Column(name, values, (), values.to_dict())
    value = values.find(source.key)
    return Column(name, values, _steps(values.to_dict(), source.key), value)


def _steps(values: Any, path: str) -> "FieldPath":
    """The keys and list indexes of a path that exists in the values."""
    from kmanifest.engines.environment.values.paths import parse_path

    steps: list[str | int] = []
    for name in parse_path(path):
        step = int(name) if isinstance(values, list) else name
        values = values[step]
        steps.append(step)
    return tuple(steps)


def _single(source: Source, output: str, environment: str) -> str:
    from kmanifest.cli.value_lines import aligned, path_text, value_text

    column = _read(source, environment, environment)
    if output != TEXT:
        return _dump(column.value, output)
    return aligned(
        [
            (f"{path_text(path)}: {value_text(value)}", column.location(path))
            for path, value in column.leaves().items()
        ]
    )


def _all(source: Source, output: str, *, every_key: bool) -> str:
    from kmanifest import api

    rows = api.environments(source.path, tree=source.tree, options=source.options)
    columns = _columns(source, [("/".join(row.values()), row) for row in rows])
    if output != TEXT:
        present = {column.name: column.value for column in columns if not column.is_absent}
        return _dump(present, output)
    return _table(columns, every_key=every_key)


def _columns(
    source: Source, environments: Sequence[tuple[str, str | Mapping[str, str]]]
) -> list[Column]:
    """The values of environments. The part must be there in one of them at least."""
    from kmanifest.cli.environments import of_environment
    from kmanifest.model.errors import KmanifestError, MissingError

    columns: list[Column] = []
    missing: list[MissingError] = []
    for name, environment in environments:
        try:
            columns.append(_read(source, environment, name))
        except MissingError as error:
            if not source.key or error.location.file:
                raise of_environment(error, name) from error
            missing.append(error)
            whole = _read(source._replace(key=""), environment, name)
            columns.append(whole._replace(value=None, is_absent=True))
        except KmanifestError as error:
            raise of_environment(error, name) from error
    if missing and len(missing) == len(columns):
        raise missing[0]
    return columns


def _table(columns: Sequence[Column], *, every_key: bool) -> str:
    from kmanifest.cli.value_lines import path_text, table, value_text

    found = [
        {path: value_text(value) for path, value in column.leaves().items()} for column in columns
    ]
    rows = [
        [path_text(path), *(texts.get(path, _ABSENT) for texts in found)]
        for path in _all_paths(found)
    ]
    rows = [row for row in rows if every_key or len(set(row[1:])) > 1]
    if not rows:
        return ""
    return table([["KEY", *(column.name for column in columns)], *rows])


def _all_paths(found: "Sequence[Mapping[FieldPath, Any]]") -> "list[FieldPath]":
    return list(dict.fromkeys(path for values in found for path in values))


def _comparison(source: Source, output: str, names: str) -> str:
    from kmanifest.cli.value_lines import value_text

    first, comma, second = names.partition(",")
    if not comma or not first or not second or "," in second or "=" in names:
        raise UsageError(f"--compare {names}: expected two environments, as prod/eu,prod/us")
    columns = _columns(source, [(first, first), (second, second)])
    found = [column.leaves() for column in columns]
    differing = [
        path
        for path in _all_paths(found)
        if any(path not in values for values in found)
        or value_text(found[0][path]) != value_text(found[1][path])
    ]
    if output != TEXT:
        return _dump([_difference(columns, found, path) for path in differing], output)
    return "".join(_difference_text(columns, found, path) for path in differing)


def _difference(
    columns: Sequence[Column], found: "Sequence[Mapping[FieldPath, Any]]", path: "FieldPath"
) -> dict[str, Any]:
    from kmanifest.cli.report import relative_path
    from kmanifest.cli.value_lines import path_text

    environments: dict[str, Any] = {}
    for column, values in zip(columns, found, strict=True):
        environments[column.name] = None
        if path in values:
            location = column.values.location(*path)
            environments[column.name] = {
                "value": values[path],
                "file": relative_path(location.file),
                "line": location.line,
            }
    return {"key": path_text(path), "environments": environments}


def _difference_text(
    columns: Sequence[Column], found: "Sequence[Mapping[FieldPath, Any]]", path: "FieldPath"
) -> str:
    from kmanifest.cli.value_lines import aligned, path_text, value_text

    width = max(len(column.name) for column in columns)
    lines = [
        (
            f"  {column.name:{width}}  {value_text(values[path]) if path in values else _ABSENT}",
            column.location(path) if path in values else "not set",
        )
        for column, values in zip(columns, found, strict=True)
    ]
    return f"{path_text(path)}\n{aligned(lines)}"


def _dump(value: Any, output: str) -> str:
    if output == JSON:
        from kmanifest.cli.json_output import dump_json

        return dump_json(value)
    from kmanifest.yaml import dump

    return dump(value)


COMMAND = Command(
    ("values",),
    "[DIR] [KEY]",
    """\
Print the values of the kmanifest.yaml in DIR for one environment, each with the file and the line that set it. KEY is a
part of them, such as web.replicas. With --all, a table of all environments. -o json and -o yaml print the values alone.
""",
    (("General flags", FLAGS),),
    print_values,
    examples=(
        "kmanifest values shop/prod/eu",
        "kmanifest values shop web.replicas --all --every-key",
        "kmanifest values shop --compare prod/eu,prod/us",
        "kmanifest values shop --environment prod/eu -o json | jq .web",
    ),
    completions=(DIRECTORY, ANY_TEXT),
)
