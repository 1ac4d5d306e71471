"""`kmanifest config show`: print the settings that are in effect, as TOML."""

import os

from kmanifest.cli.flags import (
    GLOBAL_FLAGS,
    NO_VARIABLE,
    TRUE_STRINGS,
    CommandLine,
    Flag,
    UsageError,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.settings import (
    Setting,
    all_commands,
    choose_file,
    file_settings,
    find_variables,
    is_settable,
    with_origin,
)
from kmanifest.cli.unknown import unknown_verb
from kmanifest.cli.verbs import Command, Group, get_verb
from kmanifest.startup.typing import TYPE_CHECKING, Iterable, Iterator, Sequence

if TYPE_CHECKING:
    from kmanifest.cli.settings_file import SettingsFile

FLAGS = (
    Flag("all", "switch", "also print the defaults", variable=NO_VARIABLE),
    Flag("origin", "switch", "print what set each value", variable=NO_VARIABLE),
)
SECRETS = ("password", "seed")
HIDDEN = "***"
DEFAULT = "default"

Path = tuple[str, ...]
Effective = dict[Path, dict[str, Setting]]
"""For each command the settings of its flags, by name."""


def show(command_line: CommandLine, table: Group, files: Sequence[str]) -> int:
    """Print the settings of all verbs, or of those that the arguments name, and return the exit code."""
    selected = _select(table, command_line.arguments)
    file = choose_file(command_line, find_variables(COMMAND, os.environ), files)
    effective = {
        command.path: _effective_settings(
            command, file, table, with_defaults=command_line.values["all"]
        )
        for command in all_commands(table)
    }
    tables = _hoist(table, effective) | effective
    text = f"# file: {'none' if file is None else file.path}\n"
    for path, settings in sorted(tables.items()):
        is_selected = path[: len(selected)] == selected or path == selected[: len(path)]
        if settings and is_selected:
            header = f"\n[{'.'.join(path)}]\n" if path else ""
            text += header + "".join(
                _line(settings[name], origin=command_line.values["origin"])
                for name in sorted(settings)
            )
    return print_text(text)


def _select(table: Group, words: Sequence[str]) -> Path:
    """The path of the verb that the arguments name."""
    group: Group | Command = table
    path: list[str] = []
    for word in words:
        verb = get_verb(group, word) if isinstance(group, Group) else None
        if verb is None:
            if isinstance(group, Group):
                raise UsageError(unknown_verb(group, word))
            raise UsageError(f"unexpected argument: {word}")
        path.append(verb.name)
        group = verb.load()
    return tuple(path)


def _effective_settings(
    command: Command, file: "SettingsFile | None", table: Group, *, with_defaults: bool
) -> dict[str, Setting]:
    found = {} if file is None else file_settings(file, command, table)
    settings = {**found, **find_variables(command, os.environ)}
    _check(command, settings.values())
    shown = {flag.name: flag for flag in (*GLOBAL_FLAGS, *command.flags()) if is_settable(flag)}
    defaults = {name: Setting(flag, _default_values(flag), DEFAULT) for name, flag in shown.items()}
    return {
        name: settings.get(name, defaults[name])
        for name in shown
        if name in settings or with_defaults
    }


def _check(command: Command, settings: Iterable[Setting]) -> None:
    """Raise UsageError for a value that the command would refuse."""
    for setting in settings:
        try:
            command.read(setting.arguments())
        except UsageError as error:
            raise with_origin(error, [(setting.flag.name, setting.origin)]) from error


def _default_values(flag: Flag) -> tuple[str, ...]:
    if flag.kind == "list":
        return ()
    return (flag.default or ("false" if flag.kind == "switch" else ""),)


def _hoist(group: Group, effective: Effective) -> Effective:
    """Move each setting that all verbs of a group share to the group, and return the settings of the groups."""
    hoisted: dict[str, Setting] = {}
    inner = [path for path in effective if path[: len(group.path)] == group.path]
    common = [flag for flag in (*GLOBAL_FLAGS, *group.shared_flags()) if is_settable(flag)]
    for flag in common:
        owners = [path for path in inner if _has(effective[path], flag)]
        values = {effective[path][flag.name] for path in owners}
        if len(values) == 1 and len(owners) > 1:
            hoisted[flag.name] = values.pop()
            for path in owners:
                del effective[path][flag.name]
    result = {group.path: hoisted}
    for verb in group.verbs:
        loaded = verb.load()
        if isinstance(loaded, Group):
            result |= _hoist(loaded, effective)
    return result


def _has(settings: dict[str, Setting], flag: Flag) -> bool:
    return flag.name in settings and settings[flag.name].flag == flag


def _line(setting: Setting, *, origin: bool) -> str:
    comment = f"  # {setting.origin}" if origin else ""
    return f"{setting.flag.name} = {_toml(setting)}{comment}\n"


def _toml(setting: Setting) -> str:
    """The value in TOML. Secrets are hidden."""
    flag = setting.flag
    if flag.kind == "switch":
        return "true" if setting.values[0] in TRUE_STRINGS else "false"
    items = list(map(_quoted, _without_secrets(setting)))
    return f"[{', '.join(items)}]" if flag.kind == "list" else items[0]


def _without_secrets(setting: Setting) -> Iterable[str]:
    from kmanifest.model.masking import is_secret_name

    for text in setting.values:
        name, equals, _ = text.partition("=")
        if setting.flag.name in SECRETS and text:
            yield HIDDEN
        elif setting.flag.name == "env" and equals and is_secret_name(name):
            yield f"{name}={HIDDEN}"
        else:
            yield text


def _quoted(text: str) -> str:
    return f'"{"".join(_escaped(text))}"'


def _escaped(text: str) -> Iterator[str]:
    for char in text:
        if char in '"\\':
            yield f"\\{char}"
        elif char.isprintable():
            yield char
        else:
            yield f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


COMMAND = Command(
    ("config", "show"),
    "[VERB]",
    """\
Print the settings from the environment and the settings file that are in effect, as TOML. A setting of several verbs is
printed once, in the table of their group.
""",
    (("Flags", FLAGS),),
    show,
    examples=("kmanifest config show --origin", "kmanifest config show --all build"),
    needs_table=True,
)
