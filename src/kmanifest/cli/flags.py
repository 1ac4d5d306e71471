"""Command-line flags in the grammar of kustomize, Helm and kubectl (spf13/pflag).

A value is written `--name value`, `--name=value`, `-o value`, `-ovalue` or `-o=value`. Several short flags can be in one
argument. A switch can have `=true` or `=false`. Flags can come before and after other arguments; `--` ends them. They
can't be abbreviated.
argparse has another grammar, and its import takes longer than this whole module (`bench/startup.py`).
"""

from kmanifest.startup.typing import Any, Iterable, Literal, NamedTuple, Sequence

TRUE_STRINGS = ("1", "t", "T", "true", "TRUE", "True")
FALSE_STRINGS = ("0", "f", "F", "false", "FALSE", "False")
VARIABLE_PREFIX = "KMANIFEST_"
NO_VARIABLE = "-"
RENAMED_FLAGS = {"name": "release-name", "colour": "color"}
"""Flags of kustomize and Helm, and what kmanifest calls them."""
ANY_VALUE = ("*",)
SWITCHED_ON = ("true",)


class Flag(NamedTuple):
    """A flag. A switch is True or False, a string has the last value given, a list has all of them.

    A flag with an `implied_value` has that value if it is given without `=`; it never takes the next argument.

    - `value`: the name of the value in the help text, as kustomize and Helm name it; by default `string` or `stringArray`
    - `go_type`: the type of the value with kustomize and Helm if that is not a string (`cli/flag_values`); empty otherwise
    - `choices`: the only valid values; an empty one is valid and not shown
    - `path`: what the value names, `file` or `directory`: shells complete it, and a path in a settings file is relative
      to that file
    - `variable`: the environment variable that sets the flag: empty for `KMANIFEST_` and the name, NO_VARIABLE for none
    - `whole`: the environment variable is one item of the list, because a comma is part of the item's own grammar
    - `user_only`: the values that the settings file of a project must not give, because they widen what a run may do;
      ANY_VALUE stands for all
    """

    name: str
    kind: Literal["switch", "string", "list"]
    help: str
    short: str = ""
    default: str = ""
    deprecated: str = ""
    hidden: bool = False
    implied_value: str = ""
    value: str = ""
    go_type: str = ""
    choices: tuple[str, ...] = ()
    path: str = ""
    variable: str = ""
    whole: bool = False
    user_only: tuple[str, ...] = ()

    def variable_name(self) -> str:
        """The environment variable that sets the flag; empty if there is none, as for hidden flags."""
        if self.hidden:
            return ""
        if self.variable:
            return self.variable.removeprefix(NO_VARIABLE)
        return VARIABLE_PREFIX + self.name.upper().replace("-", "_")


class CommandLine(NamedTuple):
    """A parsed command line: the values of all flags, the flags that are set, and the other arguments.

    `origins` has the origin of a flag that is not on the command line itself: an environment variable, or a line of a
    settings file.
    """

    values: dict[str, Any]
    used_flags: tuple[Flag, ...]
    arguments: tuple[str, ...]
    origins: tuple[tuple[str, str], ...] = ()

    def switch(self, name: str, *, default: bool = False) -> bool:
        """The value of a switch; `default` if nothing sets it."""
        return bool(self.values[name]) if self.has(name) else default

    def has(self, name: str) -> bool:
        """Whether something sets the flag: the command line, the environment or a settings file."""
        return any(flag.name == name for flag in self.used_flags)


class UsageError(Exception):
    """The command line is invalid. The message is one line."""


HELP = Flag("help", "switch", "show this text", short="h", variable=NO_VARIABLE)
QUIET = Flag("quiet", "switch", "print no warnings and notes, only errors", short="q")
STACK_TRACE = Flag("stack-trace", "switch", "print a stack trace on error")
VERSION = Flag("version", "switch", "print the version", variable=NO_VARIABLE)


def with_variables(prefix: str, *flags: Flag) -> tuple[Flag, ...]:
    """The flags with a part of the variables' names after `KMANIFEST_`, for names that mean something else elsewhere."""
    return tuple(
        flag._replace(variable=VARIABLE_PREFIX + prefix + flag.name.upper().replace("-", "_"))
        for flag in flags
    )


