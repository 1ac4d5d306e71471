"""`kmanifest values`: the values of one environment, of all of them, and the difference of two."""

import json
import subprocess
from pathlib import Path

import pytest

from kmanifest.yaml import load_values
from tests.commands import Runner
from tests.test_environments_command import write

ROWS = "dev/eu, prod/eu, prod/us"
SHOP = {
    "shop/kmanifest.yaml": """\
environments:
  axes: {env: [dev, prod], region: [eu, us]}
  exclude: [{env: dev, region: us}]
values:
- values.yaml
- file: env/{env}.yaml?
  lists: {tenants: {by: name}}
- region/{region}.yaml?
resources: []
""",
    "shop/values.yaml": """\
web:
  replicas: 1
  tag: v1
ports: [80]
tenants:
- name: a
  size: 1
labels: {}
note: ""
""",
    "shop/env/prod.yaml": """\
web:
  replicas: 5
tenants:
- name: a
  size: 3
- name: b
  size: 2
labels:
  example.com/tier: "1"
note: |
  two
  lines
""",
    "shop/region/us.yaml": 'ports: [80, 443]\nlabels: {zone: "a, b"}\n',
}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, SHOP)


PROD_US = r"""
web.replicas: 5              # shop/env/prod.yaml:2
web.tag: v1                  # shop/values.yaml:3
ports: [80, 443]             # shop/region/us.yaml:1
tenants.0.name: a            # shop/env/prod.yaml:4
tenants.0.size: 3            # shop/env/prod.yaml:5
tenants.1.name: b            # shop/env/prod.yaml:6
tenants.1.size: 2            # shop/env/prod.yaml:7
labels."example.com/tier": "1"  # shop/env/prod.yaml:9
labels.zone: a, b            # shop/region/us.yaml:2
note: "two\nlines\n"         # shop/env/prod.yaml:10
"""


def test_values_have_their_file_and_line(project: Path, run: Runner):
    outcome = run("values", "shop/prod/us")
    assert (outcome.code, outcome.err) == (0, "")
    # The column is where the longest line ends.
    assert [line.split() for line in outcome.out.splitlines()] == [
        line.split() for line in PROD_US.strip().splitlines()
    ]
    assert len({line.rindex("#") for line in outcome.out.splitlines()}) == 1
    assert run("values", "shop", "--environment", "env=prod,region=us") == outcome


def test_a_part_of_the_values(project: Path, run: Runner):
    assert run("values", "shop/prod/us", "web").out == (
        "web.replicas: 5  # shop/env/prod.yaml:2\nweb.tag: v1      # shop/values.yaml:3\n"
    )
    assert run("values", "shop/prod/us", ".web.replicas").out == (
        "web.replicas: 5  # shop/env/prod.yaml:2\n"
    )
    assert run("values", "shop/prod/us", "tenants.1.size").out == (
        "tenants.1.size: 2  # shop/env/prod.yaml:7\n"
    )
    assert run("values", "shop/dev/eu", "labels").out == "labels: {}  # shop/values.yaml:8\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shop",), f"shop/kmanifest.yaml: choose an environment: {ROWS}"),
        (
            ("shop/prod/eu", "web.replcas"),
            "there is no value web.replcas (did you mean .web.replicas?)",
        ),
        (
            ("shop", "web.replcas", "--all"),
            "there is no value web.replcas (did you mean .web.replicas?)",
        ),
        (
            ("shop", "--compare", "prod/eu,prod/su"),
            f"shop/kmanifest.yaml: no environment is called 'prod/su'; the environments are {ROWS} "
            "(environment prod/su) (did you mean prod/us or prod/eu?)",
        ),
        (
            ("shop/env",),
            "shop/env/kmanifest.yaml: no such file or directory: 'shop/env/kmanifest.yaml'",
        ),
    ],
)
def test_errors(project: Path, run: Runner, arguments: tuple[str, ...], message: str):
    assert run("values", *arguments) == (1, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shop", "a", "b"), "usage: kmanifest values [DIR] [KEY]"),
        (("shop", "--all", "--compare", "a,b"), "--all and --compare exclude each other"),
        (("shop", "--all", "--environment", "a"), "--all and --environment exclude each other"),
        (("shop", "--every-key"), "--every-key is for --all"),
        (
            ("shop", "--compare", "prod/eu"),
            "--compare prod/eu: expected two environments, as prod/eu,prod/us",
        ),
        (
            ("shop/prod/eu", "--all"),
            "--all is for shop, and shop/prod/eu is one of its environments",
        ),
        (("shop", "-o", "xml"), "illegal flag value --output xml; legal values: text, yaml, json"),
    ],
)
def test_wrong_usage(project: Path, run: Runner, arguments: tuple[str, ...], message: str):
    assert run("values", *arguments) == (2, "", f"error: {message}\n")


