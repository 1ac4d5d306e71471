"""Command-line flags in the grammar of kustomize, Helm and kubectl (spf13/pflag).

A value is written `--name value`, `--name=value`, `-o value`, `-ovalue` or `-o=value`. Several short flags can be in one
argument. A switch can have `=true` or `=false`. Flags can come before and after other arguments; `--` ends them. They
can't be abbreviated.
argparse has another grammar, and its import takes longer than this whole module (`bench/startup.py`).
"""

from collections.abc import Iterable, Sequence

from kmanifest.startup.typing import Any, Literal, NamedTuple

TRUE_STRINGS = ("1", "t", "T", "true", "TRUE", "True")
FALSE_STRINGS = ("0", "f", "F", "false", "FALSE", "False")


class Flag(NamedTuple):
    """A flag. A switch is True or False, a string has the last value given, a list has all of them.

    A flag with an `implied_value` has that value if it is given without `=`; it never takes the next argument.
    """

    name: str
    kind: Literal["switch", "string", "list"]
    help: str
    short: str = ""
    default: str = ""
    deprecated: str = ""
    hidden: bool = False
    implied_value: str = ""

    def initial_value(self) -> bool | str | list[str]:
        """The value of the flag if it is not on the command line."""
        if self.kind == "switch":
            return False
        return [] if self.kind == "list" else self.default


class CommandLine(NamedTuple):
    """A parsed command line: the values of all flags, the flags that were used, and the other arguments."""

    values: dict[str, Any]
    used_flags: tuple[Flag, ...]
    arguments: tuple[str, ...]

    def switch(self, name: str, *, default: bool = False) -> bool:
        """The value of a switch; `default` if it is not on the command line."""
        return bool(self.values[name]) if self.has(name) else default

    def has(self, name: str) -> bool:
        """Whether the flag is on the command line."""
        return any(flag.name == name for flag in self.used_flags)


class UsageError(Exception):
    """The command line is invalid. The message is one line."""


HELP = Flag("help", "switch", "show this text", short="h")
STACK_TRACE = Flag("stack-trace", "switch", "print a stack trace on error")


def parse_command_line(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Separate `arguments` into flags and other arguments.

    Raises UsageError for unknown flags and invalid values.
    """
    flags_by_name = {flag.name: flag for flag in flags}
    flags_by_letter = {flag.short: flag for flag in flags_by_name.values() if flag.short}
    values = {flag.name: flag.initial_value() for flag in flags_by_name.values()}
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
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letters[0]}' in {argument}")
        letters = letters[1:]
        attached = letters.removeprefix("=")
        if letters and (letters.startswith("=") or flag.kind != "switch"):
            _store_value(flag, attached, argument, remaining, values)
            letters = ""
        else:
            _store_value(flag, None, argument, remaining, values)
        yield flag


def _store_value(
    flag: Flag, value: str | None, argument: str, remaining: list[str], values: dict[str, Any]
) -> None:
    """Store the value of one flag.

    A flag that needs a value and has none attached takes the next argument.
    """
    if flag.kind == "switch":
        if value is not None and value not in (*TRUE_STRINGS, *FALSE_STRINGS):
            problem = f'invalid argument "{value}" for "--{flag.name}" flag'
            raise UsageError(f"{problem}: expected true or false")
        values[flag.name] = value is None or value in TRUE_STRINGS
        return
    if value is None and flag.implied_value:
        value = flag.implied_value
    if value is None:
        if not remaining:
            raise UsageError(f"flag needs an argument: {argument}")
        value = remaining.pop()
    if flag.kind == "list":
        values[flag.name].append(value)
    else:
        values[flag.name] = value


def _suggestion(name: str, names: Iterable[str]) -> str:
    from kmanifest.model.errors import near_names  # imported for errors only

    near = near_names(name, names, most=1)
    return f" (did you mean --{near[0]}?)" if near else ""


def describe_flags(flags: Iterable[Flag]) -> str:
    """The help text of the flags: one aligned line for each that is not hidden, in the given order."""
    rows = [(_flag_usage(flag), _flag_help(flag)) for flag in flags if not flag.hidden]
    width = max(len(usage) for usage, _ in rows)
    return "".join(f"  {usage:{width}}  {help_text}\n" for usage, help_text in rows)


def _flag_usage(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{flag.name}{'' if flag.kind == 'switch' else ' VALUE'}"


def _flag_help(flag: Flag) -> str:
    default = f' (default "{flag.default}")' if flag.default else ""
    repetition = " (may be repeated)" if flag.kind == "list" else ""
    return f"{flag.help}{default}{repetition}"
