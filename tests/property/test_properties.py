"""Properties of every input: printed values can be loaded again, and no function changes its arguments."""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmanifest import yaml
from kmanifest.api import build
from kmanifest.engines.builtin import default_registry
from kmanifest.engines.kustomize.json_patch import apply_patch, decode_patch, json_round_trip
from kmanifest.engines.kustomize.merge import merge
from kmanifest.io.cache import MemoryCache
from kmanifest.io.tree import DiskTree, MemoryTree
from kmanifest.model.errors import KmanifestError
from kmanifest.model.fieldpath import MISSING, put, remove
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.trace import Cause, Change, changes, differences
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Plugin, Registry
from kmanifest.schema import BUILTIN
from tests.builds import Job, fixture_jobs, memory_tree, mixed_jobs, plain, replay
from tests.cases import Case, find_cases
from tests.property.compare import write
from tests.property.projects import make_project

STEADY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SEEDS = range(20_000, 20_025)


def is_printed_as_a_fraction(number: float) -> bool:
    """Return False for a float that is printed as an integer with more digits than its precision."""
    return not number.is_integer() or abs(number) < 2**53 or abs(number) >= 1e21


# kustomize drops a quoted key `<<`, and fails to print the upper control characters.
UPPER_CONTROLS = [chr(code) for code in (*range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF)]
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=UPPER_CONTROLS), max_size=30
)
odd_texts = st.sampled_from(
    [
        *("", "yes", "~", "null", "0x1F", "1_000", "1e3", "2001-01-01", "12:30:45", "- a", "a: b"),
        *("# a", " a", "a ", "\n", "a\n\n", "\n a", "é", "\U0001f600", "word " * 30, "\u2028", "="),
    ]
)
keys = (texts | odd_texts).filter(lambda text: text != "<<")
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(is_printed_as_a_fraction)
    | texts
    | odd_texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
documents = st.dictionaries(keys, values, min_size=1, max_size=5)
names = st.text("abcxyz", min_size=1, max_size=4)
objects = st.builds(
    lambda name, rest: {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": name, "labels": {"a": "b"}},
        "spec": rest,
    },
    names,
    st.dictionaries(keys, values, max_size=4),
)


# Loading printed values


@STEADY
@given(documents)
def test_load_values_reads_what_dump_prints(value: Mapping[str, Any]):
    assert yaml.load_values(yaml.dump(value).encode()) == value


@STEADY
@given(documents)
def test_load_documents_reads_what_dump_prints(value: Mapping[str, Any]):
    assert yaml.load_documents(yaml.dump(value).encode()) == [value]


@STEADY
@given(documents)
def test_dump_of_what_was_read_prints_the_same(value: Mapping[str, Any]):
    text = yaml.dump(value)
    assert yaml.dump(yaml.load_values(text.encode())) == text
    assert yaml.dump(yaml.load_documents(text.encode())[0]) == text


@pytest.mark.parametrize("job", fixture_jobs(), ids=lambda job: job.name)
def test_an_output_that_is_built_again_stays_as_it_is(job: Job):
    try:
        text = job.build().text()
    except KmanifestError:
        return
    if "config.kubernetes.io/" in text:
        return  # annotations that a build removes unless `buildMetadata` requests them
    resources = "resources: [all.yaml]\nsortOptions: {order: fifo}\n"
    tree = MemoryTree({"kustomization.yaml": resources, "all.yaml": text})
    assert build(tree=tree).text() == text


# Patches without effect


@STEADY
@given(objects)
def test_an_empty_patch_changes_nothing(body: dict[str, Any]):
    before = plain(body)
    ids = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {"name": "x"}}
    # A JSON patch turns numbers of more than 53 bits into floats, as in kustomize.
    assert apply_patch(decode_patch([]), body) == json_round_trip(body)
    for patch in ({}, ids):
        merged = merge(body, patch, BUILTIN)
        assert isinstance(merged, dict)
        kept = {"metadata": body["metadata"]} if patch else {}
        assert {**merged, **kept} == body
    assert plain(body) == before


