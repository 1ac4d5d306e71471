"""A build that needs details of nodes runs twice, which only its result shows."""

import pytest

from kmanifest import Command, KmanifestError, Limits, MemoryCache, Options, build
from kmanifest.model.errors import SourceError

FUNCTION = """
apiVersion: example.com/v1
kind: Generate
metadata:
  name: f
  annotations: {config.kubernetes.io/function: 'exec: {path: ./f}'}
"""
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: made}, spec: {port: %s}}"
PATCH = """
- patch: |
    apiVersion: v1
    kind: Service
    metadata: {name: made}
    spec: {port: 8080}
"""


def files(port: str, kustomization: str = "") -> dict[str, str]:
    return {
        "kustomization.yaml": f"resources: [base]\npatches:{PATCH}{kustomization}",
        "base/kustomization.yaml": "resources: [all.yaml]\nnamePrefix: ''",
        "base/all.yaml": SERVICE % port,
    }


def port_of(rendered) -> object:
    return rendered.to_dicts()[0]["spec"]["port"]


@pytest.mark.parametrize(("written", "expected"), [("http", 8080), ('"http"', "8080"), ("1", 8080)])
def test_quotes_of_the_file_decide_the_type(written: str, expected: object):
    assert port_of(build(tree=files(written))) == expected


def test_a_shared_cache_keeps_no_details():
    cache = MemoryCache()
    for _ in range(2):
        assert port_of(build(tree=files('"http"'), cache=cache)) == "8080"
        rendered = build("base", tree=files('"http"'), cache=cache)
        assert type(rendered.read_only_resources[0].body["spec"]["port"]) is str


def test_findings_and_changes_are_reported_once():
    tree = files('"http"', "images: [{name: unknown, newTag: '1'}]\nnamePrefix: a-\n")
    changes: list[object] = []
    rendered = build(tree=tree, on_change=changes.append)
    plain_changes: list[object] = []
    plain = build(
        tree=files("http", tree["kustomization.yaml"].split(PATCH)[1]),
        on_change=plain_changes.append,
    )
    assert [finding.message for finding in rendered.findings] == ["no image is called 'unknown'"]
    assert rendered.findings == plain.findings
    assert len(changes) == len(plain_changes) > 1


def test_executables_run_once():
    class Runner:
        def __init__(self) -> None:
            self.commands: list[Command] = []

        def kind(self, path: str) -> str:
            return "executable" if path else "missing"

        def run(self, command: Command) -> bytes:
            self.commands.append(command)
            return (SERVICE % '"http"').encode()

    runner = Runner()
    tree = {
        "kustomization.yaml": f"generators: [f.yaml]\npatches:{PATCH}",
        "f.yaml": FUNCTION,
        "f": "#!/bin/sh",
    }
    options = Options(enable_plugins=True, allow_exec=True)
    rendered = build(tree=tree, options=options, runner=runner)  # type: ignore[arg-type]  # `kind` returns any str
    assert port_of(rendered) == "8080"
    assert len(runner.commands) == 1


def test_input_is_counted_once():
    tree = files('"http"')
    size = sum(map(len, tree.values()))
    limits = Limits(max_total_input=size + 10)
    assert port_of(build(tree=tree, options=Options(limits=limits))) == "8080"


def replacement(value: str, labels: str = "") -> dict[str, str]:
    return {
        "kustomization.yaml": f"resources: [base]\n{labels}",
        "base/kustomization.yaml": f"""
resources: [all.yaml]
replacements:
- sourceValue: {value}
  targets: [{{select: {{kind: Service}}, fieldPaths: [metadata.labels.v]}}]
""",
        "base/all.yaml": "{apiVersion: v1, kind: Service, metadata: {name: made, labels: {v: true}}}",
    }


def test_a_text_of_another_type_is_an_error_with_the_location_of_the_step():
    with pytest.raises(KmanifestError) as caught:
        build(tree=replacement("word"))
    assert type(caught.value) is SourceError
    assert str(caught.value) == (
        "base/kustomization.yaml:5:52: replacements.0.targets.0.fieldPaths.0: !!str `word` is not a !!bool"
    )


def test_a_text_of_another_type_may_be_overwritten():
    rendered = build(tree=replacement("word", "labels: [{pairs: {v: '2'}}]"))
    assert rendered.to_dicts()[0]["metadata"]["labels"] == {"v": "2"}
