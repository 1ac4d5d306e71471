"""Small inputs that exceed each limit of `Limits`, and deep input on a small stack. All must end with an error."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest.api import build
from kmanifest.engines.builtin import default_registry
from kmanifest.helm import render_chart
from kmanifest.io.cache import MemoryCache
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import InternalError, KmanifestError, LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Plugin
from tests.builds import run_python

Files = Mapping[str, str]


def config_map(name: str = "a", rest: str = "") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{rest}"


def config_maps(number: int) -> str:
    return "---\n".join(config_map(f"a{index}") for index in range(number))


def one_manifest(body: str = config_map(), kustomization: str = "resources: [a.yaml]\n") -> Files:
    return {"kustomization.yaml": kustomization, "a.yaml": body}


def many_files(number: int) -> Files:
    names = [f"f{index}" for index in range(number)]
    return {
        "kustomization.yaml": "resources: [" + ", ".join(f"{name}.yaml" for name in names) + "]\n",
        **{f"{name}.yaml": config_map(name) for name in names},
    }


def components(number: int) -> Files:
    names = [f"c{index}" for index in range(number)]
    files = {"kustomization.yaml": "components: [" + ", ".join(names) + "]\n"}
    for name in names:
        files[f"{name}/kustomization.yaml"] = "kind: Component\nresources: [a.yaml]\n"
        files[f"{name}/a.yaml"] = config_map(name)
    return files


LONG = "y" * 300
DEEP = "x: " + "[" * 30 + "]" * 30 + "\n"
DEEP_BLOCK = "".join(" " * level + "x:\n" for level in range(30))
GENERATED = "configMapGenerator:\n" + "".join(f"- {{name: a{index}}}\n" for index in range(5))
ALL_FILES = {
    "kustomization.yaml": "generators: [all.yaml]\n",
    "all.yaml": "apiVersion: kmanifest.dev/v1alpha1\nkind: ResourcesGenerator\nmetadata: {name: all}\n"
    "resources: ['f*.yaml']\n",
}
ITEMS = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
    f"- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{index}}}}}\n" for index in range(5)
)
PATCH = "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n    - {op: add, path: /"


def chart(template: str) -> Files:
    text = f"a: {template}"
    return {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "templates/a.yaml": text}


EXCEEDED: tuple[tuple[str, Limits, Files], ...] = (
    (
        "max_input_file",
        Limits(max_input_file=200),
        one_manifest(config_map(rest=f"data: {{a: {LONG}}}")),
    ),
    ("max_input_file", Limits(max_input_file=10), one_manifest()),
    (
        "max_input_file",
        Limits(max_input_file=200),
        {"kustomization.yaml": "configMapGenerator: [{name: a, files: [f]}]", "f": LONG},
    ),
    (
        "max_input_file",
        Limits(max_input_file=200),
        {"kustomization.yaml": "configMapGenerator: [{name: a, envs: [f]}]", "f": f"a={LONG}"},
    ),
    ("max_total_input", Limits(max_total_input=40), one_manifest()),
    ("max_total_input", Limits(max_total_input=200), many_files(10)),
    ("max_depth", Limits(max_depth=20), one_manifest(config_map(rest=DEEP))),
    ("max_depth", Limits(max_depth=20), one_manifest(config_map(rest=DEEP_BLOCK))),
    ("max_depth", Limits(max_depth=20), {"kustomization.yaml": DEEP}),
    (
        "max_depth",
        Limits(max_depth=20),
        one_manifest(kustomization=PATCH + f"x, value: {DEEP[3:-1]}}}\n"),
    ),
    ("max_documents", Limits(max_documents=4), one_manifest(config_maps(5))),
    ("max_documents", Limits(max_documents=4), {**many_files(4), **ALL_FILES}),
    ("max_objects", Limits(max_objects=4), one_manifest(config_maps(5))),
    ("max_objects", Limits(max_objects=4), one_manifest(ITEMS)),
    ("max_objects", Limits(max_objects=4), many_files(5)),
    ("max_objects", Limits(max_objects=4), components(5)),
    ("max_objects", Limits(max_objects=4), {"kustomization.yaml": GENERATED}),
    ("max_output", Limits(max_output=20), one_manifest()),
    ("max_output", Limits(max_output=100), one_manifest(config_maps(5))),
    ("max_string", Limits(max_string=200), one_manifest(config_map(rest=f"data: {{a: {LONG}}}"))),
    ("max_string", Limits(max_string=200), one_manifest(config_map(rest=f"data: {{{LONG}: a}}"))),
    ("max_items", Limits(max_items=20), chart("{{ until 100 | len }}")),
    ("max_steps", Limits(max_steps=20), {"a.yaml.j2": "{% for i in range(99) %}{% endfor %}"}),
    ("max_keys", Limits(max_keys=0), chart("{{ genPrivateKey `ed25519` | len }}")),
    ("deadline", Limits(deadline=1e-9), one_manifest()),
)


@pytest.mark.parametrize(
    ("name", "limits", "files"),
    EXCEEDED,
    ids=[f"{row[0]}-{index}" for index, row in enumerate(EXCEEDED)],
)
def test_limit_is_reached_and_named(name: str, limits: Limits, files: Files):
    tree = MemoryTree(files)
    if name != "max_depth":  # the deep inputs are not valid objects
        build(tree=tree).text()
    with pytest.raises(LimitError, match=name) as caught:
        build(tree=tree, options=Options(limits=limits)).text()
    error = caught.value
    assert "\n" not in str(error)
    if name not in ("max_output", "max_items", "max_keys", "deadline"):
        assert error.location.file


def test_each_field_is_covered():
    # tests/unit/test_helm_functions.py tests max_items, which limits single template functions.
    assert {row[0] for row in EXCEEDED} | {"max_items"} == set(Limits._fields)


def test_input_exactly_at_the_limits_passes():
    size = len(config_map())
    limits = Limits(
        max_input_file=size,
        max_total_input=size + len("resources: [a.yaml]\n"),
        max_depth=2,
        max_documents=1,
        max_objects=1,
        max_output=size,
        max_string=size,
        deadline=60.0,
    )
    assert (
        build(tree=MemoryTree(one_manifest()), options=Options(limits=limits)).text()
        == config_map()
    )


SPEC = "apiVersion: acme.io/v1\nkind: W\nmetadata:\n  name: a\nspec:\n  a: text\n"
JOINED = """\
- source: {{kind: W, fieldPath: spec.a}}
  targets: [{{select: {{kind: W}}, fieldPaths: [spec.a], options: {{delimiter: /, index: -1}}}}]