def test_machine_forms_are_the_values(project: Path, run: Runner):
    expected = {
        "web": {"replicas": 1, "tag": "v1"},
        "ports": [80],
        "tenants": [{"name": "a", "size": 1}],
        "labels": {},
        "note": "",
    }
    assert json.loads(run("values", "shop/dev/eu", "-o", "json").out) == expected
    assert load_values(run("values", "shop/dev/eu", "-o", "yaml").out.encode()) == expected
    assert run("values", "shop/dev/eu", "web.replicas", "-o", "json").out == "1\n"
    every = json.loads(run("values", "shop", "web.replicas", "--all", "-o", "json").out)
    assert every == {"dev/eu": 1, "prod/eu": 5, "prod/us": 5}


def test_the_table_has_the_keys_that_differ(project: Path, run: Runner):
    write(project, {"shop/env/prod.yaml": "web: {replicas: 5}\nlabels: {tier: a}\n"})
    assert run("values", "shop", "--all").out == (
        "KEY           dev/eu  prod/eu  prod/us\n"
        "web.replicas  1       5        5\n"
        "ports         [80]    [80]     [80, 443]\n"
        "labels        {}      -        -\n"
        "labels.tier   -       a        a\n"
        "labels.zone   -       -        a, b\n"
    )
    assert run("values", "shop", "web", "--all", "--every-key").out == (
        "KEY           dev/eu  prod/eu  prod/us\n"
        "web.replicas  1       5        5\n"
        "web.tag       v1      v1       v1\n"
    )
    assert run("values", "shop", "web.tag", "--all") == (0, "", "")
    # A part of an open mapping may be in some environments only.
    assert run("values", "shop", "labels.zone", "--all").out == (
        "KEY          dev/eu  prod/eu  prod/us\nlabels.zone  -       -        a, b\n"
    )


def test_two_environments_are_compared(project: Path, run: Runner):
    assert run("values", "shop", "--compare", "prod/eu,prod/us").out == (
        "ports\n"
        "  prod/eu  [80]       # shop/values.yaml:4\n"
        "  prod/us  [80, 443]  # shop/region/us.yaml:1\n"
        "labels.zone\n"
        "  prod/eu  -     # not set\n"
        "  prod/us  a, b  # shop/region/us.yaml:2\n"
    )
    differences = run("values", "shop", "labels", "--compare", "prod/eu,prod/us", "-o", "json").out
    assert json.loads(differences) == [
        {
            "key": "labels.zone",
            "environments": {
                "prod/eu": None,
                "prod/us": {"value": "a, b", "file": "shop/region/us.yaml", "line": 2},
            },
        }
    ]


def test_a_fault_of_one_environment_names_it(project: Path, run: Runner):
    write(project, {"shop/region/us.yaml": "prots: [1]\n"})
    outcome = run("values", "shop", "--all")
    assert outcome.code == 1
    assert outcome.err == (
        "error: shop/region/us.yaml:1:1: prots: not declared in values.yaml (environment prod/us) "
        "(did you mean ports?)\n"
    )


def test_the_values_of_a_commit(project: Path, run: Runner):
    (project / ".git").rmdir()
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "a")):
        subprocess.run(["git", *arguments], check=True, cwd=project)
    write(project, {"shop/env/prod.yaml": "web: {replicas: 9}\n"})
    assert run("values", "shop/prod/eu", "web.replicas", "--rev", "HEAD").out == (
        "web.replicas: 5  # shop/env/prod.yaml:2\n"
    )


def test_the_environment_of_a_settings_file(project: Path, run: Runner):
    write(project, {"kmanifest.toml": 'environment = "prod/us"\n'})
    assert run("values", "shop", "web.replicas", "-o", "yaml").out == "5\n"
    assert run("values", "shop", "--all").code == 0


def test_control_characters_are_escaped(project: Path, run: Runner):
    write(project, {"a/kmanifest.yaml": 'values: [{"a\\u001bb": "c\\u0085d"}]\nresources: []\n'})
    outcome = run("values", "a")
    assert outcome.code == 0
    assert outcome.out.rstrip("\n").isprintable()
