"""Settings of flags from the environment and from a settings file.

The order is: the command line, then the environment, then the file, then the default. A setting becomes an argument
before those of the command line, so it is parsed and checked as if it were given there. A list on the command line
replaces the list of a setting.

The file is kmanifest.toml, or `[tool.kmanifest]` in pyproject.toml: the nearest one from the current directory up to the
root of its git repository. It belongs to the project, and the project may be that of others. So such a file must not
widen what a run may do (`Flag.user_only`), nor name files outside of the project. A file that the user names with
`--config` may do both.
"""

import os

from kmanifest.cli.flags import (
    ANY_VALUE,
    FALSE_STRINGS,
    GLOBAL_FLAGS,
    TRUE_STRINGS,
    CommandLine,
    Flag,
    UsageError,
)
from kmanifest.cli.verbs import Command, Group, get_verb
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.cli.settings_file import SettingsFile

UNSETTABLE = ("config", "directory", "help", "no-config", "version")
"""The flags that a settings file can't set: they are about one run, or about the file itself."""


class Setting(NamedTuple):
    """The value of a flag: one text, or those of a list, and what set it."""

    flag: Flag
    values: tuple[str, ...]
    origin: str

    def arguments(self) -> list[str]:
        """The setting as arguments of the command line."""
        return [f"--{self.flag.name}={value}" for value in self.values]


def read_with_settings(
    command: Command,
    command_line: CommandLine | None,
    arguments: Sequence[str],
    files: Sequence[str],
    table: Group,
) -> CommandLine:
    """Parse the arguments together with the settings.

    `command_line` is the result without them, None if it is invalid. `files` are the files that may have settings.
    """
    on_command_line = (
        {flag.name for flag in command_line.used_flags} if command_line is not None else set()
    )
    variables = find_variables(command, os.environ)
    file = choose_file(command_line, variables, files)
    found = {} if file is None else file_settings(file, command, table)
    settings = [
        setting for name, setting in {**found, **variables}.items() if name not in on_command_line
    ]
    origins = tuple((setting.flag.name, setting.origin) for setting in settings)
    extra = [argument for setting in settings for argument in setting.arguments()]
    try:
        return command.read([*extra, *arguments])._replace(origins=origins)
    except UsageError as error:
        raise with_origin(error, origins) from error


def with_origin(error: UsageError, origins: Iterable[tuple[str, str]]) -> UsageError:
    """The error with what set the flag that its message names, if that is not the command line."""
    message = str(error)
    for name, origin in origins:
        _, found, rest = message.partition(" (did you mean ")[0].partition(f"--{name}")
        if found and not rest[:1].isalnum() and rest[:1] not in ("-", "_"):
            return UsageError(f"{message} (set by {origin})")
    return error


# --- the environment --------------------------------------------------------------------------------------------------


def find_variables(command: Command, environment: Mapping[str, str]) -> dict[str, Setting]:
    """The settings from the environment for the flags of a command. Empty variables count as missing."""
    flags = {flag.name: flag for flag in (*GLOBAL_FLAGS, *command.flags())}
    found: dict[str, Setting] = {}
    for flag in flags.values():
        variable = flag.variable_name()
        text = environment.get(variable, "") if variable else ""
        if not text:
            continue
        values: tuple[str, ...] = (text,)
        if flag.kind == "list" and not flag.whole:
            values = tuple(item.strip() for item in text.split(",") if item.strip())
        found[flag.name] = Setting(flag, values, variable)
    return found


# --- the file ---------------------------------------------------------------------------------------------------------


def choose_file(
    command_line: CommandLine | None, variables: Mapping[str, Setting], files: Sequence[str]
) -> "SettingsFile | None":
    """Load the settings file that applies: the one that the user names, else the nearest one of `files` with settings."""
    named = command_line.values["config"] if command_line is not None else ""
    if _is_switched_on("no-config", command_line, {} if named else variables):
        return None
    if not named and "config" in variables:
        named = variables["config"].values[0]
    if not named and not files:
        return None
    from kmanifest.cli.settings_file import load_settings_file  # imported only if there is a file

    if named:
        return load_settings_file(named, is_named=True)
    loaded = (load_settings_file(path, is_named=False) for path in files)
    return next((file for file in loaded if file is not None), None)


def _is_switched_on(
    name: str, command_line: CommandLine | None, variables: Mapping[str, Setting]
) -> bool:
    if command_line is not None and command_line.has(name):
        return bool(command_line.values[name])
    if name not in variables:
        return False
    (text,) = variables[name].values
    if text not in (*TRUE_STRINGS, *FALSE_STRINGS):
        raise UsageError(
            f'invalid value "{text}" of {variables[name].origin}: expected true or false'
        )
    return text in TRUE_STRINGS


def file_settings(file: "SettingsFile", command: Command, table: Group) -> dict[str, Setting]:
    """The settings of a file for the flags of a command. The whole file is checked.

    A key at the top level applies to all verbs that have the flag, a key in the table of a group to the verbs of the
    group. A key in an inner table comes before one in an outer table.
    """
    checked = {setting[0]: setting[1] for setting in check_file(file, table)}
    flags = {flag.name: flag for flag in (*GLOBAL_FLAGS, *command.flags())}
    found: dict[str, Setting] = {}
    for depth in range(len(command.path) + 1):
        for name, flag in flags.items():
            setting = checked.get((*command.path[:depth], name))
            # An outer table can't set a flag that has another meaning in this verb.
            if setting is not None and (depth == len(command.path) or setting.flag == flag):
                found[name] = setting
    return found


