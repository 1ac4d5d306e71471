"""`kmanifest build` for a kmanifest.yaml: the choice of an environment, all of them, values, JSON and stdin."""

import io
import json
import math
import os
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from kmanifest import api
from kmanifest.cli.json_output import list_chunks
from kmanifest.model.errors import SourceError
from kmanifest.model.resource import Origin, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.rendered import Rendered
from tests.commands import Runner

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")
SHOP = {
    "shop/kmanifest.yaml": """\
environments:
  axes: {env: [dev, prod], region: [eu, us]}
  exclude: [{env: dev, region: us}]
values: [values.yaml, "env/{env}.yaml?"]
namespace: shop-{env}
namePrefix: "{region}-"
resources: [base]
replacements:
- source: {kind: Values, fieldPath: values.web.replicas}
  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]
""",
    "shop/values.yaml": "web: {replicas: 1, tag: v1}\n",
    "shop/env/prod.yaml": "web: {replicas: 5}\n",
    "shop/base/kustomization.yaml": "resources: [web.yaml]\n",
    "shop/base/web.yaml": "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0}}\n",
    "plain/kustomization.yaml": "resources: [map.yaml]\n",
    "plain/map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {é: '1 < 2'}}\n",
}
ROWS = "dev/eu, prod/eu, prod/us"


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capfd)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a shop of three environments, and a plain kustomization."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, SHOP)


def printed(env: str, region: str, replicas: int) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {region}-web
  namespace: shop-{env}
spec:
  replicas: {replicas}
