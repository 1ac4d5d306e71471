"""Tables of verbs: lookup by name, and the lines of the help text."""

from collections.abc import Callable, Sequence

from kmanifest.cli.flags import UsageError
from kmanifest.startup.typing import NamedTuple


class Verb(NamedTuple):
    """A verb: its name, its line in the help text, and the function that runs it.

    `run` takes the arguments after the verb and returns the exit code. For a verb with a module of its own it is
    a `late` function: only the module of the verb that is called is imported. `aliases` are other names of the
    verb. `parameters` are its arguments as the help text shows them.
    """

    name: str
    summary: str
    run: Callable[[Sequence[str]], int]
    aliases: tuple[str, ...] = ()
    parameters: str = ""


def get_verb(verbs: Sequence[Verb], name: str) -> Verb | None:
    """The verb with this name or alias; None if there is none."""
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


def take_verb(verbs: Sequence[Verb], arguments: Sequence[str]) -> tuple[Verb | None, list[str]]:
    """The first verb among the arguments, and the other arguments.

    As in Helm, flags may come before a verb.
    """
    for index, argument in enumerate(arguments):
        verb = get_verb(verbs, argument)
        if verb is not None:
            return verb, [*arguments[:index], *arguments[index + 1 :]]
    return None, list(arguments)


def verb_names(verbs: Sequence[Verb]) -> list[str]:
    """The names of the verbs, without aliases, in the order of the table."""
    return [verb.name for verb in verbs]


def describe_verbs(verbs: Sequence[Verb]) -> str:
    """The help text of the verbs: one aligned line for each, in the given order."""
    rows = [(f"{verb.name} {verb.parameters}".rstrip(), _explain(verb)) for verb in verbs]
    width = max(len(usage) for usage, _ in rows)
    return "".join(f"  {usage:{width}}  {text}\n" for usage, text in rows)


def _explain(verb: Verb) -> str:
    return f"{verb.summary} (also: {', '.join(verb.aliases)})" if verb.aliases else verb.summary
