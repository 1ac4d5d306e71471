"""`kmanifest plugins`: list and describe plug-ins, check their configs, and create a new plug-in."""

import os
from collections.abc import Iterable, Sequence

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import (
    HELP,
    STACK_TRACE,
    Flag,
    UsageError,
    describe_flags,
    parse_command_line,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Verb, describe_verbs, find_verb
from kmanifest.model.errors import MissingError, near_names
from kmanifest.startup.typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kmanifest.pipeline.registry import Plugin

FLAGS: Final[tuple[Flag, ...]] = (HELP, STACK_TRACE)
INTRODUCTION: Final = """\
List, describe, check and create plug-ins.

Usage:
  kmanifest plugins VERB [arguments]

Verbs:
"""
ROLES: Final = ("generator", "transformer", "validator")

SourcedPlugin = tuple[str, "Plugin"]


def _list(arguments: Sequence[str]) -> int:
    _expect_arguments(arguments, 0, "plugins list")
    rows = [(plugin.role, plugin.name, source) for source, plugin in _all_plugins()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return print_text(
        "".join(
            f"{role:{widths[0]}}  {name:{widths[1]}}  {source}\n" for role, name, source in rows
        )
    )


def _info(arguments: Sequence[str]) -> int:
    (kind,) = _expect_arguments(arguments, 1, "plugins info KIND")
    matches = [
        (source, plugin)
        for source, plugin in _all_plugins()
        if plugin.name == kind or plugin.name.endswith(f"/{kind}")
    ]
    if not matches:
        names = {plugin.name.rpartition("/")[2] for _, plugin in _all_plugins()}
        raise MissingError(f"unknown plug-in: {kind}", near=near_names(kind, names))
    return print_text("\n".join(_describe_plugin(source, plugin) for source, plugin in matches))


def _describe_plugin(source: str, plugin: "Plugin") -> str:
    lines = [f"{plugin.role} {plugin.name}", f"from: {source}"]
    if doc := (plugin.call.__doc__ or "").strip():
        lines += ["", *(line.strip() for line in doc.splitlines())]
    if plugin.schema is not None:
        from kmanifest import yaml

        lines += ["", "schema of its config:", yaml.dump(plugin.schema).rstrip()]
    return "\n".join(lines) + "\n"


def _check(arguments: Sequence[str]) -> int:
    (path,) = _expect_arguments(arguments, 1, "plugins check FILE")
    from kmanifest.cli.plugin_check import check_file  # imported for `check` only

    results = check_file(os.path.abspath(path))
    print_text("".join(f"{text}\n" for _, text in results))
    return EXIT_OK if all(is_valid for is_valid, _ in results) else EXIT_FAILURE


def _new(arguments: Sequence[str]) -> int:
    if len(arguments) not in (2, 3):
        raise UsageError("usage: kmanifest plugins new ROLE NAME [DIR]")
    role, name, *rest = arguments
    if role not in ROLES:
        raise UsageError(f"unknown role: {role} (roles: {', '.join(ROLES)})")
    from kmanifest.cli.scaffold import write_scaffold  # imported for `new` only

    directory = rest[0] if rest else name
    files = write_scaffold(role, name, directory)
    return print_text("".join(f"{file}\n" for file in files))


VERBS: Final = (
    Verb("list", "list the plug-ins that a build can use, and their sources", _list),
    Verb("info", "describe a plug-in and the schema of its config", _info, parameters="KIND"),
    Verb(
        "check",
        "check whether the configs in a file name existing plug-ins and match their schemas",
        _check,
        parameters="FILE",
    ),
    Verb(
        "new",
        "create a Python distribution with a generator, transformer or validator",
        _new,
        parameters="ROLE NAME [DIR]",
    ),
)


def plugins(arguments: Sequence[str]) -> int:
    """Run the verb after `plugins` and return the exit code."""
    command_line = parse_command_line(FLAGS, arguments)
    if command_line.values["help"] or not command_line.arguments:
        return print_text(f"{INTRODUCTION}{describe_verbs(VERBS)}\nFlags:\n{describe_flags(FLAGS)}")
    name, *rest = command_line.arguments
    return find_verb(VERBS, name, parent="plugins").run(rest)


def _expect_arguments(arguments: Sequence[str], count: int, usage: str) -> Sequence[str]:
    if len(arguments) != count:
        raise UsageError(f"usage: kmanifest {usage}")
    return arguments


def _all_plugins() -> Iterable[SourcedPlugin]:
    """All plug-ins, each with its source: `kmanifest` or the name of an entry point."""
    from kmanifest.engines.builtin import PLUGINS
    from kmanifest.pipeline.entrypoints import load_named

    builtin: list[SourcedPlugin] = [("kmanifest", plugin) for plugin in PLUGINS]
    names = {(plugin.role, plugin.name) for plugin in PLUGINS}
    return [
        *builtin,
        *(each for each in load_named() if (each[1].role, each[1].name) not in names),
    ]