"""


def files_below(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


# --- the choice of an environment -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("shop", "--environment", "prod/us"),
        ("shop", "--environment=env=prod,region=us"),
        ("shop", "--environment=region=us,env=prod"),
        ("shop/prod/us",),
        ("./shop/prod/us/",),
    ],
)
def test_an_environment_is_chosen(project: Path, run: Runner, arguments: tuple[str, ...]):
    assert run("build", *arguments) == (0, printed("prod", "us", 5), "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shop",), f"shop/kmanifest.yaml: choose an environment: {ROWS}"),
        (
            ("shop", "--environment", "prod/ue"),
            f"shop/kmanifest.yaml: no environment is called 'prod/ue'; the environments are {ROWS} (did you mean prod/us or prod/eu?)",
        ),
        (
            ("shop/prot/eu",),
            f"shop/kmanifest.yaml: no environment is called 'prot/eu'; the environments are {ROWS} (did you mean prod/eu or prod/us?)",
        ),
        (
            ("shop", "--environment", "dev/us"),
            f"shop/kmanifest.yaml:3:13: environments.exclude.0: 'dev/us' is excluded; the environments are {ROWS} (did you mean dev/eu or prod/us?)",
        ),
        (
            ("shop", "--environment", "env=prod,regio=eu"),
            "shop/kmanifest.yaml: no axis is called 'regio'; the axes are env, region (did you mean region?)",
        ),
        (
            ("shop", "--environment", "prod"),
            f"shop/kmanifest.yaml: 'prod' does not have the form ENV/REGION; the environments are {ROWS} (did you mean prod/us or prod/eu?)",
        ),
    ],
)
def test_a_wrong_environment_lists_all(
    project: Path, run: Runner, arguments: tuple[str, ...], message: str
):
    assert run("build", *arguments) == (1, "", f"error: {message}\n")


def test_environment_needs_a_definition(project: Path, run: Runner):
    message = "error: --{}: plain has no kmanifest.yaml, so it has no environments\n"
    outcome = run("build", "plain", "--environment", "prod")
    assert outcome == (2, "", message.format("environment"))
    assert run("build", "plain", "--all", "-o", "out") == (2, "", message.format("all"))


def test_the_environment_of_a_settings_file_is_for_a_definition_only(project: Path, run: Runner):
    write(project, {"kmanifest.toml": 'environment = "prod/eu"\n'})
    assert run("build", "shop").out == printed("prod", "eu", 5)
    assert run("build", "plain").code == 0


def test_two_markers_need_an_engine(project: Path, run: Runner):
    write(project, {"shop/kustomization.yaml": "resources: [base]\n"})
    markers = "found kustomization.yaml and kmanifest.yaml: only one of them may be here"
    outcome = run("build", "shop", "--environment", "prod/eu")
    message = f"error: shop: {markers}, unless --engine chooses kustomize or environment\n"
    assert outcome == (1, "", message)
    outcome = run("build", "shop", "--engine", "environment", "--environment", "prod/eu")
    assert outcome.out == printed("prod", "eu", 5)
    assert "replicas: 0" in run("build", "shop", "--engine", "kustomize").out
    assert run("build", "shop", "--engine=kustomize", "--environment=prod/eu").code == 2


def test_an_unknown_engine_is_wrong_usage(project: Path, run: Runner):
    engines = "kustomize, helm, jsonnet, jinja, flux, environment"
    message = f"error: illegal flag value --engine kustomise; legal values: {engines}\n"
    outcome = run("build", "shop", "--engine", "kustomise", "--installed-plugins=false")
    assert outcome == (2, "", message)


def test_a_directory_wins_over_an_environment_of_its_name(project: Path, run: Runner):
    write(project, {"shop/prod/eu/kustomization.yaml": "resources: [../../base]\n"})
    assert "replicas: 0" in run("build", "shop/prod/eu").out
    assert run("build", "shop", "--environment", "prod/eu").out == printed("prod", "eu", 5)


def test_an_environment_of_a_commit(project: Path, run: Runner):
    (project / ".git").rmdir()
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "a")):
        subprocess.run(["git", *arguments], check=True, cwd=project)
    write(project, {"shop/env/prod.yaml": "web: {replicas: 9}\n"})
    expected = printed("prod", "eu", 5)
    assert run("build", "shop/prod/eu", "--rev", "HEAD").out == expected
    assert run("build", "shop", "--environment=prod/eu", "--rev=HEAD").out == expected
    assert run("build", "shop", "--environment=prod/eu").out == printed("prod", "eu", 9)
    assert run("build", "shop", "--all", "-o", "out", "--rev", "HEAD").code == 0
    assert (project / "out/prod/eu/apps_v1_deployment_eu-web.yaml").read_text() == expected
    assert run("build", "plain", "--environment=prod/eu", "--rev=HEAD").code == 2


# --- all environments -------------------------------------------------------------------------------------------------


def test_all_environments_are_written(project: Path, run: Runner):
    assert run("build", "shop", "--all", "-o", "out") == (0, "", "")
    assert files_below(project / "out") == [
        "dev",
        "dev/eu",
        "dev/eu/apps_v1_deployment_eu-web.yaml",
        "prod",
        "prod/eu",
        "prod/eu/apps_v1_deployment_eu-web.yaml",
        "prod/us",
        "prod/us/apps_v1_deployment_us-web.yaml",
    ]
    for env, region, replicas in (("dev", "eu", 1), ("prod", "eu", 5), ("prod", "us", 5)):
        file = project / f"out/{env}/{region}/apps_v1_deployment_{region}-web.yaml"
        assert file.read_text() == printed(env, region, replicas)


def test_all_again_replaces_files_and_keeps_others(project: Path, run: Runner):
    write(project, {"out/prod/eu/note.txt": "x", "out/prod/eu/apps_v1_deployment_eu-web.yaml": "x"})
    assert run("build", "shop", "--all", "-o", "out", "--output-format", "json").code == 0
    assert files_below(project / "out/prod/eu") == [
        "apps_v1_deployment_eu-web.json",
        "apps_v1_deployment_eu-web.yaml",
        "note.txt",
    ]
    assert run("build", "shop", "--all", "-o", "out").code == 0
    file = project / "out/prod/eu/apps_v1_deployment_eu-web.yaml"
    assert file.read_text() == printed("prod", "eu", 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all",), "--all writes a directory for each environment: add -o DIR"),
        (
            ("--all", "-o", "out", "--environment", "prod/eu"),
            "--all and --environment exclude each other",
        ),
    ],
)
def test_wrong_usage_of_all(project: Path, run: Runner, arguments: tuple[str, ...], message: str):
    assert run("build", "shop", *arguments) == (2, "", f"error: {message}\n")


def test_all_has_no_environment_in_the_path(project: Path, run: Runner):
    message = "--all is for shop, and shop/prod/eu is one of its environments"
    outcome = run("build", "shop/prod/eu", "--all", "-o", "out")
    assert outcome == (2, "", f"error: {message}\n")


def test_all_is_stronger_than_the_environment_of_a_settings_file(project: Path, run: Runner):
    write(project, {"kmanifest.toml": 'environment = "prod/eu"\n'})
    assert run("build", "shop", "--all", "-o", "out").code == 0
    assert (project / "out/dev/eu").is_dir()


def test_the_first_error_ends_the_command_and_names_its_environment(project: Path, run: Runner):
    write(project, {"shop/env/prod.yaml": "web: {replcas: 5}\n"})
    outcome = run("build", "shop", "--all", "-o", "out")
    assert outcome.code == 1
    assert outcome.err == (
        "error: shop/env/prod.yaml:1:7: web.replcas: not declared in values.yaml "
        "(environment prod/eu) (did you mean replicas?)\n"
    )
    assert files_below(project / "out") == [
        "dev",
        "dev/eu",
        "dev/eu/apps_v1_deployment_eu-web.yaml",
    ]


def test_findings_name_their_environments(project: Path, run: Runner):
    file = project / "shop/kmanifest.yaml"
    only_prod = "resources: [base, {path: old, when: {env: prod}}]"
    file.write_text(file.read_text().replace("resources: [base]", only_prod))
    write(
        project,
        {
            "shop/old/kustomization.yaml": "bases: [maps]\n",
            "shop/old/maps/kustomization.yaml": "configMapGenerator: [{name: a, literals: [a=1]}]\n",
        },
    )
    outcome = run("build", "shop", "--all", "-o", "out")
    assert outcome.code == 0
    (line,) = outcome.err.splitlines()
    assert "'bases' is deprecated" in line
    assert line.endswith(" (environments prod/eu, prod/us)")
    assert run("build", "shop", "--all", "-o", "out", "-q") == (0, "", "")


@POSIX
def test_all_follows_no_link_below_the_directory(project: Path, run: Runner):
    (project / "elsewhere").mkdir()
    (project / "out").mkdir()
    (project / "out/prod").symlink_to(project / "elsewhere")
    outcome = run("build", "shop", "--all", "-o", "out")
    assert outcome.code == 1
    message = "can't write into out/prod/eu: out/prod is a link (environment prod/eu)"
    assert outcome.err == f"error: {message}\n"
    assert files_below(project / "elsewhere") == []


@POSIX
def test_a_directory_that_can_not_be_written_is_not_half_there(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    outcome = run("build", "shop", "--all", "-o", "out")
    message = "can't write into out/dev/eu: No space left on device (environment dev/eu)"
    assert (outcome.code, outcome.err) == (1, f"error: {message}\n")
    assert files_below(project / "out") == ["dev"]


def test_environments_that_are_one_directory_elsewhere_are_refused(project: Path, run: Runner):
    write(
        project,
        {"a/kmanifest.yaml": "environments: {axes: {env: [prod, Prod]}}\nresources: []\n"},
    )
    outcome = run("build", "a", "--all", "-o", "out")
    message = "a/kmanifest.yaml: prod and Prod would be written to one directory"
    assert (outcome.code, outcome.err) == (1, f"error: {message}\n")


def test_a_definition_without_environments_is_written_to_the_directory_itself(
    project: Path, run: Runner
):
    write(project, {"a/kmanifest.yaml": "resources: [../plain]\n"})
    assert run("build", "a", "--all", "-o", "out").code == 0
    assert files_below(project / "out") == ["v1_configmap_map.yaml"]


# --- values from the command line -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--set", "--set-string", "--set-json", "--values"])
def test_values_are_refused(project: Path, run: Runner, flag: str):
    outcome = run("build", "shop/prod/eu", flag, "web.replicas=3")
    message = (
        f"{flag}: the values of shop/prod/eu are those in the files that its kmanifest.yaml names; "
        "--allow-set allows others"
    )
    assert outcome == (2, "", f"error: {message}\n")


def test_values_are_allowed_and_then_a_finding(project: Path, run: Runner):
    outcome = run("build", "shop/prod/eu", "--allow-set", "--set", "web.replicas=3")
    assert outcome == (0, printed("prod", "eu", 3), "the values of --set are in no file\n")
    write(project, {"more.yaml": "web: {replicas: 4}\n"})
    outcome = run("build", "shop/prod/eu", "--allow-set", "-f", "more.yaml")
    assert outcome.out == printed("prod", "eu", 4)


def test_values_on_the_command_line_are_checked(project: Path, run: Runner):
    outcome = run("build", "shop/prod/eu", "--allow-set", "--set", "web.replcas=3")
    assert outcome.code == 1
    assert "--set: web.replcas: not declared in values.yaml (did you mean replicas?)" in outcome.err


def test_a_project_can_not_allow_values(project: Path, run: Runner):
    write(project, {"kmanifest.toml": "[build]\nallow-set = true\n"})
    outcome = run("build", "shop/prod/eu")
    assert outcome.code == 2
    assert "a file of the project can't set this" in outcome.err


def test_chart_flags_are_not_used(project: Path, run: Runner):
    outcome = run("build", "shop/prod/eu", "--namespace", "x")
    assert outcome.out == printed("prod", "eu", 5)
    reason = "the entries of a kmanifest.yaml set it for charts"
    assert outcome.err == f"note: --namespace is not used: {reason}\n"


# --- JSON -------------------------------------------------------------------------------------------------------------

MAP = """\
{
  "apiVersion": "v1",
  "data": {
    "é": "1 < 2"
  },
  "kind": "ConfigMap",
  "metadata": {
    "name": "map"
  }
}
"""


def test_json_is_a_list(project: Path, run: Runner):
    expected = {"apiVersion": "v1", "items": [json.loads(MAP)], "kind": "List"}
    text = json.dumps(expected, indent=2, ensure_ascii=False) + "\n"
    assert run("build", "plain", "--output-format", "json") == (0, text, "")
    assert run("build", "plain", "--output-format", "json", "-o", "map.json").code == 0
    assert (project / "map.json").read_text() == text


def test_json_in_a_directory_is_a_file_for_each_resource(project: Path, run: Runner):
    (project / "out").mkdir()
    assert run("build", "plain", "--output-format", "json", "-o", "out") == (0, "", "")
    assert (project / "out/v1_configmap_map.json").read_text() == MAP
    assert files_below(project / "out") == ["v1_configmap_map.json"]


def test_json_without_resources(project: Path, run: Runner):
    write(project, {"a/kmanifest.yaml": "resources: []\n"})
    outcome = run("build", "a", "--output-format", "json")
    assert json.loads(outcome.out) == {"apiVersion": "v1", "items": [], "kind": "List"}


def test_json_has_the_values_of_yaml(project: Path, run: Runner):
    content = "{kind: X, metadata: {name: x}, a: 0x1F, b: 1e3, c: 1.50, d: 2020-01-01, e: ~, 1: yes, f: '\\t'}"
    write(project, {"x/kustomization.yaml": "resources: [x.yaml]\n", "x/x.yaml": content})
    (item,) = json.loads(run("build", "x", "--output-format", "json").out)["items"]
    assert item["a"] == 31
    assert item["b"] == 1000
    assert item["c"] == 1.5
    assert (item["d"], item["e"], item["1"], item["f"]) == (
        "2020-01-01T00:00:00Z",
        None,
        "yes",
        "\\t",
    )


def test_json_has_no_infinite_numbers():
    resource = Resource({"kind": "X", "metadata": {"name": "x"}, "a": math.inf}, Origin("x.yaml"))
    with pytest.raises(SourceError, match=r"^x\.yaml: X/x can't be printed as JSON: Out of range"):
        list_chunks(Rendered(ResourceMap([resource])))


def test_json_of_a_chart(project: Path, run: Runner):
    write(
        project,
        {
            "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "chart/templates/a.yaml": SHOP["plain/map.yaml"],
        },
    )
    outcome = run("build", "chart", "--output-format", "json")
    assert json.loads(outcome.out)["items"] == [json.loads(MAP)]


def test_an_unknown_format_is_wrong_usage(project: Path, run: Runner):
    outcome = run("build", "plain", "--output-format", "xml")
    message = "illegal flag value --output-format xml; legal values: yaml, json"
    assert outcome == (2, "", f"error: {message}\n")


# --- stdin ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> "TypeIn":
    return TypeIn(monkeypatch)


class TypeIn:
    """Sets what the command reads from stdin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, text: str) -> None:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_stdin_is_a_kustomization(
    project: Path, run: Runner, type_in: TypeIn, monkeypatch: pytest.MonkeyPatch
):
    type_in("resources: [plain]\nnamePrefix: my-\n")
    assert "name: my-map" in run("build", "-").out
    # The files of the current directory with such a name do not count.
    monkeypatch.chdir(project / "plain")
    write(project, {"plain/kmanifest.yaml": "x", "plain/kustomization.yml": "x"})
    type_in("resources: [map.yaml]\nnameSuffix: '-2'\n")
    assert "name: map-2" in run("build", "-").out


