"""The flags of `helm template` and `build CHART` that Helm does not have: seed and time, and reports about values."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kmanifest.cli.main import main

FILES = {
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "shop/values.yaml": "replicaCount: 1\nimage: {tag: a}\n",
    "shop/values.schema.json": '{"properties": {"replicaCount": {"type": "integer"}}}',
    "shop/templates/a.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data:
  n: "{{ .Values.replicaCount }}"
  tag: {{ .Values.image.tag }}
  password: {{ randAlphaNum 12 }}
  later: {{ if eq .Release.Name "x" }}{{ .Values.later }}{{ end }}
  at: "{{ now | date "2006-01-02 15:04" }}"
""",
    "plain/kustomization.yaml": "resources: []\nconfigMapGenerator: [{name: a}]\n",
    "prod.yaml": "# production\nreplicas: 3\nimage:\n  tag: b\n",
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    return run_command


REPRODUCIBLE = ("--seed", "s", "--now", "2026-01-31T12:00:00+01:00")


@pytest.mark.parametrize("verb", [("helm", "template", "shop"), ("build", "shop")])
def test_a_seed_and_a_time_make_a_render_reproducible(run: Run, verb: tuple[str, ...]):
    code, first, errors = run(*verb, *REPRODUCIBLE)
    assert (code, errors) == (0, "")
    assert 'at: "2026-01-31 11:00"' in first
    assert run(*verb, *REPRODUCIBLE)[1] == first
    assert run(*verb, "--seed", "s", "--now", "1769857200")[1] == first
    assert run(*verb, "--seed", "t", "--now", "1769857200")[1] != first


def test_both_verbs_have_the_same_output_for_one_seed(run: Run):
    _, by_helm, _ = run("helm", "template", "shop", *REPRODUCIBLE)
    assert run("build", "shop", *REPRODUCIBLE)[1] == by_helm


def test_releases_with_one_seed_do_not_share_passwords(run: Run):
    texts = [
        run("helm", "template", *release, "shop", *REPRODUCIBLE)[1]
        for release in (("a",), ("b",), ("-n", "x", "a"))
    ]
    passwords = {line for text in texts for line in text.splitlines() if "password" in line}
    assert len(passwords) == 3


def test_charts_of_a_kustomization_have_the_seed_and_the_time(run: Run, tmp_path: Path):
    (tmp_path / "charts").mkdir()
    (tmp_path / "shop").rename(tmp_path / "charts" / "shop")
    (tmp_path / "kustomization.yaml").write_text("helmCharts: [{name: shop, releaseName: a}]\n")
    code, first, errors = run("build", ".", "--enable-helm", "--show-impure", *REPRODUCIBLE)
    assert code == 0
    assert "at: 2026-01-31 11:00" in first
    assert run("build", ".", "--enable-helm", *REPRODUCIBLE) == (0, first, "")
    assert errors.splitlines() == IMPURE


IMPURE = [
    f"info: shop/templates/a.yaml:{place} may return a different result in each render"
    for place in ("7:16: randAlphaNum", "9:11: now", "9:17: date")
]


@pytest.mark.parametrize("verb", [("helm", "template", "shop"), ("build", "shop")])
def test_impure_calls_are_reported(run: Run, verb: tuple[str, ...]):
    code, _, errors = run(*verb, "--show-impure")
    assert code == 0
    assert errors.splitlines() == IMPURE


UNUSED = [
    "prod.yaml:2:1: replicas: no template reads it (did you mean replicaCount?)",
    "--set: image.tags: no template reads it (did you mean tag?)",
]
UNUSED_VALUES_ARGUMENTS = ("-f", "prod.yaml", "--set", "image.tags=x", "--unused-values")


@pytest.mark.parametrize("verb", [("helm", "template", "shop"), ("build", "shop")])
def test_unused_values_are_reported(run: Run, verb: tuple[str, ...]):
    code, text, errors = run(*verb, *UNUSED_VALUES_ARGUMENTS)
    assert code == 0
    assert "tag: b" in text
    assert errors.splitlines() == [f"info: {line}" for line in UNUSED]