COLOR = Flag(
    "color",
    "string",
    "colour of error messages; for auto, NO_COLOR, FORCE_COLOR, TERM=dumb and the terminal decide",
    default="auto",
    choices=("auto", "always", "never"),
)
GLOBAL_FLAGS = (
    COLOR,
    Flag(
        "config",
        "string",
        "settings file to use instead of the nearest kmanifest.toml",
        path="file",
    ),
    Flag(
        "directory",
        "string",
        "run as if started in this directory",
        short="C",
        path="directory",
        variable=NO_VARIABLE,
    ),
    HELP,
    Flag("no-config", "switch", "use no settings file"),
    QUIET,
    STACK_TRACE,
    VERSION,
)
"""The flags of all verbs, before the verb or after it."""


def parse_command_line(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Separate `arguments` into flags and other arguments.

    Raises UsageError for unknown flags and invalid values.
    """
    flags_by_name = {flag.name: flag for flag in flags}
    flags_by_letter = {flag.short: flag for flag in flags_by_name.values() if flag.short}
    values: dict[str, Any] = {
        name: flag.default
        if flag.kind == "string"
        else []
        if flag.kind == "list"
        else flag.default == "true"
        for name, flag in flags_by_name.items()
    }
    used: dict[str, Flag] = {}
    positional: list[str] = []
    remaining = list(reversed(arguments))
    while remaining:
        argument = remaining.pop()
        if argument == "--":
            positional.extend(reversed(remaining))
            break
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            flag = flags_by_name.get(name)
            if flag is None:
                raise UsageError(f"unknown flag: --{name}{_suggestion(name, flags_by_name)}")
            _store_value(flag, value if equals else None, argument, remaining, values)
            used[flag.name] = flag
        elif argument.startswith("-") and argument != "-":
            for flag in _parse_short_flags(argument, flags_by_letter, remaining, values):
                used[flag.name] = flag
        else:
            positional.append(argument)
    return CommandLine(values, tuple(used.values()), tuple(positional))


def _parse_short_flags(
    argument: str, flags_by_letter: dict[str, Flag], remaining: list[str], values: dict[str, Any]
) -> Iterable[Flag]:
    """Parse `-abc`, `-ovalue`, `-o=value` or `-o value`, and yield the flags in it."""
    letters = argument[1:]
    while letters:
        flag = flags_by_letter.get(letters[0])
        shown = f"'{letters[0]}' in -{letters}"
        if flag is None:
            raise UsageError(f"unknown shorthand flag: {shown}")
        letters = letters[1:]
        value = None
        if letters[:1] == "=" and letters != "=":
            value, letters = letters[1:], ""
        elif letters and flag.kind != "switch" and not flag.implied_value:
            value, letters = letters, ""
        _store_value(flag, value, shown, remaining, values)
        yield flag


def _store_value(
    flag: Flag, value: str | None, argument: str, remaining: list[str], values: dict[str, Any]
) -> None:
    """Store the value of one flag.

    A flag that needs a value and has none attached takes the next argument.
    """
    if flag.kind == "switch":
        if value is not None and value not in (*TRUE_STRINGS, *FALSE_STRINGS):
            _check_type(flag, "bool", value)
        values[flag.name] = value is None or value in TRUE_STRINGS
        return
    if value is None and flag.implied_value:
        value = flag.implied_value
    if value is None:
        if not remaining:
            raise UsageError(f"flag needs an argument: {argument}")
        value = remaining.pop()
    if flag.go_type:
        _check_type(flag, flag.go_type, value)
    if flag.kind == "list":
        values[flag.name].append(value)
    elif flag.choices and value not in flag.choices:
        raise UsageError(choice_problem(flag, value))
    else:
        values[flag.name] = value


def _check_type(flag: Flag, go_type: str, value: str) -> None:
    if go_type == "stringSlice" and is_plain_list(value):
        return
    from kmanifest.cli.flag_values import FlagValueError, check_value  # few flags have a type

    try:
        check_value(go_type, value)
    except FlagValueError as error:
        from kmanifest.engines.helm.gotemplate.quoting import quoted

        name = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
        raise UsageError(f'invalid argument {quoted(value)} for "{name}" flag: {error}') from None


def is_plain_list(text: str) -> bool:
    """Whether a comma-separated list has no quotes, so that splitting it is enough."""
    return '"' not in text and text.isprintable()


def _suggestion(name: str, names: Iterable[str]) -> str:
    from kmanifest.model.errors import near_names  # imported for errors only

    known = set(names)
    renamed = RENAMED_FLAGS.get(name)
    near = [renamed] if renamed in known else near_names(name, known, most=1)
    return f" (did you mean --{near[0]}?)" if near else ""


def choice_problem(flag: Flag, value: str) -> str:
    """The message for a value that is not one of the choices of the flag."""
    listed = ", ".join(choice for choice in flag.choices if choice)
    return f"illegal flag value --{flag.name} {value}; legal values: {listed}"
