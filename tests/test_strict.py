"""Settings without effect: each is a finding with its location, and an error in a strict build."""

from collections.abc import Mapping

import pytest

from kmanifest.api import build
from kmanifest.cli import report
from kmanifest.engines.builtin import default_registry
from kmanifest.io.cache import MemoryCache
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import FindingsError, MissingError
from kmanifest.model.findings import NO_EFFECT
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.trace import Change
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Plugin
from kmanifest.pipeline.rendered import Rendered

STRICT = Options(strict=True)
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  template:
    spec:
      containers:
      - image: registry.example.com/shop/web:1
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n"
CONTENT = {"all.yaml": f"{DEPLOYMENT}---\n{CONFIG_MAP}"}
BASE = "resources: [all.yaml]\n"
JSON_PATCH = "  patch: '- {op: add, path: /x, value: y}'\n"
SOURCE = "replacements:\n- source: {kind: ConfigMap, fieldPath: data.a}\n  targets:\n"
SPEC = "{path: spec/x, kind: Widget, create: true}"

CASES = {
    "patch by a wrong name": (
        f"patches:\n- target: {{kind: Deployment, name: wbe}}\n{JSON_PATCH}",
        "kustomization.yaml:3:3: patches.0.target: no resource is selected by kind Deployment, name wbe "
        "(did you mean Deployment/web?)",
    ),
    "strategic merge patch by a wrong kind": (
        "patches:\n- patch: '{apiVersion: v1, kind: K, metadata: {name: n}}'\n  target: {kind: Deploymnet}\n",
        "kustomization.yaml:4:12: patches.0.target.kind: no resource is selected by kind Deploymnet "
        "(did you mean Deployment?)",
    ),
    "patch by a name only": (
        f"patches:\n- target: {{name: setings}}\n{JSON_PATCH}",
        "kustomization.yaml:3:12: patches.0.target.name: no resource is selected by name setings "
        "(did you mean settings?)",
    ),
    "patch by a wrong namespace": (
        f"patches:\n- target: {{kind: Deployment, name: web, namespace: shp}}\n{JSON_PATCH}",
        "kustomization.yaml:3:3: patches.0.target: "
        "no resource is selected by kind Deployment, name web, namespace shp "
        "(did you mean apps/v1 Deployment/web in namespace shop?)",
    ),
    "patch by labels only": (
        f"patches:\n- target: {{labelSelector: app=api}}\n{JSON_PATCH}",
        "kustomization.yaml:3:12: patches.0.target.labelSelector: "
        "no resource is selected by labelSelector app=api",
    ),
    "patch by a name that is right and labels that are not": (
        f"patches:\n- target: {{kind: Deployment, annotationSelector: a=b}}\n{JSON_PATCH}",
        "kustomization.yaml:3:3: patches.0.target: "
        "no resource is selected by kind Deployment, annotationSelector a=b",
    ),
    "patchesJson6902": (
        f"patchesJson6902:\n- target: {{version: v1, kind: ConfigMap, name: setting}}\n{JSON_PATCH}",
        "kustomization.yaml:3:3: patchesJson6902.0.target: "
        "no resource is selected by version v1, kind ConfigMap, name setting "
        "(did you mean ConfigMap/settings?)",
    ),
    "target of a replacement": (
        f"{SOURCE}  - select: {{kind: Deployment, name: wep}}\n    fieldPaths: [spec.x]\n",
        "kustomization.yaml:5:5: replacements.0.targets.0.select: "
        "no resource is selected by kind Deployment, name wep (did you mean Deployment/web?)",
    ),
    "target of a replacement whose resources are all rejected": (
        f"{SOURCE}  - select: {{kind: Deployment}}\n    reject: [{{name: web}}]\n",
        "kustomization.yaml:5:14: replacements.0.targets.0.select.kind: "
        "no resource is selected by kind Deployment",
    ),
    "image": (
        "images:\n- name: registry.example.com/shop/wep\n  newTag: '2'\n",
        "kustomization.yaml:3:3: images.0.name: no image is called 'registry.example.com/shop/wep' "
        "(did you mean registry.example.com/shop/web?)",
    ),
    "image of another registry": (
        "images:\n- name: web\n  newTag: '2'\n",
        "kustomization.yaml:3:3: images.0.name: no image is called 'web' "
        "(did you mean registry.example.com/shop/web?)",
    ),
    "image in the old spelling": (
        "imageTags:\n- name: nowhere\n  newTag: '2'\n",
        "kustomization.yaml:3:3: imageTags.0.name: no image is called 'nowhere'",
    ),
    "replicas without a field for them": (
        "configurations: [replicas.yaml]\nreplicas:\n- name: settings\n  count: 2\n",
        "kustomization.yaml:4:3: replicas.0.name: no field for a replica count in ConfigMap/settings",
    ),
    "field spec of a configuration": (
        "configurations:\n- replicas.yaml\n- widgets.yaml\n",
        "kustomization.yaml:4:3: configurations.1: no resource is of the type Widget or Deploymant.apps "
        "(did you mean Deployment?)",
    ),
    "step that is configured by an object": (
        "transformers: [step.yaml]\n",
        "step.yaml:5:10: target.name: no resource is selected by name setting (did you mean settings?)",
    ),
    "replacement in a file": (
        "replacements:\n- path: replacement.yaml\n",
        "replacement.yaml:3:14: 0.targets.0.select.name: no resource is selected by name nothing",
    ),
}
MORE = {
    "replicas.yaml": "replicas:\n- {path: spec/count, kind: ConfigMap}\n",
    "widgets.yaml": "nameReference:\n- {kind: ConfigMap, fieldSpecs: [{path: spec/a, group: apps, kind: Deploymant}]}\n"
    f"commonLabels: [{SPEC}]\n",
    "step.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\n"
    "patch: '- {op: add, path: /x, value: y}'\ntarget: {name: setting}\n",
    "replacement.yaml": "- source: {kind: ConfigMap, fieldPath: data.a}\n  targets:\n  - select: {name: nothing}\n",
}


