"""The verb `jsonnet`, Jsonnet in builds, and its limits. Fixtures have the output of go-jsonnet."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Literal

import pytest

from kmanifest import (
    CancelledError,
    JsonnetOptions,
    KmanifestError,
    LimitError,
    Limits,
    MemoryTree,
    MissingError,
    Options,
    PrefixedTree,
    RenderError,
    Repository,
    SourceError,
    Tree,
    Workers,
    build,
    render_jsonnet,
)
from kmanifest.backend import EXTENSION
from kmanifest.engines.jsonnet import manifests
from tests.jsonnet_cases import JsonnetRun, execute, find_runs, peer_missing

COMMAND = [sys.executable, "-m", "kmanifest", "jsonnet"]
RUNS = find_runs()
needs_compiled = pytest.mark.skipif(EXTENSION is None, reason="the compiled backend is not in use")
MAP = "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '%s' } }"
ENDLESS = "local f(x) = f(x + 1) tailstrict; f(0)"


@needs_compiled
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_runs_have_the_result_of_jsonnet(run: JsonnetRun):
    result = execute(run, COMMAND)
    if run.errors:
        assert (result.code, result.output) == (1, b"")
        assert [part for part in run.errors if part not in result.errors] == []
    else:
        assert (result.code, result.output.decode()) == (0, run.out.read_bytes().decode())


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_expected_results_are_those_of_jsonnet(run: JsonnetRun):
    if reason := peer_missing(run):
        pytest.skip(reason)
    result = execute(run, ["jsonnet"])
    assert bool(result.code) == bool(run.errors)
    if not run.errors:
        assert result.output == run.out.read_bytes()


def value(code: str, **options: Any) -> Any:
    return render_jsonnet(
        "a.jsonnet", tree={"a.jsonnet": code}, options=JsonnetOptions(**options)
    ).value


def test_an_endless_recursion_is_an_error():
    with pytest.raises(KmanifestError):
        value("local o(x) = { r: o(x).r }; o(1).r")


@needs_compiled
def test_an_endless_recursion_is_an_error_in_this_process():
    with pytest.raises(RenderError, match="max stack frames exceeded"):
        value("local o(x) = { r: o(x).r }; o(1).r", isolate="none")


@pytest.mark.parametrize(
    "code",
    [
        "std.length(std.makeArray(2000000000, function(i) i))",
        "std.length('%1000000000d' % 1)",
        "local a(n) = if n == 0 then 'xxxxxxxx' else a(n - 1) + a(n - 1); std.length(a(40))",
    ],
)
def test_memory_is_limited(code: str):
    with pytest.raises(LimitError, match=r"max_memory|longer than 5 seconds|out of memory"):
        value(code, max_memory=100 << 20, timeout=5.0)


@needs_compiled  # the other evaluator keeps no message
@pytest.mark.parametrize("end", ["b: 1", "b: [1, 2], c: {}"])
def test_memory_for_messages_is_limited(end: str):
    code = f"local s = std.repeat('x', 1000000); {{ a: [std.trace(s + i, i) for i in std.range(1, 1500)], {end} }}"
    options = Options(engines=(JsonnetOptions(max_memory=60 << 20),), limits=Limits(deadline=10.0))
    with pytest.raises(LimitError, match=r"out of memory|max_memory"):
        build("a.jsonnet", tree={"a.jsonnet": code}, options=options)


def test_time_is_limited():
    with pytest.raises(LimitError, match=r"longer than 0\.5 seconds \(timeout\)"):
        value(ENDLESS, timeout=0.5)


def test_the_deadline_of_a_build_ends_an_evaluation():
    with pytest.raises(LimitError, match="deadline"):
        build(
            "a.jsonnet", tree={"a.jsonnet": ENDLESS}, options=Options(limits=Limits(deadline=0.7))
        )


SHARED = "local a = [[] for i in std.range(1, 1000)]; [a for i in std.range(1, %d)]"


def test_a_large_value_of_a_short_text_is_refused():
    options = Options(engines=(JsonnetOptions(max_memory=64 << 20),))
    with pytest.raises(LimitError, match=r"values needs more than 67108864 bytes.*max_memory"):
        build("a.jsonnet", tree={"a.jsonnet": SHARED % 1000}, options=options)


def test_the_value_of_a_result_is_limited():
    with pytest.raises(LimitError, match=r"values needs more than 67108864 bytes.*max_memory"):
        value(SHARED % 1000, max_memory=64 << 20)


def test_the_value_of_a_result_is_not_nested_too_deeply():
    nested = "std.foldl(function(inner, _) [inner], std.range(1, 3000), 1)"
    with pytest.raises(LimitError, match="nested too deeply"):
        value(nested, max_stack=10_000)


@pytest.mark.parametrize("isolate", ["process", pytest.param("none", marks=needs_compiled)])
def test_the_bytes_of_a_result_are_limited(isolate: Literal["process", "none"]):
    options = JsonnetOptions(isolate=isolate)
    files = {"a.jsonnet": "std.repeat('x', 5000)"}
    with pytest.raises(LimitError, match=r"more than 1000 bytes \(max_output\)"):
        render_jsonnet("a.jsonnet", tree=files, options=options, limits=Limits(max_output=1000))


@needs_compiled
@pytest.mark.parametrize(
    "text", ["[1.5, -0.0, 1e300, 5e-324, 0.1]", '{"a": [[], {}, "b\\n"], "c": {"d": null}}']
)
def test_both_evaluators_print_the_same_strings(text: str):
    document = json.loads(text)
    code = (
        f"local v = {text}; [std.toString(v), std.manifestYamlDoc(v), std.manifestYamlDoc(v, true)]"
    )
    assert value(code) == [
        manifests.to_string(document),
        manifests.manifest_yaml_doc(document, False, True),
        manifests.manifest_yaml_doc(document, True, True),
    ]


@needs_compiled
def test_the_deadline_is_checked_while_objects_are_searched(monkeypatch: pytest.MonkeyPatch):
    checks: list[str] = []
    for module in ("walk", "tanka"):
        monkeypatch.setattr(
            f"kmanifest.engines.jsonnet.{module}.check_time",
            lambda module=module: checks.append(module),
        )
    options = Options(engines=(JsonnetOptions(isolate="none"),))
    assert not build("a.jsonnet", tree={"a.jsonnet": SHARED % 2}, options=options).resources
    assert min(checks.count("walk"), checks.count("tanka")) > 2000


def test_a_caller_can_cancel_an_evaluation():
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    with pytest.raises(CancelledError):
        render_jsonnet("a.jsonnet", tree={"a.jsonnet": ENDLESS}, cancel=cancel)
    timer.join()


@needs_compiled
def test_deep_brackets_are_an_error():
    with pytest.raises(SourceError, match="nested more than 10000 levels"):
        value("(" * 20_000 + "1" + ")" * 20_000)


def test_imports_stay_in_the_directory_of_the_file():
    files = {"a/main.jsonnet": "import '../b.libsonnet'", "b.libsonnet": "1"}
    with pytest.raises(SourceError, match=r"security; '\.\./b\.libsonnet'|leads out of the tree"):
        render_jsonnet("a/main.jsonnet", tree=files)
    files["jsonnetfile.json"] = "{}"
    assert render_jsonnet("a/main.jsonnet", tree=files).value == 1


def test_a_link_that_leaves_the_directory_is_not_read(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "a" / "main.jsonnet").write_text("importstr 'link.txt'")
    with pytest.raises(SourceError, match="security"):
        render_jsonnet(tmp_path / "a" / "main.jsonnet")


def test_library_paths_are_searched_from_the_last():
    files = {
        "a/main.jsonnet": "import 'x.libsonnet'",
        "one/x.libsonnet": "1",
        "two/x.libsonnet": "2",
    }
    options = JsonnetOptions(library_paths=("one", "two"))
    assert render_jsonnet("a/main.jsonnet", tree=files, options=options).value == 2


def test_variables_are_values_of_python():
    files = {"a.jsonnet": "function(n, o={}) [std.extVar('s'), n + 1, o.k]"}
    result = render_jsonnet(
        "a.jsonnet", tree=files, ext={"s": "x"}, tla={"n": 1, "o": {"k": [None]}}
    )
    assert result.value == ["x", 2, [None]]
    with pytest.raises(TypeError, match="ext must have values that JSON can represent"):
        render_jsonnet("a.jsonnet", tree=files, ext={"s": object()})


def test_an_error_has_the_file_and_line():
    files = {
        "a/main.jsonnet": "{\n  a: import 'b.libsonnet',\n}",
        "a/b.libsonnet": "{\n  b: error 'no b',\n}",
    }
    with pytest.raises(RenderError, match="no b") as caught:
        render_jsonnet("a/main.jsonnet", tree=files)
    assert (caught.value.location.file, caught.value.location.line) == ("a/b.libsonnet", 2)
    with pytest.raises(MissingError, match="couldn't open import"):
        render_jsonnet("a/c.jsonnet", tree={"a/c.jsonnet": "import 'x'"})


def test_objects_of_a_file_are_found_in_order():
    code = f"{{ b: [{MAP % 'b'}, null], a: {{ c: {MAP % 'a'} }}, n: null }}"
    assert [each.name for each in build("m.jsonnet", tree={"m.jsonnet": code})] == ["a", "b"]
    rendered = build("x", tree={"x/main.jsonnet": code})
    assert [each.origin.file for each in rendered] == ["x/main.jsonnet"] * 2
    with pytest.raises(RenderError, match=r"invalid Kubernetes object \(at \.a\)"):
        build("m.jsonnet", tree={"m.jsonnet": "{ a: { b: 1 } }"})


def test_an_environment_of_tanka():
    files = {
        "jsonnetfile.json": "{}",
        "lib/k.libsonnet": f"{{ map: {MAP % 'lib'} }}",
        "vendor/k.libsonnet": f"{{ map: {MAP % 'vendor'} }}",
        "environments/prod/spec.json": json.dumps(
            {
                "spec": {
                    "namespace": "shop",
                    "injectLabels": True,
                    "resourceDefaults": {"labels": {"a": "b"}},
                }
            }
        ),
        "environments/prod/main.jsonnet": "local k = import 'k.libsonnet'; { m: k.map, n: k.map { kind: 'Namespace' },"
        " e: std.extVar('tanka.dev/environment').metadata.name == 'environments/prod' || error 'x' }",
    }
    files["environments/prod/main.jsonnet"] = (
        "local k = import 'k.libsonnet';\n"
        "assert std.extVar('tanka.dev/environment').metadata.name == 'environments/prod';\n"
        "{ m: k.map, n: k.map { kind: 'Namespace' } }"
    )
    rendered = build("environments/prod", tree=files)
    assert [(each.kind, each.name, each.namespace) for each in rendered] == [
        ("Namespace", "lib", ""),
        ("ConfigMap", "lib", "shop"),
    ]
    assert rendered.resources[0].labels["a"] == "b"
    assert len(rendered.resources[0].labels["tanka.dev/environment"]) == 48


@pytest.mark.parametrize("value", [5, True, "x", [5], [[1]], [None], {"a": 5}], ids=repr)
@pytest.mark.parametrize("is_inline", [False, True])
def test_the_fields_of_the_label_are_a_list_of_strings(value: Any, *, is_inline: bool):
    spec = {"spec": {"injectLabels": True, "tankaEnvLabelFromFields": value}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    kind = {"apiVersion": "tanka.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "e"}}
    inline = {**kind, **spec, "data": body}
    files = {"jsonnetfile.json": "{}", "e/main.jsonnet": json.dumps(inline if is_inline else body)}
    if not is_inline:
        files["e/spec.json"] = json.dumps(spec)
    with pytest.raises(SourceError, match=r"spec\.tankaEnvLabelFromFields.*: expected a"):
        build("e", tree=files)


def test_inline_environments_are_chosen_by_name():
    environment = (
        "{ apiVersion: 'tanka.dev/v1alpha1', kind: 'Environment', metadata: { name: '%s' },"
        " spec: { namespace: '%s' }, data: " + MAP + " }"
    )
    code = f"[{environment % ('dev', 'd', 'a')}, {environment % ('prod', 'p', 'b')}]"
    options = Options(engines=(JsonnetOptions(name="pro"),))
    rendered = build("m.jsonnet", tree={"m.jsonnet": code}, options=options)
    assert [(each.name, each.namespace) for each in rendered] == [("b", "p")]
    with pytest.raises(RenderError, match="choose one with --name: dev, prod"):
        build("m.jsonnet", tree={"m.jsonnet": code})
    with pytest.raises(MissingError, match="no environment is called x"):
        build(
            "m.jsonnet",
            tree={"m.jsonnet": code},
            options=Options(engines=(JsonnetOptions(name="x"),)),
        )


def test_native_functions_of_tanka():
    code = """
    local native = std.native;
    {
      json: native('parseJson')('{"a": [1]}'),
      yaml: native('parseYaml')('a: 1\\n---\\nb: [x]\\n'),
      text: native('manifestJsonFromJson')('{"b":1.50,"a":[]}', 2),
      doc: native('manifestYamlFromJson')('{"b": [1, {"c": 1000000, "d": ["x"]}], "a": "yes", "e": {}}'),
      escaped: native('escapeStringRegex')('a.b*'),
      match: native('regexMatch')('^a+$', 'aaa'),
      subst: native('regexSubst')('p(\\\\w+)', 'pod px', '<$1>'),
      digest: native('sha256')('x'),
    }
    """
    code = f"local v = {code.strip()}; [{MAP % 'a'} {{ data: v }}]"
    data = build("m.jsonnet", tree={"m.jsonnet": code}).resources[0].body["data"]
    assert data == {
        "json": {"a": [1]},
        "yaml": [{"a": 1}, {"b": ["x"]}],
        "text": '{\n  "b": 1.50,\n  "a": []\n}\n',
        "doc": 'a: "yes"\nb:\n    - 1\n    - c: 1e+06\n      d:\n        - x\ne: {}\n',
        "escaped": "a\\.b\\*",
        "match": True,
        "subst": "<od> <x>",
        "digest": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    }


def test_charts_and_kustomizations_are_rendered_by_their_engines():
    files = {
        "charts/c/Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
        "charts/c/values.yaml": "a: 1\nb: 2\n",
        "charts/c/templates/m.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .Release.Name }}-my-map}, data: {a: '{{ .Values.a }}{{ .Values.b }}'}}",
        "base/kustomization.yaml": "namePrefix: p-\nresources: [m.yaml]",
        "base/m.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: k}}",
        "app/main.jsonnet": "{ chart: std.native('helmTemplate')('rel', '../charts/c', { calledFrom: std.thisFile, values: { a: 3 } }),"
        " base: std.native('kustomizeBuild')('../base', { calledFrom: std.thisFile, nameFormat: '{{ .metadata.name }}' }) }",
        "tkrc.yaml": "",
    }
    rendered = build("app/main.jsonnet", tree=files)
    assert [(each.name, each.body.get("data")) for each in rendered] == [
        ("p-k", None),
        ("rel-my-map", {"a": "32"}),
    ]
    result = render_jsonnet(
        "n.jsonnet",
        tree={
            **files,
            "n.jsonnet": "std.objectFields(std.native('helmTemplate')('r', './charts/c', { calledFrom: std.thisFile }))",
        },
        registry=__import__("kmanifest").default_registry(),
    )
    assert result.value == ["config_map_r_my_map"]


def test_a_generator_of_a_kustomization():
    config = "{apiVersion: kmanifest.dev/v1alpha1, kind: JsonnetGenerator, metadata: {name: g}, %s}"
    files = {
        "kustomization.yaml": "namePrefix: p-\ngenerators: [g.yaml]",
        "g.yaml": config
        % "file: a.jsonnet, ext: {n: x}, tlaCode: {replicas: '1 + 1'}, libraryPaths: [lib]",
        "a.jsonnet": f"function(replicas) [{MAP % 'a'} {{ data: {{ n: std.extVar('n') + replicas + import 'l' }} }}]",
        "lib/l": "'z'",
    }
    assert build(tree=files).find("ConfigMap", "p-a").get("data", "n") == "x2z"
    with pytest.raises(SourceError, match=r"unknown field 'fil'.*did you mean file") as caught:
        build(tree={**files, "g.yaml": config % "fil: a.jsonnet"})
    assert caught.value.location.file == "g.yaml"
    outside = {
        **files,
        "kustomization.yaml": "",
        "k/kustomization.yaml": "generators: [g.yaml]",
        "k/g.yaml": config % "file: ../a.jsonnet",
    }
    with pytest.raises(SourceError, match="security"):
        build("k", tree=outside)


def test_a_generator_of_a_remote_base_reads_its_repository():
    files = {
        "d/kustomization.yaml": "generators: [g.yaml]",
        "d/g.yaml": "{apiVersion: kmanifest.dev/v1alpha1, kind: JsonnetGenerator, metadata: {name: g}, file: a.jsonnet}",
        "d/a.jsonnet": f"local name = import 'b.libsonnet'; [{MAP % 'x'} + {{ metadata: {{ name: name }} }}]",
        "d/b.libsonnet": "'remote'",
    }
    name = "https://example.com/org/r"
    mirror = PrefixedTree(MemoryTree(files), name)

    class Mirror:
        def file(self, url: str) -> str:
            raise MissingError(url)

        def repository(self, repository: Repository) -> str:
            return name

        def tree_of(self, path: str) -> Tree | None:
            return mirror if path.startswith(name) else None

    rendered = build(
        tree={"kustomization.yaml": f"resources: ['{name}//d?ref=v1']"},
        options=Options(allow_remote=True),
        remote=Mirror(),
    )
    assert [each.name for each in rendered] == ["remote"]


def test_workers_are_used_again_and_ended():
    with Workers(max=2) as workers:
        options = JsonnetOptions(workers=workers)
        results: list[Any] = []

        def evaluate(number: int) -> None:
            for index in range(5):
                code = {"a.jsonnet": f"std.range({number}, {number + index})"}
                results.append(
                    (number, index, render_jsonnet("a.jsonnet", tree=code, options=options).value)
                )

        threads = [threading.Thread(target=evaluate, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(found == list(range(n, n + i + 1)) for n, i, found in results)
        assert len(results) == 20
        with pytest.raises(LimitError):
            render_jsonnet(
                "a.jsonnet", tree={"a.jsonnet": ENDLESS}, options=options._replace(timeout=0.3)
            )
        assert render_jsonnet("a.jsonnet", tree={"a.jsonnet": "1"}, options=options).value == 1
    with pytest.raises(KmanifestError, match="closed"):
        render_jsonnet("a.jsonnet", tree={"a.jsonnet": "1"}, options=options)
    assert _children() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_workers_start_anew_in_a_forked_process():
    code = """
