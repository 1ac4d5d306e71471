"""What can be completed after each verb: its verbs, flags and arguments."""

from kmanifest.cli.flags import GLOBAL_FLAGS, Flag
from kmanifest.cli.help import HELP_SUMMARY
from kmanifest.cli.verbs import Command, Group
from kmanifest.startup.typing import Iterator, NamedTuple

Words = tuple[str, ...]


class Node(NamedTuple):
    """A verb, or the command itself.

    - `path`: the arguments that lead to it
    - `verbs`: the names of its verbs, each with its aliases, and their summaries
    - `flags`: the flags that are valid here, without hidden ones
    - `arguments`: what its arguments can be, as in `Command.completions`
    """

    path: Words
    verbs: tuple[tuple[Words, str], ...]
    flags: tuple[Flag, ...]
    arguments: tuple[str | Words, ...] = ()


def find_nodes(table: Group) -> list[Node]:
    """All nodes, also `help`, whose arguments are all verbs."""
    root, *others = _walk(table)
    names = tuple(verb.name for verb in table.verbs)
    verbs = tuple(sorted([*root.verbs, (("help",), HELP_SUMMARY)]))
    return [
        root._replace(verbs=verbs),
        Node(("help",), (), _shown(()), (names,)),
        *others,
    ]


def _walk(loaded: Command | Group) -> Iterator[Node]:
    if isinstance(loaded, Command):
        flags = _shown(loaded.flags())
        yield Node(loaded.path, (), flags, loaded.completions)
        return
    verbs = tuple(((verb.name, *verb.aliases), verb.summary) for verb in loaded.verbs)
    yield Node(loaded.path, verbs, _shown(loaded.leading_flags))
    for verb in loaded.verbs:
        yield from _walk(verb.load())


def _shown(flags: tuple[Flag, ...]) -> tuple[Flag, ...]:
    """The flags with those of all verbs, by name, without hidden ones."""
    by_name = {flag.name: flag for flag in (*GLOBAL_FLAGS, *flags)}
    return tuple(by_name[name] for name in sorted(by_name) if not by_name[name].hidden)


def takes_value(flag: Flag) -> bool:
    """Whether the argument after the flag is its value."""
    return flag.kind != "switch" and not flag.implied_value


def flag_words(flag: Flag) -> Words:
    """The flag as it is typed: the long name, then the letter."""
    return (f"--{flag.name}", *((f"-{flag.short}",) if flag.short else ()))


def choices_of(flag: Flag) -> Words:
    """The values of a flag that can be completed."""
    return tuple(choice for choice in flag.choices if choice)