@pytest.mark.parametrize(
    "text",
    [
        SHOP["shop/kmanifest.yaml"],
        "kind: Build\nnamespace: shop-prod\nnamePrefix: us-\nresources: [base]\nreplicas: [{name: web, count: 5}]\n",
        "namespace: shop-prod\nnamePrefix: us-\nresources: [{path: base}]\nreplicas: [{name: web, count: 5}]\n",
    ],
)
def test_stdin_is_a_definition(
    project: Path, run: Runner, type_in: TypeIn, monkeypatch: pytest.MonkeyPatch, text: str
):
    monkeypatch.chdir(project / "shop")
    type_in(text)
    arguments = ("--environment", "prod/us") if "axes" in text else ()
    assert run("build", "-", *arguments) == (0, printed("prod", "us", 5), "")


def test_errors_in_stdin_are_located(project: Path, run: Runner, type_in: TypeIn):
    type_in("namePrefix: p-\nresources:\n- plan\n")
    outcome = run("build", "-")
    message = "-:3:3: resources.0: no such file or directory: 'plan' (did you mean plain?)"
    assert outcome == (1, "", f"error: {message}\n")
    type_in("a: [")
    assert run("build", "-").err.startswith("error: -:2:1: ")
    type_in("")
    assert run("build", "-").err.startswith("error: -: ")