@STEADY
@given(objects, objects)
def test_a_patch_changes_neither_its_base_nor_itself(body: dict[str, Any], patch: dict[str, Any]):
    before, patch_before = plain(body), plain(patch)
    with suppress(KmanifestError):
        merge(body, patch, BUILTIN)
    assert (plain(body), plain(patch)) == (before, patch_before)
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/spec/new", "value": patch},
        {"op": "copy", "from": "/spec", "path": "/copy"},
        {"op": "replace", "path": "/spec/new/spec", "value": 1},
        {"op": "move", "from": "/metadata/labels", "path": "/copy/moved"},
        {"op": "remove", "path": "/kind"},
    ]
    apply_patch(decode_patch(operations), body)
    assert (plain(body), plain(patch)) == (before, patch_before)


# Differences


@STEADY
@given(documents, documents)
def test_differences_make_the_new_value_of_the_old(old: dict[str, Any], new: dict[str, Any]):
    before = plain(old)
    value: Any = old
    for field, _, now in differences(old, new):
        value = remove(value, field) if now is MISSING else put(value, field, now)
    assert plain(yaml.load_values(yaml.dump(value).encode())) == plain(
        yaml.load_values(yaml.dump(new).encode())
    )
    assert plain(old) == before


@STEADY
@given(st.lists(objects, max_size=4), st.lists(objects, max_size=4), st.randoms())
def test_changes_between_two_maps_replay(
    first: list[dict[str, Any]], second: list[dict[str, Any]], order: random.Random
):
    old = ResourceMap(map(Resource, first))
    new = [one.with_body(body) for one, body in zip(old, second, strict=False)]
    new += map(Resource, second[len(old) :])
    order.shuffle(new)
    found = [
        *changes(ResourceMap(), old, Cause("load")),
        *changes(old, ResourceMap(new), Cause("x")),
    ]
    assert replay(found) == {resource.lineage: resource.body for resource in new}
    assert list(changes(old, old, Cause("x"))) == []


# Builds


def generator_of(bodies: list[dict[str, Any]]) -> Registry:
    def generate(_: Context, __: Resource) -> list[Resource]:
        return [Resource(body) for body in bodies]

    return default_registry().with_plugins([Plugin("generator", "acme.io/v1/Given", generate)])


EVERY_STEP = """\
generators:
- |
  apiVersion: acme.io/v1
  kind: Given
  metadata: {name: given}
resources: [config.yaml]
namePrefix: p-
nameSuffix: -s
namespace: some
labels: [{pairs: {team: a}, includeSelectors: true, includeTemplates: true}]
commonAnnotations: {note: some}
images: [{name: nginx, newTag: "2"}]
replicas: [{name: web, count: 3}]
patches:
- target: {kind: Deployment}
  patch: |
    - {op: add, path: /spec/template/spec/nodeName, value: node}
    - {op: copy, from: /spec/template, path: /spec/copied}
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: main, env: [{name: E, value: $(V)}]}]}}}
replacements:
- source: {kind: ConfigMap, name: config, fieldPath: data.a}
  targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.spec.hostname], options: {create: true}}]
vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: config}, fieldref: {fieldpath: data.a}}]
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: b}\n"


def test_bodies_of_a_generator_are_not_changed_and_may_share_their_parts():
    container = {
        "name": "main",
        "image": "nginx",
        "envFrom": [{"configMapRef": {"name": "config"}}],
    }
    template = {"metadata": {}, "spec": {"containers": [container]}}
    labels = {"app": "a"}
    bodies: list[dict[str, Any]] = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels, "annotations": labels},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        }
        for name in ("web", "api")
    ]
    before = plain(bodies)
    tree = MemoryTree({"kustomization.yaml": EVERY_STEP, "config.yaml": CONFIG})
    registry = generator_of(bodies)
    first = build(tree=tree, registry=registry).text()
    assert plain(bodies) == before
    assert build(tree=tree, registry=registry, cache=MemoryCache()).text() == first
    assert plain(bodies) == before


@STEADY
@given(st.lists(objects, min_size=1, max_size=3, unique_by=lambda body: body["metadata"]["name"]))
def test_a_generator_s_odd_bodies_pass_a_build_and_stay_as_they_are(bodies: list[dict[str, Any]]):
    before = plain(bodies)
    tree = MemoryTree({"kustomization.yaml": EVERY_STEP, "config.yaml": CONFIG})
    found: list[Change] = []
    try:
        rendered = build(tree=tree, registry=generator_of(bodies), on_change=found.append)
    except KmanifestError:
        return
    finally:
        assert plain(bodies) == before
    rendered.text()
    assert replay(found) == {resource.lineage: resource.body for resource in rendered.resources}


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Copy every body that a resource gets from now on. The function that is returned lists the ids of changed bodies."""
    seen: dict[int, tuple[Mapping[str, Any], Any]] = {}
    plain_init, plain_with_body = Resource.__init__, Resource.with_body

    def note(body: Any) -> None:
        if id(body) not in seen:
            seen[id(body)] = body, plain(body)

    def init(self: Resource, body: Any, *rest: Any, **more: Any) -> None:
        note(body)
        plain_init(self, body, *rest, **more)

    def with_body(self: Resource, body: Any) -> Resource:
        note(body)
        return plain_with_body(self, body)

    monkeypatch.setattr(Resource, "__init__", init)
    monkeypatch.setattr(Resource, "with_body", with_body)

    def changed() -> list[str]:
        return [str(Resource(body).id) for body, copy in list(seen.values()) if plain(body) != copy]

    return changed


