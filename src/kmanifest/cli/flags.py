"""Command-line flags in the grammar that users of kustomize, helm and kubectl know (spf13/pflag).

`--name value`, `--name=value`, `-o value`, `-ovalue`, `-o=value`, several short ones in one word, switches with an
optional `=true` or `=false`, flags before and after the directory, `--` as their end, no abbreviations.
argparse has another grammar, and its import costs more than all that is here (`bench/startup.py`).
"""

from collections.abc import Iterable, Sequence

from kmanifest.startup.typing import Any, Literal, NamedTuple

TRUE_WORDS = ("1", "t", "T", "true", "TRUE", "True")
FALSE_WORDS = ("0", "f", "F", "false", "FALSE", "False")


class Flag(NamedTuple):
    """One flag: a switch is True or False, a text holds the last value given, a list all of them.

    A flag with `alone` has that value where it is given without `=`, and never takes the next word.
    """

    name: str
    kind: Literal["switch", "text", "list"]
    help: str
    short: str = ""
    default: str = ""
    deprecated: str = ""
    hidden: bool = False
    alone: str = ""

    def initial(self) -> bool | str | list[str]:
        """The value of a flag that is not given."""
        if self.kind == "switch":
            return False
        return [] if self.kind == "list" else self.default


class Parsed(NamedTuple):
    """What was on the command line: a value for every flag, the names that were given, and the other words."""

    values: dict[str, Any]
    given: tuple[Flag, ...]
    words: tuple[str, ...]

    def on(self, name: str, *, default: bool = False) -> bool:
        """The value of a switch, which is `default` where it is not given."""
        return bool(self.values[name]) if self.was_given(name) else default

    def was_given(self, name: str) -> bool:
        """Whether the flag is on the command line."""
        return any(flag.name == name for flag in self.given)


class UsageError(Exception):
    """The command line is wrong; the text says how in one line."""


HELP = Flag("help", "switch", "show this text", short="h")
STACK_TRACE = Flag("stack-trace", "switch", "print a stack-trace on error")


def parse(flags: Iterable[Flag], arguments: Sequence[str]) -> Parsed:
    """The `arguments` sorted into flags and other words; raises `UsageError`."""
    known = {flag.name: flag for flag in flags}
    shorts = {flag.short: flag for flag in known.values() if flag.short}
    values = {flag.name: flag.initial() for flag in known.values()}
    given: dict[str, Flag] = {}
    words: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        if argument == "--":
            words.extend(reversed(rest))
            break
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            flag = known.get(name)
            if flag is None:
                raise UsageError(f"unknown flag: --{name}{_near(name, known)}")
            _take(flag, value if equals else None, argument, rest, values)
            given[flag.name] = flag
        elif argument.startswith("-") and argument != "-":
            for flag in _take_shorts(argument, shorts, rest, values):
                given[flag.name] = flag
        else:
            words.append(argument)
    return Parsed(values, tuple(given.values()), tuple(words))


def _take_shorts(
    argument: str, shorts: dict[str, Flag], rest: list[str], values: dict[str, Any]
) -> Iterable[Flag]:
    """Read `-abc`, `-ovalue`, `-o=value` and `-o value`; gives the flags that were met."""
    letters = argument[1:]
    while letters:
        flag = shorts.get(letters[0])
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letters[0]}' in {argument}")
        letters = letters[1:]
        attached = letters.removeprefix("=")
        if letters and (letters.startswith("=") or flag.kind != "switch"):
            _take(flag, attached, argument, rest, values)
            letters = ""
        else:
            _take(flag, None, argument, rest, values)
        yield flag


def _take(
    flag: Flag, value: str | None, argument: str, rest: list[str], values: dict[str, Any]
) -> None:
    """Store the value of one flag, from the next word where it wants one that is not attached."""
    if flag.kind == "switch":
        if value is not None and value not in (*TRUE_WORDS, *FALSE_WORDS):
            problem = f'invalid argument "{value}" for "--{flag.name}" flag'
            raise UsageError(f"{problem}: expected true or false")
        values[flag.name] = value is None or value in TRUE_WORDS
        return
    if value is None and flag.alone:
        value = flag.alone
    if value is None:
        if not rest:
            raise UsageError(f"flag needs an argument: {argument}")
        value = rest.pop()
    if flag.kind == "list":
        values[flag.name].append(value)
    else:
        values[flag.name] = value


def _near(name: str, known: Iterable[str]) -> str:
    from kmanifest.model.errors import near_names  # only where an error is on its way

    near = near_names(name, known, most=1)
    return f" (did you mean --{near[0]}?)" if near else ""


def describe(flags: Iterable[Flag]) -> str:
    """One line for each flag that is not hidden, aligned, in the order of the table."""
    rows = [(_usage(flag), _explain(flag)) for flag in flags if not flag.hidden]
    width = max(len(usage) for usage, _ in rows)
    return "".join(f"  {usage:{width}}  {text}\n" for usage, text in rows)


def _usage(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{flag.name}{'' if flag.kind == 'switch' else ' VALUE'}"


def _explain(flag: Flag) -> str:
    default = f' (default "{flag.default}")' if flag.default else ""
    repeat = " (may be repeated)" if flag.kind == "list" else ""
    return f"{flag.help}{default}{repeat}"