"""
NESTED = """\
- source: {{kind: W, fieldPath: spec}}
  targets: [{{select: {{kind: W}}, fieldPaths: [spec.new{}], options: {{create: true}}}}]
"""


@pytest.mark.parametrize(
    ("name", "replacement"),
    [("max_string", JOINED), ("max_output", JOINED), ("max_output", NESTED)],
)
def test_replacements_that_double_a_value_stop_at_the_limit(name: str, replacement: str):
    doubled = "".join(replacement.format(index) for index in range(64))
    files = one_manifest(SPEC, f"resources: [a.yaml]\nreplacements:\n{doubled}")
    limits = DEFAULT_LIMITS._replace(**{name: 100_000})
    with pytest.raises(LimitError, match=name) as caught:
        build(tree=MemoryTree(files), options=Options(limits=limits))
    assert caught.value.location.file == "kustomization.yaml"


def test_vars_that_repeat_a_long_value_stop_at_the_limit():
    often = "$(V)" * 1_000
    files = {
        "kustomization.yaml": "resources: [a.yaml]\nconfigurations: [c.yaml]\nvars:\n- name: V\n"
        "  objref: {apiVersion: acme.io/v1, kind: W, name: a}\n  fieldref: {fieldpath: spec.a}\n",
        "a.yaml": SPEC.replace("text", "x" * 1_000) + f"  b: {often}\n",
        "c.yaml": "varReference: [{kind: W, path: spec}]\n",
    }
    assert len(build(tree=MemoryTree(files)).text()) > 1_000_000
    with pytest.raises(LimitError, match="max_string"):
        build(tree=MemoryTree(files), options=Options(limits=Limits(max_string=100_000)))


def test_deadline_ends_a_build_between_two_steps_of_plugins():
    now = [0.0]

    def slow(_: Context, __: Resource, resources: ResourceMap) -> ResourceMap:
        now[0] += 10
        return resources

    config = "apiVersion: acme.io/v1\nkind: Slow\nmetadata:\n  name: {}\n"
    files = {
        **one_manifest(kustomization="resources: [a.yaml]\ntransformers: [s.yaml, t.yaml]\n"),
        "s.yaml": config.format("s"),
        "t.yaml": config.format("t"),
    }
    registry = default_registry().with_plugins([Plugin("transformer", "acme.io/v1/Slow", slow)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.monotonic", lambda: now[0])
        options = Options(limits=Limits(deadline=5))
        with pytest.raises(LimitError, match="deadline"):
            build(tree=MemoryTree(files), options=options, registry=registry)
    assert now[0] == 10


def test_a_cache_filled_with_wide_limits_does_not_lift_narrow_ones():
    files = {"base/kustomization.yaml": "resources: [a.yaml]", "base/a.yaml": config_maps(5) + DEEP}
    tree = MemoryTree({**files, "kustomization.yaml": "resources: [base]"})
    cache = MemoryCache()
    build(tree=tree, cache=cache)
    for limits in (Limits(max_objects=4), Limits(max_total_input=40), Limits(max_input_file=40)):
        with pytest.raises(LimitError):
            build(tree=tree, cache=cache, options=Options(limits=limits))
    with pytest.raises(LimitError):
        build(tree=tree, cache=cache, options=Options(limits=Limits(max_output=40))).text()


@pytest.mark.parametrize("field", ["max_depth", "max_string", "max_documents"])
def test_a_cached_file_is_checked_against_the_limits_of_each_build(field: str):
    files = one_manifest(config_maps(5) + DEEP)
    cache = MemoryCache()
    build(tree=MemoryTree(files), cache=cache)
    options = Options(limits=DEFAULT_LIMITS._replace(**{field: 4}))
    with pytest.raises(LimitError, match=field):
        build(tree=MemoryTree(files), cache=cache, options=options)


@pytest.mark.parametrize("cached", [False, True])
def test_findings_of_bases_are_reported_each_time(*, cached: bool):
    base = "resources: [a.yaml]\ncommonLabels: {app: a}\n"
    files = {
        "kustomization.yaml": "resources: [one, two]\n",
        "one/kustomization.yaml": "resources: [../base]\nnamePrefix: one-\n",
        "two/kustomization.yaml": "resources: [../base]\nnamePrefix: two-\n",
        "base/kustomization.yaml": base,
        "base/a.yaml": config_map(),
    }
    cache = MemoryCache() if cached else None
    tree = MemoryTree(files)
    first = build(tree=tree, cache=cache).findings
    assert {finding.location.file for finding in first} == {"base/kustomization.yaml"}
    assert len(first) == 2
    assert build(tree=tree, cache=cache).findings == first
    assert build("two", tree=tree, cache=cache).findings == first[:1]


# Deep input. These tests start new processes, because a failure would be a segmentation fault.

STACK = """
import sys, threading
from tests.test_limits import deep_outcomes