import os
from kmanifest import JsonnetOptions, Workers, render_jsonnet

workers = Workers(max=1)
options = JsonnetOptions(workers=workers)
assert render_jsonnet("a.jsonnet", tree={"a.jsonnet": "1"}, options=options).value == 1
child = os.fork()
for number in range(3):
    value = render_jsonnet("a.jsonnet", tree={"a.jsonnet": f"{number}"}, options=options).value
    assert value == number
if not child:
    workers.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert render_jsonnet("a.jsonnet", tree={"a.jsonnet": "2"}, options=options).value == 2
workers.close()
print("done")
"""
    command = [sys.executable, "-X", "dev", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("done\n", "")


def _children() -> list[str]:
    path = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    if not path.exists():
        pytest.skip("this system does not list the children of a process")
    names = (Path(f"/proc/{number}/cmdline").read_bytes() for number in path.read_text().split())
    return [name.decode() for name in names if b"jsonnet.worker" in name]


def test_a_build_without_jsonnet_imports_nothing_of_it():
    code = (
        "import sys; from kmanifest import build; build(tree={'kustomization.yaml': 'namePrefix: p-'});"
        "print([name for name in sys.modules if 'jsonnet' in name or 'worker' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_several_files_stay_in_their_directory(tmp_path: Path):
    run = [*COMMAND, "-c", "-m", "out", "-e"]
    result = subprocess.run(
        [*run, "{ '../x': 1 }"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "path escapes from parent" in result.stderr
    assert not (tmp_path / "x").exists()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    result = subprocess.run(
        [*run, "{ 'link/x': 1 }"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "path escapes from parent" in result.stderr
    assert not (tmp_path / "x").exists()