def test_stdin_has_no_environments(project: Path, run: Runner, type_in: TypeIn):
    type_in("resources: [plain]\n")
    outcome = run("build", "-", "--environment", "prod")
    message = "--environment: stdin is a kustomization, so it has no environments"
    assert outcome == (2, "", f"error: {message}\n")
    assert run("build", "-", "--all", "-o", "out").err == "error: --all is for a local directory\n"


def test_stdin_has_the_environment_of_a_settings_file(project: Path, run: Runner, type_in: TypeIn):
    write(project, {"kmanifest.toml": 'environment = "prod/eu"\n'})
    type_in("resources: [plain]\n")
    assert run("build", "-").code == 0


def test_stdin_is_for_two_engines(project: Path, run: Runner, type_in: TypeIn):
    type_in("resources: [plain]\n")
    outcome = run("build", "-", "--engine", "helm")
    message = "--engine helm: stdin is for kustomize or environment"
    assert outcome == (2, "", f"error: {message}\n")
    assert run("build", "-", "--engine", "environment").code == 0


def test_stdin_is_bounded(project: Path, run: Runner, type_in: TypeIn):
    write(project, {"limits.toml": "max_input_file = 10\n"})
    type_in("resources: [plain]\n")
    outcome = run("build", "-", "--limits", "limits.toml")
    message = "stdin has more than 10 bytes (max_input_file)"
    assert outcome == (1, "", f"error: {message}\n")


