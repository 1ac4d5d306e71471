"""The help of commands and groups of verbs."""

from kmanifest.cli.flags import GLOBAL_FLAGS, Flag
from kmanifest.cli.verbs import Command, Group, Verb
from kmanifest.startup.typing import Iterable

WIDEST_CHOICES = 24
"""Choices that are wider than this are listed after the description of the flag, not in place of its value."""

HELP_SUMMARY = "show this text, or the help text of a verb"
"""The line about `help`, which every group understands."""


def command_help(command: Command) -> str:
    """The help text of a command: description, usage, examples, and its flags in groups."""
    flags = command.flags()
    names = {flag.name for flag in flags}
    common = tuple(flag for flag in GLOBAL_FLAGS if flag.name not in names)
    name = program_name(command.path)
    text = f"{command.introduction}\nUsage:\n  {f'{name} {command.usage}'.rstrip()} [flags]\n"
    if command.examples:
        text += "\nExamples:\n" + "".join(f"  {example}\n" for example in command.examples)
    for heading, group in (*command.flag_groups, ("Global flags", common)):
        if any(not flag.hidden for flag in group):
            text += f"\n{heading}:\n{describe_flags(group)}"
    return text


def group_help(group: Group) -> str:
    """The help text of a group: description, usage, its verbs, and the flags that may come before a verb."""
    name = program_name(group.path)
    rows = [(verb.name, verb_summary(verb)) for verb in group.verbs]
    if not group.path:
        rows = sorted([*rows, ("help", HELP_SUMMARY)])
    width = max(len(verb) for verb, _ in rows)
    lines = [f"  {verb:{width}}  {summary}\n" for verb, summary in rows]
    text = f"{group.introduction}\nUsage:\n  {name} VERB [arguments]\n\nVerbs:\n{''.join(lines)}"
    flags = (*group.leading_flags, *GLOBAL_FLAGS)
    return (
        f"{text}\nGlobal flags:\n{describe_flags(flags)}"
        f'\nUse "{name} VERB --help" for the flags of a verb.\n'
    )


def verb_summary(verb: Verb) -> str:
    """The line about a verb, with its other names."""
    aliases = f" (also: {', '.join(verb.aliases)})" if verb.aliases else ""
    return verb.summary + aliases


def program_name(path: Iterable[str]) -> str:
    """The arguments that call a verb, after `kmanifest`."""
    return " ".join(("kmanifest", *path))


def describe_flags(flags: Iterable[Flag]) -> str:
    """The help text of the flags: one aligned line for each that is not hidden, by name."""
    shown = sorted(
        {flag.name: flag for flag in flags if not flag.hidden}.values(), key=lambda flag: flag.name
    )
    rows = [(flag_usage(flag), flag_help(flag)) for flag in shown]
    width = max(len(usage) for usage, _ in rows)
    return "".join(f"  {usage:{width}}  {help_text}\n" for usage, help_text in rows)


def flag_usage(flag: Flag) -> str:
    """The flag with the name of its value, as in the first column of the help text."""
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{flag.name}{_value_usage(flag)}"


def _value_usage(flag: Flag) -> str:
    if flag.kind == "switch":
        return ""
    name = " " + (short_choices(flag) or value_name(flag))
    return f'{name}[="{flag.implied_value}"]' if flag.implied_value else name


def value_name(flag: Flag) -> str:
    """The name of the value as kustomize and Helm name it, such as `string` or `stringArray`."""
    return flag.value or ("stringArray" if flag.kind == "list" else "string")


def short_choices(flag: Flag) -> str:
    """The choices of a flag as `a|b`; empty if there are none or if they are too wide."""
    text = "|".join(choice for choice in flag.choices if choice)
    return text if flag.kind != "list" and len(text) <= WIDEST_CHOICES else ""


def flag_help(flag: Flag) -> str:
    """The description of the flag, with its environment variable."""
    variable = flag.variable_name()
    return f"{description(flag)} [env: {variable}]" if variable else description(flag)


def description(flag: Flag) -> str:
    """The description of the flag, with its choices and its default."""
    text = flag.help
    if flag.choices and not short_choices(flag):
        text += f"; one of {', '.join(choice for choice in flag.choices if choice)}"
    if flag.default:
        quoted = flag.kind == "string" and not flag.value
        text += f' (default "{flag.default}")' if quoted else f" (default {flag.default})"
    return f"{text} (may be repeated)" if flag.kind == "list" else text
