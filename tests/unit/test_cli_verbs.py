"""Tables of verbs: lookups, and that what a table names is there."""

import pytest

from kmanifest.cli.flags import Flag
from kmanifest.cli.help import command_help, group_help
from kmanifest.cli.main import ROOT, Session, run_command
from kmanifest.cli.settings import all_commands
from kmanifest.cli.unknown import unknown_verb
from kmanifest.cli.verbs import Command, Group, Verb, get_verb, take_verb


def all_groups(group: Group) -> list[Group]:
    inner = [verb.load() for verb in group.verbs]
    return [group, *(each for one in inner if isinstance(one, Group) for each in all_groups(one))]


COMMANDS = list(all_commands(ROOT))
GROUPS = all_groups(ROOT)
VERBS = Group(
    ("x",),
    "Do things.\n",
    (Verb("build", "print resources", "m"), Verb("create", "write a file", "m", ("init", "new"))),
    leading_flags=(Flag("namespace", "string", "where", short="n"),),
)


def name_of(verb: Command | Group) -> str:
    return " ".join(verb.path) or "kmanifest"


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_verb_has_a_help_text(command: Command, capfd: pytest.CaptureFixture[str]):
    assert run_command(command, ["--help"], Session()) == 0
    text = capfd.readouterr().out
    assert text == command_help(command)
    usage = f"kmanifest {' '.join(command.path)} {command.usage}".rstrip()
    assert f"Usage:\n  {usage} [flags]\n" in text
    assert max(map(len, text.split("\n\nUsage:")[0].split("\n"))) <= 130


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_each_name_stands_for_one_verb(group: Group):
    names = [name for verb in group.verbs for name in (verb.name, *verb.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", GROUPS, ids=name_of)
def test_a_verb_has_the_path_that_the_tables_give_it(group: Group):
    assert [verb.load().path for verb in group.verbs] == [
        (*group.path, verb.name) for verb in group.verbs
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_the_letters_of_flags_are_unambiguous(command: Command):
    letters = [flag.short for flag in command.flags() if flag.short]
    assert len(letters) == len(set(letters))


def test_lookup_by_name_and_alias():
    assert get_verb(VERBS, "build") is VERBS.verbs[0]
    assert get_verb(VERBS, "init") is VERBS.verbs[1]
    assert get_verb(VERBS, "buil") is None


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("biuld", (), "unknown verb: biuld (did you mean build?)"),
        ("crate", ("x",), "unknown verb: x crate (did you mean create?)"),
        ("zzz", (), "unknown verb: zzz"),
    ],
)
def test_unknown_verb(name: str, path: tuple[str, ...], message: str):
    assert unknown_verb(VERBS._replace(path=path), name) == message


@pytest.mark.parametrize(
    ("line", "name", "others"),
    [
        ("-n x init build", "init", "-n x build"),
        ("-nx init -n build", "init", "-nx -n build"),
        ("--namespace init build", "build", "--namespace init"),
        ("--namespace=x init", "init", "--namespace=x"),
        ("-qn build build", "build", "-qn build"),
        ("-q build", "build", "-q"),
        ("-C build -- build", "", "-C build -- build"),
        ("--unknown build x", "build", "--unknown x"),
        ("--unknown x build", "build", "--unknown x"),
        ("-n x", "", "-n x"),
        ("x build", "x", "build"),
    ],
)
def test_flags_may_come_before_a_verb(line: str, name: str, others: str):
    assert take_verb(VERBS, line.split()) == (name, others.split())


def test_description_is_aligned():
    assert "  build   print resources\n  create  write a file (also: init, new)\n" in group_help(
        VERBS
    )