def work():
    for line in deep_outcomes(int(sys.argv[1])):
        print(line)

if sys.argv[2] == "thread":
    threading.stack_size(512 * 1024)
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
else:
    sys.setrecursionlimit(200)
    work()
"""
ALL_FIELDS = """\
resources: [a.yaml]
namePrefix: p-
namespace: some
labels: [{pairs: {a: b}, includeSelectors: true}]
commonAnnotations: {c: d}
vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: a}}]
replacements:
- source: {kind: ConfigMap, fieldPath: x}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [z], options: {create: true}}]
patches:
- target: {kind: ConfigMap}
  patch: '[{"op": "copy", "from": "/x", "path": "/y"}, {"op": "test", "path": "/x", "value": DEEP}]'
- patch: '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "x": DEEP}'
"""

JSON6902 = """\
resources: [a.yaml]
patchesJson6902:
- target: {version: v1, kind: ConfigMap, name: a}
  patch: |
    [{"op": "add", "path": "/x", "value": DEEP}]
"""


def deep_outcomes(depth: int) -> list[str]:
    """Return `done` or the name of the error class, for several builds with input nested `depth` levels deep."""
    outcomes = []
    for opened, closed in (('{"a": ', "}"), ("[", "]")):
        deep = opened * depth + "1" + closed * depth
        object_ = config_map(rest=f"x: {deep}\n")
        for files in (
            one_manifest(object_),
            one_manifest(object_, ALL_FIELDS.replace("DEEP", deep)),
            one_manifest(kustomization=JSON6902.replace("DEEP", deep)),
            {**one_manifest(object_, "resources: [a.yaml, b.yaml]"), "b.yaml": object_},
            {**one_manifest(object_, "resources: [a.yaml]\nopenapi: {path: o}\n"), "o": deep},
            {**one_manifest(object_, "resources: [a.yaml]\ncrds: [o]\n"), "o": deep},
            {"kustomization.yaml": f"metadata: {deep}\n"},
            chain(depth),
        ):
            for limits in (Limits(), Limits(max_depth=1500)):
                try:
                    build(tree=MemoryTree(files), options=Options(limits=limits)).text()
                    outcomes.append("done")
                except KmanifestError as error:
                    outcomes.append(type(error).__name__ if len(str(error)) < 1000 else "long")
    return outcomes


def chain(depth: int) -> Files:
    """Return a chain of bases, each of which uses the next."""
    directories = [f"b{level}" for level in range(min(depth, 300))]
    files = {
        f"{name}/kustomization.yaml": f"resources: [../b{level + 1}]"
        for level, name in enumerate(directories)
    }
    files[f"b{len(directories)}/kustomization.yaml"] = "namePrefix: p-\n"
    return {**files, "kustomization.yaml": "resources: [b0]"}


@pytest.mark.parametrize("depth", [40, 900, 1_400, 5_000])
@pytest.mark.parametrize("where", ["thread", "recursion limit"])
def test_deep_input_on_a_small_stack_ends_cleanly(depth: int, where: str):
    result = run_python(["-X", "faulthandler", "-c", STACK, str(depth), where])
    assert (result.returncode, result.stderr) == (0, "")
    outcomes = result.stdout.split()
    assert len(outcomes) == 32
    assert set(outcomes) <= {"done", "LimitError", "SourceError", "RenderError", "MissingError"}
    assert outcomes[0] == ("LimitError" if depth > DEFAULT_LIMITS.max_depth else "done")


def test_the_recursion_limit_is_not_changed():
    before = sys.getrecursionlimit()
    deep_outcomes(100)
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    "limits",
    [{"max_depth": 50.0}, {"max_depth": -1}, {"max_input_file": 1e2}, {"max_items": True}]
    + [{"deadline": value} for value in (-1.0, float("nan"), float("inf"), "5")],
)
def test_values_that_are_no_limits_are_refused(limits: dict[str, Any]):
    """M10 of the audit: the compiled backend took a float for no limit."""
    (name,) = limits
    with pytest.raises(TypeError, match=name):
        build(tree={"kustomization.yaml": ""}, options=Options(limits=Limits(**limits)))
    with pytest.raises(TypeError, match=name):
        render_chart("", tree={"Chart.yaml": "{}"}, limits=Limits(**limits))


def test_failures_of_the_machine_are_errors_of_kmanifest():
    """M6 of the audit: an operator that handles KmanifestError must not be ended by a full disk."""

    class FullDisk(MemoryTree):
        def read(self, path: str, *, limit: int) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(InternalError, match=r"OSError: .*No space left") as caught:
        build(tree=FullDisk({"kustomization.yaml": "resources: []"}))
    assert isinstance(caught.value.__cause__, (OSError, KmanifestError))