def tree(kustomization: str, more: Mapping[str, str] = MORE) -> MemoryTree:
    return MemoryTree({"kustomization.yaml": BASE + kustomization, **CONTENT, **more})


def no_effect_messages(rendered: Rendered) -> list[str]:
    """Return the findings of settings without effect, each as the text of an error."""
    return [
        str(MissingError(finding.message, location=finding.location, near=finding.near))
        for finding in rendered.findings
        if finding.code == NO_EFFECT
    ]


@pytest.mark.parametrize(("kustomization", "message"), CASES.values(), ids=list(CASES))
def test_a_setting_without_effect_is_an_error_if_strict(kustomization: str, message: str):
    with pytest.raises(FindingsError) as caught:
        build(tree=tree(kustomization), options=STRICT)
    assert str(caught.value) == message
    assert [str(cause) for cause in caught.value.causes] == [message]


@pytest.mark.parametrize(("kustomization", "message"), CASES.values(), ids=list(CASES))
def test_it_is_a_finding_otherwise(kustomization: str, message: str):
    rendered = build(tree=tree(kustomization))
    assert no_effect_messages(rendered) == [message.partition(" (did you mean")[0]]
    assert no_effect_messages(
        build(tree=tree(kustomization), on_change=lambda _: None)
    ) == no_effect_messages(rendered)
    assert {finding.code for finding in rendered.warnings} <= {"deprecated"}


GOOD = """\
patches:
- target: {kind: Deployment, labelSelector: app=web}
  patch: '- {op: add, path: /x, value: y}'
images:
- name: registry.example.com/shop/web
  newTag: '1'
replicas:
- {name: web, count: 1}
configurations: [replicas.yaml]
replacements:
- source: {kind: ConfigMap, fieldPath: data.a}
  targets:
  - select: {name: web}
    fieldPaths: [spec.x]
    options: {create: true}
"""


def test_settings_that_match_pass_and_print_the_same_even_if_they_change_nothing():
    strict, plain = (build(tree=tree(GOOD), options=options) for options in (STRICT, Options()))
    assert strict.text() == plain.text()
    assert strict.findings == ()


@pytest.mark.parametrize("options", [Options(), STRICT])
@pytest.mark.parametrize(
    "kustomization",
    [
        f"{SOURCE}  - select: {{name: web}}\n    fieldPaths: [spec.nowhere]\n",
        "replicas:\n- {name: nowhere, count: 2}\n",
        "replacements:\n- source: {name: nowhere}\n  targets: [{select: {name: web}}]\n",
    ],
)
def test_what_kustomize_rejects_is_an_error_in_both_modes(options: Options, kustomization: str):
    with pytest.raises(MissingError):
        build(tree=tree(kustomization), options=options)


def test_all_faults_are_in_one_error_in_file_order():
    files = {
        "kustomization.yaml": "images:\n- {name: x, newTag: b}\n- {name: z, newTag: b}\n"
        f"resources: [base]\npatches:\n- target: {{name: v}}\n{JSON_PATCH}",
        "base/kustomization.yaml": f"{BASE}images: [{{name: w, newTag: c}}]\n",
        "base/all.yaml": CONFIG_MAP,
    }
    with pytest.raises(FindingsError) as caught:
        build(tree=MemoryTree(files), options=STRICT)
    locations = [
        (cause.location.file, cause.location.line, cause.location.column)
        for cause in caught.value.causes
    ]
    assert locations == [
        ("base/kustomization.yaml", 2, 11),
        ("kustomization.yaml", 2, 4),
        ("kustomization.yaml", 3, 4),
        ("kustomization.yaml", 6, 12),
    ]
    lines = report.format_error(caught.value, terminal=False, colour=False).splitlines()
    assert len(lines) == 4
    assert lines[0].endswith("images.0.name: no image is called 'w'")


