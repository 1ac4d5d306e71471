"""Tables of verbs: commands with their flags, and groups of verbs.

The module of a verb has a `Command`, the package of several verbs a `Group`. A table names these modules, so that only
the modules of the verb that is called are imported. The help, the completion scripts, the keys of the settings file
and the reference pages are built from the same tables.
"""

from kmanifest.cli.flags import GLOBAL_FLAGS, CommandLine, Flag, parse_command_line
from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import TYPE_CHECKING, NamedTuple, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    FlagGroup = tuple[str, tuple[Flag, ...]]
    Completion = str | tuple[str, ...]
    Parse = Callable[[Iterable[Flag], Sequence[str]], CommandLine]

DIRECTORY, FILE, ANY_TEXT = "directory", "file", ""
"""What an argument of a command can be."""


class Command(NamedTuple):
    """A verb that does something.

    - `path`: the arguments that call it, after `kmanifest`
    - `usage`: its arguments as the help text shows them
    - `introduction`: the sentences of the help text
    - `flag_groups`: headings and the flags below them, without the flags that all verbs have
    - `run`: does it and returns the exit code
    - `examples`: command lines for the help text
    - `completions`: for each argument DIRECTORY, FILE, ANY_TEXT or a tuple of choices; the last stands for all that follow
    - `parse`: reads a command line. It may run more than once, so it prints nothing.
    - `check`: refuses invalid combinations of flags and prints notes about flags. It runs before `run`.
    - `needs_table`: whether `run` is also given the group of all verbs, and the files that may have settings
    """

    path: tuple[str, ...]
    usage: str
    introduction: str
    flag_groups: "tuple[FlagGroup, ...]"
    run: "Callable[..., int]"
    examples: tuple[str, ...] = ()
    completions: "tuple[Completion, ...]" = ()
    parse: "Parse" = parse_command_line
    check: "Callable[[CommandLine], None] | None" = None
    needs_table: bool = False

    def flags(self) -> tuple[Flag, ...]:
        """The flags of all groups."""
        flags: tuple[Flag, ...] = ()
        for _, group in self.flag_groups:
            flags += group
        return flags

    def read(self, arguments: Sequence[str]) -> CommandLine:
        """Parse the arguments after the verb. Raises UsageError if they are invalid."""
        return self.parse((*GLOBAL_FLAGS, *self.flags()), arguments)


class Verb(NamedTuple):
    """A row of a table of verbs: the name, a line for the help text, and the module with its Command or Group.

    `aliases` are other names of the verb.
    """

    name: str
    summary: str
    module: str
    aliases: tuple[str, ...] = ()
    attribute: str = "COMMAND"

    def load(self) -> "Command | Group":
        """Import the verb."""
        loaded: Command | Group = load_attribute(self.module, self.attribute)
        return loaded


class Group(NamedTuple):
    """A verb with verbs of its own.

    - `path`, `introduction`: as in a Command
    - `verbs`: the table of its verbs
    - `leading_flags`: flags that may come before the verb, besides those that all verbs have
    - `shared`: the module with the SHARED_FLAGS that the settings file can set for all verbs of the group at once
    - `guard`: calls a function that runs a verb, and handles its errors in the way of this group
    """

    path: tuple[str, ...]
    introduction: str
    verbs: tuple[Verb, ...]
    leading_flags: tuple[Flag, ...] = ()
    shared: str = ""
    guard: "Callable[[Callable[[], int]], int] | None" = None

    def shared_flags(self) -> tuple[Flag, ...]:
        """The flags that the settings file can set for all verbs of the group at once."""
        flags: tuple[Flag, ...] = ()
        if self.shared:
            flags = load_attribute(self.shared, "SHARED_FLAGS")
        return flags


def get_verb(group: Group, name: str) -> Verb | None:
    """The verb with this name or alias; None if there is none."""
    return next((verb for verb in group.verbs if name == verb.name or name in verb.aliases), None)


def take_verb(group: Group, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the verb, empty if there is none, and the other arguments in their order.

    As in Helm, flags may come before the verb. An unknown flag takes the next argument unless that is a verb.
    Source: spf13/cobra v1.10 command.go, stripFlags.
    """
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        if argument == "--":
            break
        if not argument.startswith("-") or argument == "-":
            return argument, [*arguments[:index], *arguments[index + 1 :]]
        following = arguments[index + 1] if index + 1 < len(arguments) else ""
        index += 2 if _takes_next(group, argument, following) else 1
    return "", list(arguments)


def _takes_next(group: Group, argument: str, following: str) -> bool:
    """Whether a flag before the verb takes the argument that follows it."""
    flags = (*GLOBAL_FLAGS, *group.leading_flags)
    if argument.startswith("--"):
        name = argument[2:]
        flag = next((flag for flag in flags if flag.name == name), None)
        if flag is None:
            return "=" not in name and get_verb(group, following) is None
        return flag.kind != "switch" and not flag.implied_value
    for position, letter in enumerate(argument[1:], 2):
        flag = next((flag for flag in flags if flag.short == letter), None)
        if flag is None or flag.kind != "switch":
            return flag is not None and position == len(argument)
    return False
