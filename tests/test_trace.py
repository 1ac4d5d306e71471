"""With `on_change`, every write reports its step, the file of its config, and the old and new value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kmanifest import yaml
from kmanifest.api import build
from kmanifest.engines.builtin import default_registry
from kmanifest.io.cache import MemoryCache
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError
from kmanifest.model.fieldpath import MISSING
from kmanifest.model.resource import Lineage, Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.trace import Change, differences
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin
from kmanifest.pipeline.rendered import Rendered
from tests.builds import Job, fixture_jobs, plain, replay

FILES = {
    "base/kustomization.yaml": "resources: [all.yaml]\n",
    "base/all.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data: {a: "1", b: "2"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: main
        image: nginx
        envFrom: [{configMapRef: {name: settings}}]
""",
    "kustomization.yaml": """\
resources: [base]
namePrefix: my-
images: [{name: nginx, newTag: "2"}]
configMapGenerator:
- {name: made, literals: [a=b]}
transformers: [config/costs.yaml]
patches:
- patch: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    data: {b: null, c: "3"}
""",
    "config/costs.yaml": """\
apiVersion: acme.io/v1
kind: CostLabels
metadata: {name: costs}
spec: {center: "42"}
""",
}


def cost_labels(_: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    """Add a label. Like a plug-in whose author does not know about traces, this changes a copy of the body in place."""

    def change(resource: Resource) -> Resource:
        body = resource.copy_body()
        body["metadata"].setdefault("labels", {})["cost"] = config.text("spec", "center")
        return resource.with_body(body)

    return resources.map(change)


REGISTRY = default_registry().with_plugins(
    [Plugin("transformer", "acme.io/v1/CostLabels", cost_labels)]
)


def traced(job: Job) -> tuple[Rendered, list[Change]]:
    changes: list[Change] = []
    return job.build(on_change=changes.append), changes


def bodies_of(rendered: Rendered) -> dict[Any, Any]:
    return {resource.lineage: resource.body for resource in rendered.resources}


@pytest.fixture(scope="module")
def traced_build() -> tuple[Rendered, list[Change]]:
    return traced(Job("own", "", tree=MemoryTree(FILES), registry=REGISTRY))


def writes(changes: list[Change], step: str) -> set[tuple[Any, ...]]:
    return {
        (change.resource.name, change.field, change.file, change.old, change.new)
        for change in changes
        if change.step == step and change.field
    }


def test_hand_written_plugin_is_traced(traced_build: tuple[Rendered, list[Change]]):
    # The objects had no `labels`, so the whole mapping is one leaf.
    field, new = ("metadata", "labels"), {"cost": "42"}
    label_changes = [change for change in traced_build[1] if change.step == "acme.io/v1/CostLabels"]
    assert {change.resource.name for change in label_changes} == {
        "my-settings",
        "my-web",
        "my-made",
    }
    for change in label_changes:
        assert (change.field, change.old, change.new) == (field, MISSING, new)
        assert (change.file, change.config_field) == ("config/costs.yaml", ())


def test_built_in_steps_name_their_field_and_file(traced_build: tuple[Rendered, list[Change]]):
    changes = traced_build[1]
    image = ("spec", "template", "spec", "containers", 0, "image")
    assert writes(changes, "builtin/ImageTagTransformer") == {
        ("my-web", image, "kustomization.yaml", "nginx", "nginx:2")
    }
    assert ("web", ("metadata", "name"), "kustomization.yaml", "web", "my-web") in writes(
        changes, "builtin/PrefixTransformer"
    )
    assert writes(changes, "builtin/PatchTransformer") == {
        ("settings", ("data", "b"), "kustomization.yaml", "2", MISSING),
        ("settings", ("data", "c"), "kustomization.yaml", MISSING, "3"),
    }
    config_fields = {change.step: change.config_field for change in changes}
    assert config_fields["builtin/ImageTagTransformer"] == ("images", 0)
    assert config_fields["builtin/PatchTransformer"] == ("patches", 0)
    assert config_fields["builtin/ConfigMapGenerator"] == ("configMapGenerator", 0)
    reference = ("spec", "template", "spec", "containers", 0, "envFrom", 0, "configMapRef", "name")
    assert ("my-web", reference, "kustomization.yaml", "settings", "my-settings") in writes(
        changes, "builtin/NameReferenceTransformer"
    )


def test_loaded_objects_name_their_file(traced_build: tuple[Rendered, list[Change]]):
    loaded = [
        (change.file, change.resource.name) for change in traced_build[1] if change.step == "load"
    ]
    assert loaded == [("base/all.yaml", "settings"), ("base/all.yaml", "web")]


def test_replay_gives_the_output(traced_build: tuple[Rendered, list[Change]]):
    rendered, changes = traced_build
    assert replay(changes) == bodies_of(rendered)


def test_a_leaf_that_did_not_change_is_not_reported(traced_build: tuple[Rendered, list[Change]]):
    for change in traced_build[1]:
        assert change.old is not change.new
        assert plain(change.old) != plain(change.new)


def test_a_traced_build_makes_the_same_bytes_with_and_without_a_cache():
    job = Job("own", "", tree=MemoryTree(FILES), registry=REGISTRY)
    cache = MemoryCache()
    expected = job.build().text()
    job.build(cache)
    recorded: list[list[Change]] = []
    lineage = Lineage()
    for job_cache in (None, MemoryCache(), cache, cache):
        changes: list[Change] = []
        assert job.build(job_cache, changes.append).text() == expected
        recorded.append([change._replace(lineage=lineage) for change in changes])
    assert recorded[0] == recorded[1] == recorded[2] == recorded[3]


@pytest.mark.parametrize("job", fixture_jobs(), ids=lambda job: job.name)
def test_replay_of_each_fixture(job: Job):
    try:
        expected = job.build().text()
    except KmanifestError as error:
        with pytest.raises(type(error)):
            traced(job)
        return
    rendered, changes = traced(job)
    assert rendered.text() == expected
    bodies = replay(changes)
    assert bodies.keys() == bodies_of(rendered).keys()
    dumper = yaml.Dumper()
    for lineage, body in bodies_of(rendered).items():
        assert dumper.dump(bodies[lineage]) == dumper.dump(body)
    for change in changes:
        assert change.step
        assert change.file


def test_differences_distinguish_null_from_missing_and_true_from_one():
    old: Mapping[str, Any] = {"a": None, "b": True, "c": [1, 2], "d": {"e": 1}, "same": {"x": []}}
    new = {**old, "b": 1, "c": [1, 3], "d": {"e": 1, "f": None}, "g": []}
    del new["a"]
    assert list(differences(old, new)) == [
        (("a",), None, MISSING),
        (("b",), True, 1),
        (("c", 1), 2, 3),
        (("d", "f"), MISSING, None),
        (("g",), MISSING, []),
    ]
    assert list(differences(old, dict(old))) == []


def test_an_error_in_on_change_reaches_the_caller():
    def refuse(_: Change) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build(tree=MemoryTree(FILES), registry=REGISTRY, on_change=refuse)


def test_files_of_the_disk_are_absolute(tmp_path: Path):
    (tmp_path / "kustomization.yaml").write_text("resources: [job.yaml]\nnamePrefix: my-\n")
    (tmp_path / "job.yaml").write_text("{apiVersion: batch/v1, kind: Job, metadata: {name: a}}")
    changes: list[Change] = []
    build(tmp_path, on_change=changes.append)
    files = [change.file for change in changes]
    assert files == [str(tmp_path / "job.yaml"), str(tmp_path / "kustomization.yaml")]
