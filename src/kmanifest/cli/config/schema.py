"""`kmanifest config schema`: print the JSON Schema of the settings file."""

from kmanifest.cli.flags import ANY_VALUE, CommandLine, Flag, UsageError
from kmanifest.cli.output import print_text
from kmanifest.cli.settings import settable_flags, takes_number
from kmanifest.cli.verbs import Command, Group
from kmanifest.startup.typing import Any, Iterator, Mapping, Sequence

TITLE = "Settings of kmanifest: kmanifest.toml, or the table tool.kmanifest of pyproject.toml"


def schema(command_line: CommandLine, table: Group, _files: Sequence[str]) -> int:
    """Print the schema and return the exit code."""
    if command_line.arguments:
        raise UsageError(f"unexpected argument: {command_line.arguments[0]}")
    return print_text(schema_text(table))


def schema_text(table: Group) -> str:
    """The schema as text. A flag of several verbs has one definition."""
    import json

    counts: dict[Flag, int] = {}
    for verb in (table, *_all_verbs(table)):
        for flag in settable_flags(verb):
            counts[flag] = counts.get(flag, 0) + 1
    names: dict[Flag, str] = {}
    for flag in sorted((flag for flag, count in counts.items() if count > 1), key=str):
        taken = sum(other.name == flag.name for other in names)
        names[flag] = f"{flag.name}-{taken + 1}" if taken else flag.name
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": TITLE,
        **_table_schema(table, names),
        "definitions": {
            name: _flag_schema(flag)
            for flag, name in sorted(names.items(), key=lambda item: item[1])
        },
    }
    return json.dumps(schema, indent=2) + "\n"


def _all_verbs(group: Group) -> Iterator[Command | Group]:
    for verb in group.verbs:
        loaded = verb.load()
        yield loaded
        if isinstance(loaded, Group):
            yield from _all_verbs(loaded)


def _table_schema(verb: Command | Group, names: Mapping[Flag, str]) -> dict[str, Any]:
    """The schema of the table of a verb. `names` are the names of the definitions of flags."""
    properties: dict[str, Any] = {
        flag.name: {"$ref": f"#/definitions/{names[flag]}"} if flag in names else _flag_schema(flag)
        for flag in settable_flags(verb)
    }
    for inner in verb.verbs if isinstance(verb, Group) else ():
        properties[inner.name] = {
            "description": inner.summary,
            **_table_schema(inner.load(), names),
        }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(sorted(properties.items())),
    }


def _flag_schema(flag: Flag) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": flag.help + _restriction(flag)}
    text: dict[str, Any] = {"type": "string"}
    if flag.choices:
        text["enum"] = [choice for choice in flag.choices if choice]
    if flag.kind == "switch":
        return {**schema, "type": "boolean", "default": flag.default == "true"}
    if flag.kind == "list":
        return {**schema, "type": "array", "items": text}
    if takes_number(flag):
        text = {"type": ["string", "number"]}
    return {**schema, **text, **({"default": flag.default} if flag.default else {})}


def _restriction(flag: Flag) -> str:
    """The part of the description about values that a file of the project can't set."""
    if not flag.user_only:
        return ""
    values = "" if flag.user_only == ANY_VALUE else f" ({', '.join(flag.user_only)})"
    return f". Only in a file that is named with --config{values}."


COMMAND = Command(
    ("config", "schema"),
    "",
    "Print the JSON Schema of kmanifest.toml, for editors.\n",
    (),
    schema,
    examples=("kmanifest config schema > kmanifest.toml.schema.json",),
    needs_table=True,
)