def test_no_commit_has_stdin(project: Path, run: Runner, type_in: TypeIn):
    type_in("resources: [plain]\n")
    outcome = run("build", "-", "--rev", "HEAD")
    assert outcome == (2, "", "error: --rev is for a directory, not for stdin\n")


# --- the cost of many environments ------------------------------------------------------------------------------------


def test_no_result_is_kept(project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch):
    results: list[weakref.ref[object]] = []
    most_alive = 0
    build = api.run_build

    def run_build(*arguments: Any, **keywords: Any) -> _Result:
        nonlocal most_alive
        rendered = build(*arguments, **keywords)
        result = _Result(rendered.read_only_resources)
        results.append(weakref.ref(result))
        most_alive = max(most_alive, sum(each() is not None for each in results))
        return result

    monkeypatch.setattr(api, "run_build", run_build)
    assert run("build", "shop", "--all", "-o", "out") == (0, "", "")
    assert len(results) == 3
    assert most_alive <= 2


def test_the_deadline_is_that_of_all_together(
    project: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
):
    now = 0.0
    build = api.run_build

    def run_build(*arguments: Any, **keywords: Any) -> Rendered:
        nonlocal now
        now += 2
        return build(*arguments, **keywords)

    monkeypatch.setattr(api, "run_build", run_build)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    outcome = run("build", "shop", "--all", "-o", "out", "--deadline", "3")
    assert outcome.code == 1
    assert "(deadline)" in outcome.err
    assert outcome.err.endswith("(environment prod/eu)\n")
    assert files_below(project / "out")[:2] == ["dev", "dev/eu"]
    assert not (project / "out/prod").exists()


class _Result(Rendered):
    """A result that can be weakly referenced."""

    __slots__ = ("__weakref__",)
