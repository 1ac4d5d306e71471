"""The grammar of flags, which is that of spf13/pflag."""

from typing import Any

import pytest

from kmanifest.cli.flags import Flag, UsageError, parse_command_line
from kmanifest.cli.help import describe_flags

FLAGS = (
    Flag("output", "string", "where to", short="o"),
    Flag("env", "list", "what with", short="e"),
    Flag("network", "switch", "whether", short="n"),
    Flag("kind", "string", "which", default="all"),
    Flag("old", "switch", "gone", hidden=True),
)
NOTHING = {"output": "", "env": [], "network": False, "kind": "all", "old": False}


@pytest.mark.parametrize(
    ("line", "values", "words"),
    [
        ("", {}, ()),
        ("a --network b", {"network": True}, ("a", "b")),
        ("--output x", {"output": "x"}, ()),
        ("--output=x=y", {"output": "x=y"}, ()),
        ("--output=", {"output": ""}, ()),
        ("-o x", {"output": "x"}, ()),
        ("-ox", {"output": "x"}, ()),
        ("-o=x", {"output": "x"}, ()),
        ("-no x", {"network": True, "output": "x"}, ()),
        ("-nox", {"network": True, "output": "x"}, ()),
        ("-n=false", {"network": False}, ()),
        ("--network=F", {"network": False}, ()),
        ("--output -o", {"output": "-o"}, ()),
        ("-e a -e b --env=c", {"env": ["a", "b", "c"]}, ()),
        ("--kind a --kind b", {"kind": "b"}, ()),
        ("- -n", {"network": True}, ("-",)),
        ("-n -- -o --x", {"network": True}, ("-o", "--x")),
    ],
)
def test_grammar(line: str, values: dict[str, Any], words: tuple[str, ...]):
    parsed = parse_command_line(FLAGS, line.split())
    assert (parsed.values, parsed.arguments) == (NOTHING | values, words)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nonsense", "unknown flag: --nonsense"),
        ("--netwrok", "unknown flag: --netwrok (did you mean --network?)"),
        ("--net", "unknown flag: --net (did you mean --network?)"),
        ("-nx", "unknown shorthand flag: 'x' in -x"),
        ("--output", "flag needs an argument: --output"),
        ("-no", "flag needs an argument: 'o' in -o"),
        (
            "--network=maybe",
            'invalid argument "maybe" for "-n, --network" flag: '
            'strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
    ],
)
def test_mistakes(line: str, message: str):
    with pytest.raises(UsageError) as caught:
        parse_command_line(FLAGS, line.split())
    assert str(caught.value) == message


def test_given_flags_are_told_from_defaults():
    assert [
        flag.name for flag in parse_command_line(FLAGS, ["--kind", "all", "-n"]).used_flags
    ] == [
        "kind",
        "network",
    ]


def test_lists_are_not_shared():
    parse_command_line(FLAGS, ["-e", "a"])
    assert parse_command_line(FLAGS, []).values["env"] == []


def test_description_leaves_hidden_flags_out():
    text = describe_flags(FLAGS)
    assert '      --kind string      which (default "all") [env: KMANIFEST_KIND]\n' in text
    assert "old" not in text
