"""Every finding and every error has a code and a form that JSON can represent."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

import kmanifest
from kmanifest import (
    FindingsError,
    HelmOptions,
    KmanifestError,
    KustomizeOptions,
    Limits,
    Location,
    MissingError,
    Options,
    Plugin,
    Rendered,
    Reproducible,
    SourceError,
    build,
    default_registry,
)
from kmanifest.helm import render_chart
from kmanifest.model import findings as codes
from kmanifest.model.errors import CancelledError
from kmanifest.model.findings import Finding
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.values import BlankKey
from kmanifest.plugin import Context
from tests.builds import Job, fixture_jobs

MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: $(UNUSABLE)}}"
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    "values.yaml": "a: 1",
    "templates/a.yaml": "a: {{ randAlpha 3 }}{{ if false }}{{ .Values.c }}{{ end }}",
}
ALL_CODES = {
    value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)
}
ERROR_CODES = {
    "limit-error",
    "missing-error",
    "plugin-error",
    "render-error",
    "source-error",
    "fetch-error",
}


def report_nothing_special(_: Context, __: Resource, ___: ResourceMap) -> Iterable[Finding]:
    yield Finding("warning", "first")
    yield Finding("warning", "second", code="")
    yield Finding("warning", "third", code="acme-owner")


def found(rendered: Rendered) -> list[tuple[str, str]]:
    return [(finding.code, finding.message.partition(" ")[0]) for finding in rendered.findings]


@pytest.mark.parametrize(
    ("fields", "options", "code"),
    [
        ("bases: []\nresources: [a.yaml]", Options(), "deprecated"),
        ("commonLabels: {a: b}\nresources: [a.yaml]", Options(), "deprecated"),
        ("resources: [a.yaml]\nsortOptions: {order: fifo}", Options(engines=(KustomizeOptions(reorder="none"),)), "overridden"),
        ("resources: [a.yaml]\nimages: [{name: x, newTag: '1'}]", Options(), "untouched"),
        ("resources: [a.yaml]\nvars: [{name: UNUSED, objref: {kind: ConfigMap, name: a, apiVersion: v1}}]", Options(), "unused-var"),
    ],
)  # fmt: skip
def test_kustomization(fields: str, options: Options, code: str):
    rendered = build(tree={"kustomization.yaml": fields, "a.yaml": MAP}, options=options)
    assert code in {finding.code for finding in rendered.findings}


def test_deprecation_keeps_its_message():
    (finding,) = build(
        tree={"kustomization.yaml": "commonLabels: {a: b}\nresources: [a.yaml]", "a.yaml": MAP}
    ).findings
    assert finding.message.startswith(
        "# Warning: 'commonLabels' is deprecated. Please use 'labels' instead."
    )
    assert (finding.location.file, finding.location.line) == ("kustomization.yaml", 1)


def test_plugins_may_choose_codes():
    registry = default_registry().with_plugins(
        [Plugin("validator", "acme.io/v1/Owner", report_nothing_special)]
    )
    files = {
        "kustomization.yaml": "validators: [v.yaml]",
        "v.yaml": "{apiVersion: acme.io/v1, kind: Owner, metadata: {name: o}}",
    }
    assert found(build(tree=files, registry=registry)) == [
        ("plugin", "first"),
        ("plugin", "second"),
        ("acme-owner", "third"),
    ]


def test_charts():
    options = Options(
        engines=(HelmOptions(values={"a": {"b": 1}, "c": 1, "d": 2}, unused_values=True),),
        reproducible=Reproducible(report=True),
    )
    expected = {"chart-warning", "impure", "unreached", "unused"}
    assert {finding.code for finding in build(tree=CHART, options=options).findings} == expected
    rendered = render_chart(
        "", tree=CHART, values={"a": {"b": 1}, "c": 1, "d": 2}, show_impure=True, unused_values=True
    )
    assert {finding.code for finding in rendered.findings} == expected


@pytest.mark.parametrize("job", fixture_jobs(), ids=lambda job: job.name)
def test_every_finding_has_a_known_code(job: Job):
    try:
        findings: list[Any] = [*job.build().findings]
    except KmanifestError as error:
        findings = [error]
    assert {finding.code for finding in findings} <= ALL_CODES | ERROR_CODES
    for finding in findings:
        assert json.loads(json.dumps(finding.as_dict())) == finding.as_dict()


# Dictionaries


def test_a_finding_as_a_dictionary():
    location = Location("a.yaml", 3, 5, ("images", 0, BlankKey("name")), 1)
    finding = Finding("info", "no image is called 'web'", location, "untouched", ("webb",))
    expected = {
        "code": "untouched",
        "message": "no image is called 'web'",
        "severity": "info",
        "file": "a.yaml",
        "line": 3,
        "column": 5,
        "field": ["images", 0, "name"],
        "near": ["webb"],
        "causes": [],
    }
    assert json.loads(json.dumps(finding.as_dict())) == finding.as_dict() == expected


def test_an_error_as_a_dictionary():
    cause = MissingError("no image", location=Location("a.yaml", 3), near=("b",))
    error = FindingsError(
        "no image", location=Location("a.yaml", 3), causes=(cause,), trail=("app", "base")
    )
    expected: dict[str, Any] = {
        "code": "findings-error",
        "message": "no image",
        "severity": "error",
        "file": "a.yaml",
        "line": 3,
        "column": 0,
        "field": [],
        "near": [],
        "causes": [{**cause.as_dict(), "code": "missing-error", "near": ["b"], "trail": []}],
        "trail": ["app", "base"],
    }
    assert json.loads(json.dumps(error.as_dict())) == error.as_dict() == expected
    assert {*expected} - {"trail"} == {*Finding("info", "x").as_dict()}


def test_the_error_of_a_build_as_a_dictionary():
    with pytest.raises(SourceError) as caught:
        build(tree={"kustomization.yaml": "namePrefix: [a]"})
    assert caught.value.as_dict()["line"] == 1
    assert caught.value.as_dict()["field"] == ["namePrefix"]


def test_each_error_has_a_code_of_its_own():
    classes = [KmanifestError, CancelledError]
    classes += [each for each in vars(kmanifest.model.errors).values() if isinstance(each, type) and issubclass(each, KmanifestError)]  # fmt: skip
    by_code = {each.code: each for each in classes}
    assert len(by_code) == len(set(classes))
    assert all(by_code)


def test_a_limit_of_a_build():
    limits = Limits(max_total_input=0)
    with pytest.raises(KmanifestError) as caught:
        build(tree={"kustomization.yaml": "namePrefix: p-"}, options=Options(limits=limits))
    assert caught.value.as_dict()["code"] == "limit-error"
