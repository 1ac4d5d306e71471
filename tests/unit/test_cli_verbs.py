"""Tables of verbs: lookups, and that what a table names is there."""

import pytest

from kmanifest.cli import cfg, helm, main, plugins
from kmanifest.cli.flags import UsageError
from kmanifest.cli.helm import dependency
from kmanifest.cli.helm.flags import LEADING_FLAGS
from kmanifest.cli.verbs import Verb, describe_verbs, find_verb, get_verb, split_verb

TABLES = {
    "": main.VERBS,
    "cfg": cfg.VERBS,
    "helm": helm.VERBS,
    "helm dependency": dependency.VERBS,
    "plugins": plugins.VERBS,
}
WITH_HELP = [
    (parent, verb) for parent, verbs in TABLES.items() if parent != "plugins" for verb in verbs
]


def run(arguments: object) -> int:
    return 0


VERBS = (
    Verb("build", "print resources", run),
    Verb("create", "write a file", run, ("init", "new"), "NAME"),
)


@pytest.mark.parametrize(
    ("parent", "verb"),
    WITH_HELP,
    ids=[f"{parent} {verb.name}".strip() for parent, verb in WITH_HELP],
)
def test_every_verb_can_be_run(parent: str, verb: Verb, capfd: pytest.CaptureFixture[str]):
    assert verb.run(["--help"]) == 0
    assert "Usage:" in capfd.readouterr().out


@pytest.mark.parametrize("verbs", TABLES.values(), ids=TABLES)
def test_each_name_stands_for_one_verb(verbs: tuple[Verb, ...]):
    names = [name for verb in verbs for name in (verb.name, *verb.aliases)]
    assert len(names) == len(set(names))


def test_lookup_by_name_and_alias():
    assert get_verb(VERBS, "build") is VERBS[0]
    assert find_verb(VERBS, "init") is VERBS[1]
    assert get_verb(VERBS, "buil") is None


@pytest.mark.parametrize(
    ("name", "parent", "message"),
    [
        ("biuld", "", "unknown verb: biuld (did you mean build?)"),
        ("crate", "x", "unknown verb: x crate (did you mean create?)"),
        ("zzz", "", "unknown verb: zzz"),
    ],
)
def test_unknown_verb(name: str, parent: str, message: str):
    with pytest.raises(UsageError) as caught:
        find_verb(VERBS, name, parent=parent)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("line", "name", "others"),
    [
        ("template c", "template", "c"),
        ("-n x template c", "template", "-n x c"),
        ("-n lint template c", "template", "-n lint c"),
        ("-n template template x", "template", "-n template x"),
        ("-nlint template c", "template", "-nlint c"),
        ("--namespace=lint template c", "template", "--namespace=lint c"),
        ("--namespace lint template c", "template", "--namespace lint c"),
        ("--set a=b template c", "template", "--set a=b c"),
        ("--debug template c", "template", "--debug c"),
        ("--offline template c", "template", "--offline c"),
        ("--dry-run template c", "c", "--dry-run template"),
        ("-xyz template c", "template", "-xyz c"),
        ("x template c", "x", "template c"),
        ("template -n lint", "template", "-n lint"),
        ("-n lint", "", "-n lint"),
        ("-- template c", "", "-- template c"),
        ("- template c", "template", "- c"),
        ("", "", ""),
    ],
)
def test_verb_among_flags(line: str, name: str, others: str):
    """The expected names are those of helm v3.22.0, except for `--offline`, which it does not have."""
    assert split_verb(line.split(), LEADING_FLAGS) == (name, others.split())


@pytest.mark.parametrize("arguments", [["x", "lint"], ["-n", "y", "x"], ["--dry-run", "lint", "x"]])
def test_the_first_other_argument_is_the_verb(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
):
    assert helm.helm(arguments) == 1
    assert capfd.readouterr().err.startswith('Error: unknown command "x" for "kmanifest helm"')


def test_a_table_without_verbs():
    assert describe_verbs(()) == ""


def test_description_is_aligned():
    assert describe_verbs(VERBS) == (
        "  build        print resources\n  create NAME  write a file (also: init, new)\n"
    )
