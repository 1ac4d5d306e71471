"""`kmanifest plugins`: list and describe plug-ins, check their configs, and create a new plug-in."""

import os

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import ANY_TEXT, DIRECTORY, FILE, Command, Group, Verb
from kmanifest.model.errors import MissingError, near_names
from kmanifest.startup.typing import TYPE_CHECKING, Final, Iterable, Sequence

if TYPE_CHECKING:
    from kmanifest.pipeline.registry import Plugin

ROLES: Final = ("generator", "transformer", "validator")

SourcedPlugin = tuple[str, "Plugin"]


def _list(command_line: CommandLine) -> int:
    _expect_arguments(command_line, 0, "plugins list")
    rows = [(plugin.role, plugin.name, source) for source, plugin in _all_plugins()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return print_text(
        "".join(
            f"{role:{widths[0]}}  {name:{widths[1]}}  {source}\n" for role, name, source in rows
        )
    )


def _info(command_line: CommandLine) -> int:
    (kind,) = _expect_arguments(command_line, 1, "plugins info KIND")
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


def _check(command_line: CommandLine) -> int:
    (path,) = _expect_arguments(command_line, 1, "plugins check FILE")
    from kmanifest.cli.plugin_check import check_file  # imported for `check` only

    results = check_file(os.path.abspath(path))
    print_text("".join(f"{text}\n" for _, text in results))
    return EXIT_OK if all(is_valid for is_valid, _ in results) else EXIT_FAILURE


def _new(command_line: CommandLine) -> int:
    if len(command_line.arguments) not in (2, 3):
        raise UsageError("usage: kmanifest plugins new ROLE NAME [DIR]")
    role, name, *rest = command_line.arguments
    if role not in ROLES:
        raise UsageError(f"unknown role: {role} (roles: {', '.join(ROLES)})")
    from kmanifest.cli.scaffold import write_scaffold  # imported for `new` only

    directory = rest[0] if rest else name
    files = write_scaffold(role, name, directory)
    return print_text("".join(f"{file}\n" for file in files))


def _expect_arguments(command_line: CommandLine, count: int, usage: str) -> Sequence[str]:
    if len(command_line.arguments) != count:
        raise UsageError(f"usage: kmanifest {usage}")
    return command_line.arguments


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


LIST: Final = Command(
    ("plugins", "list"),
    "",
    "List the plug-ins that a build can use, and their sources.\n",
    (),
    _list,
)
INFO: Final = Command(
    ("plugins", "info"),
    "KIND",
    "Describe a plug-in and the schema of its config.\n",
    (),
    _info,
    examples=("kmanifest plugins info PrefixTransformer",),
    completions=(ANY_TEXT,),
)
CHECK: Final = Command(
    ("plugins", "check"),
    "FILE",
    "Check whether the configs in a file name existing plug-ins and match their schemas. No plug-in is run.\n",
    (),
    _check,
    completions=(FILE,),
)
NEW: Final = Command(
    ("plugins", "new"),
    "ROLE NAME [DIR]",
    """\
Create a Python distribution with a plug-in, a test that passes, and a kustomization that uses the plug-in. ROLE is
generator, transformer or validator. DIR defaults to NAME in the current directory.
""",
    (),
    _new,
    examples=("kmanifest plugins new transformer cost-labels",),
    completions=(ROLES, ANY_TEXT, DIRECTORY),
)
VERBS: Final = (
    Verb("list", "list the plug-ins that a build can use, and their sources", __name__, (), "LIST"),
    Verb("info", "describe a plug-in and the schema of its config", __name__, (), "INFO"),
    Verb(
        "check",
        "check whether the configs in a file name existing plug-ins and match their schemas",
        __name__,
        (),
        "CHECK",
    ),
    Verb(
        "new",
        "create a Python distribution with a generator, transformer or validator",
        __name__,
        (),
        "NEW",
    ),
)
COMMAND: Final = Group(("plugins",), "List, describe, check and create plug-ins.\n", VERBS)
