"""Third-party plug-ins in `pipeline.steps`: their errors, limits and traces."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kmanifest.api import build
from kmanifest.engines.builtin import default_registry
from kmanifest.io.cache import NoCache
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, LimitError, PluginError
from kmanifest.model.findings import Finding
from kmanifest.model.limits import Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.trace import Change
from kmanifest.pipeline import steps
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Plugin, Registry, Role
from kmanifest.pipeline.rendered import Rendered

CONFIG = "apiVersion: acme.io/v1\nkind: Own\nmetadata:\n  name: own\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def run(role: Role, call: Callable[..., Any], limits: Limits = Limits()) -> Rendered:
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\n{role}s: [own.yaml]\n",
        "a.yaml": OBJECT,
        "own.yaml": CONFIG,
    }
    registry = default_registry().with_plugins([Plugin(role, "acme.io/v1/Own", call)])
    return build(tree=MemoryTree(files), registry=registry, options=Options(limits=limits))


def fails(ctx: Context, config: Resource, resources: ResourceMap = ResourceMap()) -> Any:
    raise ValueError("no such\nthing")


def fails_on_the_way(ctx: Context, config: Resource) -> Iterator[Resource]:
    yield Resource({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}})
    raise KeyError("thing")


def validates_badly(ctx: Context, config: Resource, resources: ResourceMap) -> Iterator[Finding]:
    yield Finding("warning", "first")
    raise KeyError("thing")


def calls_itself(ctx: Context, config: Resource, resources: ResourceMap) -> ResourceMap:
    return calls_itself(ctx, config, resources)


def numbered(number: int) -> Callable[[Context, Resource, ResourceMap], ResourceMap]:
    def call(_: Context, __: Resource, resources: ResourceMap) -> ResourceMap:
        one = resources[0]
        return resources.append(
            one.put(("metadata", "name"), f"a{index}") for index in range(number)
        )

    return call


@pytest.mark.parametrize(
    ("role", "call", "message"),
    [
        ("transformer", fails, "acme.io/v1/Own: ValueError: no such"),
        ("generator", fails, "acme.io/v1/Own: ValueError: no such"),
        ("generator", fails_on_the_way, "acme.io/v1/Own: KeyError: 'thing'"),
        ("validator", validates_badly, "acme.io/v1/Own: KeyError: 'thing'"),
        ("transformer", calls_itself, "acme.io/v1/Own: RecursionError: maximum recursion"),
        ("generator", lambda *_: None, "acme.io/v1/Own: a generator must return resources"),
        ("generator", lambda *_: [1], "acme.io/v1/Own: a generator must return resources"),
        ("transformer", lambda *_: None, "acme.io/v1/Own: a transformer must return a ResourceMap"),
    ],
)
def test_a_plugin_exception_is_an_error_in_its_config(
    role: Role, call: Callable[..., Any], message: str
):
    with pytest.raises(PluginError) as caught:
        run(role, call)
    assert caught.value.message.startswith(message)
    assert caught.value.location.file == "own.yaml"
    assert "\n" not in str(caught.value)


def test_a_kmanifest_error_keeps_its_class():
    def call(ctx: Context, _: Resource) -> list[Resource]:
        ctx.read("missing")
        return []

    with pytest.raises(KmanifestError, match=r"^own\.yaml.*missing") as caught:
        run("generator", call)
    assert not isinstance(caught.value, PluginError)


def test_a_plugin_may_not_return_too_many_objects():
    assert len(run("transformer", numbered(3), Limits(max_objects=4)).resources) == 4
    with pytest.raises(LimitError, match="max_objects"):
        run("transformer", numbered(4), Limits(max_objects=4))


def test_copies_that_a_plugin_adds_are_traced_as_new():
    changes: list[Change] = []
    files = {
        "kustomization.yaml": "resources: [a.yaml]\ntransformers: [own.yaml]\nnamePrefix: p-\n",
        "a.yaml": OBJECT,
        "own.yaml": CONFIG,
    }
    plugin = Plugin("transformer", "acme.io/v1/Own", numbered(1))
    rendered = build(
        tree=MemoryTree(files),
        registry=default_registry().with_plugins([plugin]),
        on_change=changes.append,
    )
    assert len({resource.lineage for resource in rendered.resources}) == 2
    assert len({change.lineage for change in changes}) == 2


# Readers of values


def read_values(path: str, content: str, *plugins: Plugin) -> Any:
    registry = default_registry().with_plugins(plugins)
    tree = MemoryTree({path: content, "d/lib.libsonnet": "{ size: 1 + 1 }"})
    return steps.read_values(Context(tree, registry, directory="d"), path)


def fails_to_read(ctx: Context, path: str) -> Any:
    raise ValueError("no such\nthing")


def test_values_can_be_written_in_jsonnet():
    assert read_values("d/v.jsonnet", "(import 'lib.libsonnet') + { l: [null] }") == {
        "size": 2,
        "l": [None],
    }
    assert read_values("d/v.libsonnet", "{ f: std.thisFile }") == {"f": "v.libsonnet"}


@pytest.mark.parametrize("path", ["v.yaml", "v.json", "v.txt", "v"])
def test_other_files_have_no_reader(path: str):
    assert read_values(path, "{}") is None


def test_yaml_needs_no_installed_plug_ins():
    def load_installed() -> list[Plugin]:
        raise AssertionError("installed plug-ins are loaded")

    registry = Registry(more=load_installed)
    assert registry.values_reader_for("env/prod.yaml") is None
    with pytest.raises(AssertionError):
        registry.values_reader_for("env/prod.toml")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[1]", r"d/v\.jsonnet: expected a mapping, got list"),
        ("function(env) {}", r"d/v\.jsonnet: (Missing argument: env|function argument)"),
        ("{\n a: error 'no' }", r"d/v\.jsonnet:2:5: no"),
        ("{ a: import '../x' }", r"d/v\.jsonnet(:1:6)?: .*import"),
    ],
)
def test_values_that_cannot_be_read_have_their_file(content: str, problem: str):
    with pytest.raises(KmanifestError, match=problem):
        read_values("d/v.jsonnet", content)


def test_a_third_party_reader_of_values_that_fails():
    plugin = Plugin("values-reader", "env", fails_to_read, claims=("*.env",))
    with pytest.raises(PluginError, match=r"d/v\.env: env: ValueError: no such"):
        read_values("d/v.env", "", plugin)


def test_a_third_party_reader_of_values_shares_nothing():
    def read(ctx: Context, path: str) -> Any:
        assert isinstance(ctx.cache, NoCache)
        return {"text": ctx.read_resolved(path).decode()}

    plugin = Plugin("values-reader", "env", read, claims=("*.env",))
    assert read_values("d/v.env", "a", plugin) == {"text": "a"}
