"""Write the generated parts of the reference: flags and verbs, environment variables, and the schema of the settings file.

    python -m tests.reference            # writes them
    python -m tests.reference --check    # reports which are not up to date

A generated part of a page is between `<!-- generated: NAME -->` and `<!-- end -->`. The text around it is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kmanifest.cli.config.schema import schema_text
from kmanifest.cli.flags import GLOBAL_FLAGS, Flag
from kmanifest.cli.help import description, flag_usage, program_name, verb_summary
from kmanifest.cli.main import ROOT
from kmanifest.cli.settings import all_commands, settable_flags
from kmanifest.cli.verbs import Command, Group
from tests.cases import PROJECT

PAGES = PROJECT / "docs" / "reference"
SCHEMA = PROJECT / "schemas" / "kmanifest.toml.schema.json"
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def verb_table() -> str:
    """All verbs that do something, with a line about each."""
    rows = [
        f"| [`{' '.join(command.path)}`](#{anchor(command.path)}) | {cell(summary)} |"
        for command, summary in commands_with_summaries(ROOT)
    ]
    return "\n".join(["| verb | |", "|---|---|", *rows])


def commands_with_summaries(group: Group) -> Iterator[tuple[Command, str]]:
    for verb in group.verbs:
        loaded = verb.load()
        if isinstance(loaded, Group):
            yield from commands_with_summaries(loaded)
        else:
            yield loaded, verb_summary(verb)


def anchor(path: tuple[str, ...]) -> str:
    return "-".join(path)


def global_flags() -> str:
    return flag_table(GLOBAL_FLAGS)


def flag_table(flags: tuple[Flag, ...]) -> str:
    """A table of flags, by name."""
    shown = sorted({flag.name: flag for flag in flags if not flag.hidden}.items())
    rows = [
        f"| `{cell(flag_usage(flag).strip())}` | {cell(description(flag))} | {variable(flag)} |"
        for _, flag in shown
    ]
    return "\n".join(["| flag | | variable |", "|---|---|---|", *rows])


def variable(flag: Flag) -> str:
    name = flag.variable_name()
    return f"`{name}`" if name else ""


def cell(text: str) -> str:
    """The text for a cell of a table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def command_part(command: Command) -> str:
    """Usage, examples and flags of one verb."""
    usage = f"{program_name(command.path)} {command.usage}".rstrip()
    lines = ["```text", f"{usage} [flags]", "```", "", command.introduction.strip()]
    if command.examples:
        lines += ["", "```sh", *command.examples, "```"]
    for heading, flags in command.flag_groups:
        if any(not flag.hidden for flag in flags):
            lines += ["", f"{heading}:", "", flag_table(flags)]
    return "\n".join(lines)


def variable_table() -> str:
    """The variables that set flags, and the flags."""
    uses: dict[str, dict[str, list[str]]] = {}
    for command in all_commands(ROOT):
        for flag in command.flags():
            if name := flag.variable_name():
                verbs = uses.setdefault(name, {}).setdefault(flag.name, [])
                verbs.append(" ".join(command.path))
    for flag in GLOBAL_FLAGS:
        if name := flag.variable_name():
            uses.setdefault(name, {})[flag.name] = []
    rows = [
        f"| `{name}` | `--{flag}` | {describe_verbs(verbs)} |"
        for name, flags in sorted(uses.items())
        for flag, verbs in flags.items()
    ]
    return "\n".join(["| variable | flag | verbs |", "|---|---|---|", *rows])


def describe_verbs(verbs: list[str]) -> str:
    if not verbs:
        return "all"
    helm = [verb for verb in verbs if verb.startswith("helm ")]
    total = sum(command.path[0] == "helm" for command in all_commands(ROOT))
    if len(helm) == total:
        verbs = [verb for verb in verbs if verb not in helm] + ["all of `helm`"]
    return ", ".join(verb if verb.startswith("all") else f"`{verb}`" for verb in verbs)


def restricted_keys() -> str:
    """The keys that a file of the project can't set, or not to every value."""
    found: dict[str, str] = {}
    verbs: list[Command | Group] = [ROOT, *all_commands(ROOT)]
    for verb in verbs:
        for flag in settable_flags(verb):
            if flag.user_only:
                values = ", ".join(f"`{value}`" for value in flag.user_only)
                found[flag.name] = "any value" if "*" in flag.user_only else values
    return "\n".join(
        [
            "| key | value |",
            "|---|---|",
            *(f"| `{name}` | {values} |" for name, values in sorted(found.items())),
        ]
    )


def parts() -> Mapping[str, Callable[[], str]]:
    """The generated parts, by name."""
    by_verb = {
        " ".join(command.path): (lambda command=command: command_part(command))
        for command in all_commands(ROOT)
    }
    return {
        "verbs": verb_table,
        "flags of all verbs": global_flags,
        "variables": variable_table,
        "restricted keys": restricted_keys,
        **by_verb,
    }


def with_generated_parts(text: str) -> str:
    """The text of a page with its generated parts written anew."""
    known = parts()
    return PART.sub(lambda match: f"{match[1]}{known[match[2]]()}\n{match[3]}", text)


def generated_files() -> dict[Path, str]:
    """The files with generated parts, and what they should contain."""
    pages = {
        page: with_generated_parts(page.read_text(encoding="utf-8"))
        for page in sorted(PAGES.glob("*.md"))
    }
    return {**pages, SCHEMA: schema_text(ROOT)}


def outdated() -> list[str]:
    """The files that are not up to date."""
    return [
        path.relative_to(PROJECT).as_posix()
        for path, text in generated_files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    if "--check" in sys.argv[1:]:
        for name in outdated():
            print(f"not up to date: {name} (python -m tests.reference writes it)")
        return bool(outdated())
    for path, text in generated_files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
