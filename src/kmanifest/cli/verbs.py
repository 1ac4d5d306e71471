"""Tables of verbs: lookup by name, and the lines of the help text."""

from collections.abc import Callable, Iterable, Sequence

from kmanifest.cli.flags import Flag, UsageError
from kmanifest.startup.typing import NamedTuple


class Verb(NamedTuple):
    """A verb: its names, its line in the help text, and the function that runs it.

    - `name`: the name that the help text shows.
    - `summary`: what the verb does, in one line of the help text.
    - `run`: takes the arguments after the verb and returns the exit code. For a verb with a module of its own it is a
      `lazy_function`, so that only the module of the verb that is called is imported.
    - `aliases`: other names of the verb.
    - `parameters`: the arguments of the verb as the help text shows them.
    """

    name: str
    summary: str
    run: Callable[[Sequence[str]], int]
    aliases: tuple[str, ...] = ()
    parameters: str = ""


def get_verb(verbs: Sequence[Verb], name: str) -> Verb | None:
    """The verb with this name or alias; None if there is none. `find_verb` raises an error instead."""
    return next((verb for verb in verbs if name == verb.name or name in verb.aliases), None)


def find_verb(verbs: Sequence[Verb], name: str, *, parent: str = "") -> Verb:
    """The verb with this name or alias. Raises UsageError with the nearest name if there is none.

    `parent` is the verb that the table belongs to; empty for the verbs of the command.
    """
    verb = get_verb(verbs, name)
    if verb is not None:
        return verb
    from kmanifest.model.errors import near_names  # imported for errors only

    near = near_names(name, verb_names(verbs), most=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise UsageError(
        f"unknown verb: {parent} {name}{hint}" if parent else f"unknown verb: {name}{hint}"
    )


def split_verb(arguments: Sequence[str], flags: Iterable[Flag]) -> tuple[str, list[str]]:
    """The name of a verb, and the other arguments. The name is empty if there are only flags.

    Flags may come before the verb. The verb is the first argument that is neither a flag nor the value of a flag. As
    in Helm, every flag that is not in `flags` has a value: in `--dry-run template chart` the name is `chart`.

    Source: github.com/spf13/cobra v1.10.2 command.go, stripFlags.
    """
    switches = [flag for flag in flags if flag.kind == "switch" or flag.implied_value]
    without_value = {f"--{flag.name}" for flag in switches}
    without_value |= {f"-{flag.short}" for flag in switches if flag.short}
    is_value = False
    for index, argument in enumerate(arguments):
        if is_value:
            is_value = False
        elif argument == "--":
            break
        elif argument.startswith("-"):
            is_one_flag = argument.startswith("--") or len(argument) == len("-n")
            is_value = is_one_flag and "=" not in argument and argument not in without_value
        elif argument:
            return argument, [*arguments[:index], *arguments[index + 1 :]]
    return "", list(arguments)


def verb_names(verbs: Sequence[Verb]) -> list[str]:
    """The names of the verbs, without aliases, in the order of the table."""
    return [verb.name for verb in verbs]


def describe_verbs(verbs: Sequence[Verb]) -> str:
    """The help text of the verbs: one aligned line for each, in the given order; empty without verbs."""
    rows = [(f"{verb.name} {verb.parameters}".rstrip(), _explain(verb)) for verb in verbs]
    width = max((len(usage) for usage, _ in rows), default=0)
    return "".join(f"  {usage:{width}}  {text}\n" for usage, text in rows)


def _explain(verb: Verb) -> str:
    return f"{verb.summary} (also: {', '.join(verb.aliases)})" if verb.aliases else verb.summary