@pytest.mark.parametrize("job", mixed_jobs(), ids=lambda job: job.name)
def test_no_step_changes_a_body_in_place(job: Job, watched: Callable[[], list[str]]):
    cache = MemoryCache()
    assert job.outcome(cache) == job.outcome(cache)
    assert watched() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_step_changes_a_body_of_a_random_project(seed: int, watched: Callable[[], list[str]]):
    project = make_project(seed)
    job = Job(str(seed), project.target, tree=MemoryTree(project.files))
    cache = MemoryCache()
    assert job.outcome(cache) == job.outcome(cache)
    assert watched() == []


def held_by(cache: MemoryCache) -> list[tuple[Any, Any]]:
    """The content of a cache, and a copy of the bodies in it."""
    found = []
    todo: list[Any] = [entry for entry, _ in cache._entries.values()]
    while todo:
        value = todo.pop()
        if isinstance(value, Resource):
            value = value.body
        if isinstance(value, Mapping):
            found.append((value, plain(value)))
        elif isinstance(value, list | tuple | ResourceMap):
            todo.extend(value)
    return found


def test_what_a_shared_cache_holds_is_never_changed():
    jobs = mixed_jobs()
    alone = [job.outcome() for job in jobs]
    cache = MemoryCache()
    assert [job.outcome(cache) for job in jobs] == alone
    held = held_by(cache)
    assert len(held) > len(jobs)
    for _ in range(2):
        assert [job.outcome(cache) for job in reversed(jobs)] == alone[::-1]
    for job in jobs:
        changes_of_it: list[Change] = []
        try:
            job.build(cache, changes_of_it.append)
        except KmanifestError:
            continue
    for value, copy in held:
        assert plain(value) == copy


# Trees


def outcome_in(tree: Any, path: str, job: Job) -> str:
    return job._replace(tree=tree, path=path).outcome()


@pytest.mark.parametrize(
    "case", [case for case in find_cases() if not case.starts_processes], ids=lambda case: case.name
)
def test_a_memory_tree_gives_what_the_disk_gives(case: Case):
    tree, path = memory_tree(case)
    job = next(iter(fixture_jobs(case.name)))
    root = case.target
    for _ in path.split("/"):
        root = root.parent
    assert outcome_in(tree, path, job) == outcome_in(DiskTree(str(root)), path, job)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_projects_are_the_same_on_disk_in_memory_with_a_cache_and_traced(
    seed: int, tmp_path: Path
):
    project = make_project(seed)
    write(project, tmp_path)
    job = Job(str(seed), project.target, tree=MemoryTree(project.files))
    wanted = job.outcome()
    assert outcome_in(DiskTree(str(tmp_path)), project.target, job) == wanted
    cache = MemoryCache()
    assert [job.outcome(cache), job.outcome(cache)] == [wanted, wanted]
    found: list[Change] = []
    try:
        rendered = job.build(on_change=found.append)
    except KmanifestError:
        return
    assert replay(found) == {resource.lineage: resource.body for resource in rendered.resources}
    for change in found:
        assert change.step
        assert change.file