Path = tuple[str, ...]


def check_file(file: "SettingsFile", table: Group) -> Iterator[tuple[Path, Setting]]:
    """All settings of a file, by their paths. Raises UsageError for the first key or value that is invalid."""
    yield from _check_table(file, file.data, (), table, table)


def _check_table(
    file: "SettingsFile", data: Mapping[str, Any], path: Path, verb: Command | Group, table: Group
) -> Iterator[tuple[Path, Setting]]:
    flags = {flag.name: flag for flag in settable_flags(verb)}
    for key, value in data.items():
        inner = get_verb(verb, key) if isinstance(verb, Group) else None
        if key in flags:
            yield (*path, key), _check_value(file, (*path, key), flags[key], value)
        elif inner is not None and inner.name == key:
            if not isinstance(value, Mapping):
                raise file.error((*path, key), f"expected a table, got {_type_name(value)}")
            yield from _check_table(file, value, (*path, key), inner.load(), table)
        else:
            raise file.error((*path, key), _unknown_key(key, path, verb, table))


def settable_flags(verb: Command | Group) -> tuple[Flag, ...]:
    """The flags that the table of a verb in a settings file can set."""
    flags = verb.shared_flags() if isinstance(verb, Group) else verb.flags()
    names = {flag.name for flag in flags}
    common = tuple(flag for flag in GLOBAL_FLAGS if flag.name not in names)
    return tuple(flag for flag in (*common, *flags) if is_settable(flag))


def is_settable(flag: Flag) -> bool:
    """Whether a settings file can set the flag."""
    return not flag.hidden and (flag not in GLOBAL_FLAGS or flag.name not in UNSETTABLE)


def _unknown_key(key: str, path: Path, verb: Command | Group, table: Group) -> str:
    """The message for a key that is neither a flag nor a verb: the nearest name, or the table that the key belongs to."""
    from kmanifest.model.errors import near_names

    names = [flag.name for flag in settable_flags(verb)]
    names += [inner.name for inner in verb.verbs] if isinstance(verb, Group) else []
    tables = [
        f"[{'.'.join(command.path)}]"
        for command in all_commands(table)
        if command.path[: len(path)] == path and any(flag.name == key for flag in command.flags())
    ]
    if tables and isinstance(verb, Group):
        return f"unknown key; it belongs to {' or '.join(tables)}"
    near = near_names(key, names, most=1)
    return f"unknown key (did you mean {near[0]}?)" if near else "unknown key"


def all_commands(group: Group) -> Iterator[Command]:
    """The commands of a group and of the groups in it."""
    for verb in group.verbs:
        loaded = verb.load()
        if isinstance(loaded, Group):
            yield from all_commands(loaded)
        else:
            yield loaded


def _check_value(file: "SettingsFile", path: Path, flag: Flag, value: object) -> Setting:
    values = _to_texts(file, path, flag, value)
    for text in values:
        if flag.choices and text not in flag.choices:
            listed = ", ".join(choice for choice in flag.choices if choice)
            raise file.error(path, f"illegal value {text!r}; legal values: {listed}")
        if not file.is_named and (flag.user_only == ANY_VALUE or text in flag.user_only):
            raise file.error(path, _refusal(flag))
    if flag.path or flag.name == "set-file":
        values = tuple(file.resolve(path, flag, text) for text in values)
    return Setting(flag, values, str(file.position(path)))


def _refusal(flag: Flag) -> str:
    variable = flag.variable_name()
    return (
        "a file of the project can't set this, because it widens what a run may do: use "
        f"--{flag.name}, {f'{variable}, ' if variable else ''}or a file of your own with --config"
    )


def _to_texts(file: "SettingsFile", path: Path, flag: Flag, value: object) -> tuple[str, ...]:
    """The value as strings. Raises UsageError if it is not of the flag's type."""
    if flag.kind == "switch":
        if isinstance(value, bool):
            return ("true" if value else "false",)
        raise file.error(path, f"expected true or false, got {_type_name(value)}")
    if flag.kind == "list":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise file.error(path, f"expected an array of strings, got {_type_name(value)}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str):
        return (value,)
    if is_number and takes_number(flag):
        return (str(value),)
    raise file.error(path, f"expected a string, got {_type_name(value)}")


def takes_number(flag: Flag) -> bool:
    """Whether the value of a flag can be a number in a settings file."""
    return flag.value in ("duration", "int", "uint")


def _type_name(value: object) -> str:
    for kind, name in (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (str, "a string"),
        (list, "an array"),
        (dict, "a table"),
    ):
        if isinstance(value, kind):
            if kind is list and isinstance(value, list):
                others = sorted({_type_name(item) for item in value} - {"a string"})
                return f"an array with {others[0]}" if others else name
            return name
    return "a date or time"