def shared(entry: str = "images: [{name: x, newTag: b}]\n") -> MemoryTree:
    """Two overlays of one base."""
    return MemoryTree(
        {
            "kustomization.yaml": "resources: [one, two]\n",
            "one/kustomization.yaml": "resources: [../base]\nnamePrefix: one-\n",
            "two/kustomization.yaml": "resources: [../base]\nnamePrefix: two-\n",
            "base/kustomization.yaml": BASE + entry,
            "base/all.yaml": CONFIG_MAP,
        }
    )


@pytest.mark.parametrize("strict", [False, True])
def test_a_cached_base_reports_it_again(*, strict: bool):
    cache, options = MemoryCache(), Options(strict=strict)
    for path in ("one", "one", "two"):
        if not strict:
            assert len(no_effect_messages(build(path, tree=shared(), cache=cache))) == 1
            continue
        with pytest.raises(FindingsError, match=r"base/kustomization.yaml:2:11: images.0.name: "):
            build(path, tree=shared(), cache=cache, options=options)


def test_a_base_of_two_overlays_is_one_fault():
    with pytest.raises(FindingsError) as caught:
        build(tree=shared(), options=STRICT)
    assert len(caught.value.causes) == 1


def test_a_step_of_a_base_is_checked_in_the_base():
    files = {
        "kustomization.yaml": "resources: [base, all.yaml]\n",
        "all.yaml": DEPLOYMENT,
        "base/kustomization.yaml": f"{BASE}patches:\n- target: {{name: web}}\n{JSON_PATCH}",
        "base/all.yaml": CONFIG_MAP,
    }
    with pytest.raises(FindingsError, match=r"base/kustomization.yaml:3:12: patches"):
        build(tree=MemoryTree(files), options=STRICT)


@pytest.mark.parametrize(
    "overlay",
    [
        "resources: [base, widget.yaml]\n",
        "resources: [middle]\npatches:\n- target: {kind: Widget}\n"
        "  patch: '{apiVersion: v1, kind: Widget, metadata: {name: w}, $patch: delete}'\n",
    ],
    ids=["above", "between"],
)
def test_a_configuration_may_be_for_resources_of_an_overlay(overlay: str):
    widget = CONFIG_MAP.replace("ConfigMap", "Widget")
    files = {
        "kustomization.yaml": overlay,
        "widget.yaml": widget,
        "middle/kustomization.yaml": "resources: [../base, widget.yaml]\n",
        "middle/widget.yaml": widget,
        "base/kustomization.yaml": f"{BASE}configurations: [own.yaml]\n",
        "base/own.yaml": f"commonLabels: [{SPEC}]\n",
        "base/all.yaml": CONFIG_MAP,
    }
    assert build(tree=MemoryTree(files), options=STRICT).findings == ()
    with pytest.raises(FindingsError, match=r"configurations.0: no resource is of the type Widget"):
        build("base", tree=MemoryTree(files), options=STRICT)


def test_a_component_is_checked_against_the_resources_it_is_added_to():
    files = {
        "kustomization.yaml": f"{BASE}components: [part]\n",
        **CONTENT,
        "part/kustomization.yaml": "kind: Component\nimages:\n- {name: registry.example.com/shop/web, newTag: x}\n",
    }
    assert build(tree=MemoryTree(files), options=STRICT).findings == ()


def test_near_names_are_computed_only_if_strict():
    def refuse(ctx: Context, _: Resource, resources: ResourceMap) -> ResourceMap:
        ctx.report_no_effect("nothing", field=("kind",), near=lambda: pytest.fail("asked"))
        return resources

    own = {"own.yaml": "apiVersion: acme.io/v1\nkind: Own\nmetadata: {name: o}\n"}
    registry = default_registry().with_plugins([Plugin("transformer", "acme.io/v1/Own", refuse)])
    rendered = build(tree=tree("transformers: [own.yaml]\n", own), registry=registry)
    assert no_effect_messages(rendered) == ["own.yaml:2:1: kind: nothing"]


def test_a_trace_is_the_same():
    traces: list[list[Change]] = [[], []]
    for trace, options in zip(traces, (Options(), STRICT), strict=True):
        build(tree=tree(GOOD), options=options, on_change=trace.append)
    assert [change[:-1] for change in traces[0]] == [change[:-1] for change in traces[1]]