def test_unused_values_are_an_error_in_a_strict_build(run: Run):
    code, text, errors = run("build", "shop", *UNUSED_VALUES_ARGUMENTS, "--strict")
    assert (code, text) == (1, "")
    assert errors.splitlines() == [f"error: {line}" for line in UNUSED]
    assert run("build", "shop", "--set", "image.tag=x", "--unused-values", "--strict")[0] == 0


def test_values_behind_a_false_condition_are_not_an_error(run: Run):
    code, _, errors = run("build", "shop", "--set", "later=x", "--unused-values", "--strict")
    assert (code, errors) == (0, "info: --set: later: no template read it in this render\n")


def test_values_of_a_pipe_have_their_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with (tmp_path / "prod.yaml").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        _, _, errors = run("helm", "template", "shop", "-f", "-", "--unused-values")
    assert errors == f"info: {UNUSED[0].replace('prod.yaml', '-')}\n"


SCHEMA = """\
Error: values don't meet the specifications of the schema(s) in the following chart(s):
shop:
- at '/replicaCount': got string, want integer

"""


def test_errors_show_where_a_value_was_set_only_with_debug_or_on_a_terminal(run: Run):
    arguments = ("helm", "template", "shop", "-f", "prod.yaml", "--set-string", "replicaCount=3")
    assert run(*arguments) == (1, "", SCHEMA)
    told = "values: replicaCount is set by --set-string\n"
    assert run(*arguments, "--debug") == (1, "", SCHEMA + told)


def test_an_error_of_a_template_shows_where_its_value_was_set(run: Run, tmp_path: Path):
    (tmp_path / "prod.yaml").write_text("image:\n")
    arguments = ("shop", "-f", "prod.yaml")
    problem = (
        'template: shop/templates/a.yaml:6:17: executing "shop/templates/a.yaml" at <.Values.image.tag>: '
        "nil pointer evaluating interface {}.tag"
    )
    _, _, errors = run("helm", "template", *arguments, "--debug")
    assert errors == f"Error: {problem}\nvalues: image is set by prod.yaml:1:1\n"
    assert run("build", *arguments) == (1, "", f"error: prod.yaml:1:1: image: {problem}\n")
    (tmp_path / "shop" / "values.yaml").write_text("replicaCount: 1\nimage:\n")
    _, _, errors = run("helm", "template", "shop", "--debug")
    assert errors == f"Error: {problem}\nvalues: image is set by shop/values.yaml:2:1\n"
    assert run("build", "shop") == (1, "", f"error: {problem}\n")


def test_a_warning_about_tables_shows_where_the_value_was_set(run: Run):
    arguments = (
        "helm",
        "template",
        "shop",
        "--skip-schema-validation",
        "--set",
        "replicaCount.a=1",
    )
    warning = "coalesce.go:237: warning: skipped value for shop.replicaCount: Not a table.\n"
    assert set(run(*arguments)[2].splitlines(keepends=True)) == {warning}
    _, _, errors = run(*arguments, "--debug")
    assert errors.startswith(f"{warning}values: replicaCount is set by --set\n")


@pytest.mark.parametrize(
    ("verb", "code", "word"),
    [(("helm", "template", "shop"), 1, "Error"), (("build", "shop"), 2, "error")],
)
def test_an_invalid_time(run: Run, verb: tuple[str, ...], code: int, word: str):
    problem = "is neither a time such as 2026-01-31T12:00:00Z nor seconds since 1970"
    assert run(*verb, "--now", "noon") == (
        code, "", f"{word}: illegal flag value --now: 'noon' {problem}\n",
    )  # fmt: skip


def test_a_flag_for_charts_is_noted_for_a_kustomization(run: Run):
    code, _, errors = run("build", "plain", "--set", "a=b", "--namespace", "x")
    assert code == 0
    assert errors.splitlines() == [
        "note: --set is not used: plain is a kustomization",
        "note: --namespace is not used: plain is a kustomization",
    ]


def test_the_version_flag_does_not_take_the_version_of_a_chart(run: Run):
    code, text, errors = run("build", "shop", "--version", "1.2.0")
    assert (code, text) == (2, "")
    assert errors == "error: --version prints the version of kmanifest, it takes no arguments\n"
