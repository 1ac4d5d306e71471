"""The generators of kmanifest for charts, Jsonnet and templates: the results of helm, jsonnet and jinja2, and mistakes."""

import io
import json
import tarfile
from typing import Any

import pytest
import yaml

from kmanifest import (
    HelmOptions,
    JsonnetOptions,
    MemoryTree,
    Options,
    Workers,
    build,
    default_registry,
)
from kmanifest.backend import EXTENSION
from kmanifest.io.cache import MemoryCache
from kmanifest.io.remote.urls import Repository
from kmanifest.io.tree import PrefixedTree, Tree
from kmanifest.model.errors import KmanifestError, MissingError, RenderError, SourceError
from kmanifest.plugin import Context, Resource
from tests import generator_cases
from tests.generator_cases import GeneratorCase

CASES = generator_cases.find_cases()


def name_of(case: GeneratorCase) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_same_bytes_as_the_peer(case: GeneratorCase):
    assert build(str(case.input)).text().encode() == case.expected.read_bytes()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_peer_gets_the_values_of_the_config(case: GeneratorCase):
    kustomization = yaml.safe_load((case.input / "kustomization.yaml").read_text("utf-8"))
    config = yaml.load(
        (case.input / kustomization["generators"][0]).read_text("utf-8"),
        yaml.BaseLoader,  # noqa: S506 - it makes strings only
    )
    for name in ("values", "env"):
        expected = generator_cases.load_mapping(case, name)
        assert _as_texts(config.get(name, {})) == _as_texts(expected)


def _as_texts(value: Any) -> Any:
    """Return a value with the text of each scalar, as the YAML reader of the test has it for `value`."""
    if isinstance(value, dict):
        return {key: _as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_texts(item) for item in value]
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        return float(text)
    except ValueError:
        return text


# ChartGenerator


def chart_files(directory: str = "charts/web") -> dict[str, str]:
    return {
        f"{directory}/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
        f"{directory}/values.yaml": "{size: 1, own: {broken: yes}}",
        f"{directory}/templates/map.yaml": (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
            "data:\n  size: {{ .Values.size | quote }}\n  version: {{ .Capabilities.KubeVersion.Version }}\n"
            '  color: {{ if .Values.web }}{{ required "need a color" .Values.web.color }}{{ end }}\n'
        ),
    }


def chart(**fields: Any) -> dict[str, str]:
    config = {
        "apiVersion": "kmanifest.dev/v1alpha1",
        "kind": "ChartGenerator",
        "metadata": {"name": "g"},
        "chart": "../charts/web",
        **fields,
    }
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in config.items())
    return {
        "k/kustomization.yaml": "namePrefix: p-\ngenerators: [g.yaml]\n",
        "k/g.yaml": lines,
        "k/v.yaml": "size: 2\nweb:\n  color: ''\n",
        **chart_files(),
    }


def test_a_chart_next_to_the_kustomization_is_a_source():
    rendered = build("k", tree=chart(values={"size": 5}))
    assert rendered.find("ConfigMap", "p-web").get("data", "size") == "5"
    assert [each.origin.file for each in rendered] == ["charts/web/templates/map.yaml"]


def test_a_packaged_chart_is_a_source():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in chart_files("web").items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    files: dict[str, Any] = {**chart(chart="web.tgz"), "k/web.tgz": stream.getvalue()}
    rendered = build("k", tree=files)
    assert [(each.name, each.origin.file) for each in rendered] == [("p-web", "k/web.tgz")]


def test_a_remote_base_has_its_own_charts():
    name = "https://example.com/org/r"
    mirror = PrefixedTree(
        MemoryTree(chart(valuesFiles=["v2.yaml"]) | {"k/v2.yaml": "size: 6"}), name
    )

    class Mirror:
        def file(self, url: str) -> str:
            raise MissingError(url)

        def repository(self, repository: Repository) -> str:
            return name

        def tree_of(self, path: str) -> Tree | None:
            return mirror if path.startswith(name) else None

    rendered = build(
        tree={"kustomization.yaml": f"resources: ['{name}//k?ref=v1']"},
        options=Options(allow_remote=True),
        remote=Mirror(),
    )
    (resource,) = rendered
    assert resource.get("data", "size") == "6"
    assert resource.origin.file == f"{name}/charts/web/templates/map.yaml"


def test_the_resources_of_a_chart_have_the_files_that_wrote_them():
    case = next(case for case in CASES if case.name == "chart-values")
    origins = {each.name: each.origin for each in build(str(case.input))}
    sources = {
        name: (origin.file.rpartition("/input/")[2], origin.document)
        for name, origin in origins.items()
    }
    assert sources == {
        "a.acme.io": ("charts/web/crds/crd.yaml", 0),
        "b.acme.io": ("charts/web/crds/crd.yaml", 1),
        "db": ("charts/web/charts/db/templates/db.yaml", 0),
        "shop": ("charts/web", 0),
        "plain": ("charts/web", 0),
        "hook": ("charts/web", 0),
        "check": ("charts/web", 0),
    }


def test_an_error_in_a_resource_has_no_line_of_another_document():
    files = chart()
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: [b]\n"
    several = f"apiVersion: v1\nkind: Job\nmetadata:\n  name: j\n  labels: {{}}\n---\n{one}"
    files["k/kustomization.yaml"] = "commonLabels: {a: b}\ngenerators: [g.yaml]\n"
    for text, location in ((one, "charts/web/templates/map.yaml:5:3"), (several, "charts/web")):
        files["charts/web/templates/map.yaml"] = text
        with pytest.raises(KmanifestError, match=f"^{location}: metadata.labels: expected"):
            build("k", tree=files)


def test_embedded_documents_of_charts_can_be_replaced():
    files = chart(includeCRDs=True)
    crd = "apiVersion: a/v1\nkind: A\nmetadata: {name: a}\nspec: {port: 80}\n"
    files["charts/web/crds/crd.yaml"] = f"---\n{crd}---\n{crd.replace('a}', 'b}')}"
    files["charts/web/templates/map.yaml"] = (
        "kind: ConfigMap\nmetadata: {name: m}\ndata:\n  text: |\n    a: {}\n"
    )
    files["k/kustomization.yaml"] = """generators: [g.yaml]
replacements:
- source: {kind: A, name: b, fieldPath: spec}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.text.a]}]
"""
    data = build("k", tree=files).find("ConfigMap", "m").get("data", "text")
    assert data == "a: {port: 80}"


def test_the_config_wins_over_the_options_of_the_build():
    options = Options(engines=(HelmOptions(kube_version="1.27.0", values={"size": 9}),))
    for fields, version in (({}, "v1.27.0"), ({"kubeVersion": "1.28.0"}, "v1.28.0")):
        data = build("k", tree=chart(**fields), options=options).find("ConfigMap", "p-web")
        assert data.get("data", "version") == version
        assert data.get("data", "size") == "1"


@pytest.mark.parametrize("version", [3, "3", 4, "4"])
def test_the_version_of_helm_can_be_chosen(version: int | str):
    files = chart(helmVersion=version)
    files["charts/web/templates/map.yaml"] += "  helm: {{ .Capabilities.HelmVersion.Version }}\n"
    found = build("k", tree=files).find("ConfigMap", "p-web").get("data", "helm")
    assert str(found).startswith(f"v{version}.")


def test_the_options_of_the_build_have_the_default_version_of_helm():
    files = chart()
    files["charts/web/templates/map.yaml"] += "  helm: {{ .Capabilities.HelmVersion.Version }}\n"
    options = Options(engines=(HelmOptions(helm_version="4"),))
    rendered = build("k", tree=files, options=options)
    assert str(rendered.find("ConfigMap", "p-web").get("data", "helm")).startswith("v4.")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"valeus": {}}, r"k/g\.yaml:5:1: valeus: unknown field 'valeus' \(did you mean values"),
        ({"chart": ""}, r"k/g\.yaml:4:1: chart: a chart is missing"),
        ({"chart": "/charts/web"}, r"k/g\.yaml:4:1: chart: .* cannot be absolute"),
        ({"chart": "oci://a/b"}, r"k/g\.yaml:4:1: chart: expected the path of a chart, got a URL"),
        ({"chart": "../charts/wbe"}, r"k/g\.yaml:4:1: chart: no such file"),
        ({"chart": "../charts"}, r"k/g\.yaml.*Chart\.yaml file is missing"),
        ({"chart": "v.yaml"}, r"k/g\.yaml.*seems to be a YAML file"),
        ({"values": [1]}, r"k/g\.yaml:5:1: values: expected a mapping, got list"),
        ({"valuesFiles": "v.yaml"}, r"k/g\.yaml:5:1: valuesFiles: expected a list"),
        ({"valuesFiles": ["../v.yaml"]}, r"k/g\.yaml:5:15: valuesFiles\.0: .*"),
        ({"valuesFiles": ["kustomization.yaml", "g.yaml", "bad.yaml"]}, r"k/g\.yaml:5:.*valuesFiles\.2: failed to parse k/bad\.yaml"),
        ({"includeCRDs": "yes"}, r"k/g\.yaml:5:1: includeCRDs: expected a boolean"),
        ({"apiVersions": "v1"}, r"k/g\.yaml:5:1: apiVersions: expected a list"),
        ({"helmVersion": 5}, r"k/g\.yaml:5:1: helmVersion: .*expected 3 or 4, got '5'"),
        ({"release": "A_"}, r"k/g\.yaml.*release name \"A_\": invalid release name"),
        ({"values": {"a": 1, "web": {"color": ""}}}, r"k/g\.yaml:5:\d+: values\.web\.color: .*need a color"),
        ({"valuesFiles": ["v.yaml"]}, r"k/v\.yaml:3:3: web\.color: .*need a color"),
        ({"valuesFiles": ["v.yaml"], "values": {"web": {"color": None}}}, r"k/g\.yaml:6:\d+: values\.web\.color: .*need a color"),
    ],
)  # fmt: skip
def test_a_wrong_chart_generator_is_refused(fields: dict[str, Any], problem: str):
    with pytest.raises(KmanifestError, match=problem):
        build("k", tree={**chart(**fields), "k/bad.yaml": "a: [\n"})


def test_the_location_of_a_value_is_that_of_the_config_before_that_of_the_chart():
    files = chart(values={"web": {"color": "red"}})
    files["charts/web/templates/map.yaml"] = (
        '{{ if and .Values.own.broken .Values.web.color (fail "both") }}{{ end }}'
    )
    with pytest.raises(KmanifestError, match=r"k/g\.yaml:5:\d+: values\.web\.color: .*both"):
        build("k", tree=files)


def test_values_that_json_does_not_have_are_refused():
    ctx = Context(MemoryTree(chart()), default_registry(), directory="k")
    plugin = default_registry().find("generator", "kmanifest.dev/v1alpha1/ChartGenerator")
    for value in (float("nan"), {1, 2}):
        body = {"kind": "ChartGenerator", "chart": "../charts/web", "values": {"a": {"b": value}}}
        with pytest.raises(SourceError, match=r"^values: values\.a\.b") as caught:
            plugin.call(ctx, Resource(body))
        assert caught.value.location.field == ("values",)


def test_a_chart_that_uses_randomness_is_rendered_again():
    files = chart()
    files["charts/web/templates/map.yaml"] += "  random: {{ randAlphaNum 20 }}\n"
    base = {"kustomization.yaml": "resources: [k]", **files}
    cache = MemoryCache()
    assert len({build(".", tree=base, cache=cache).text() for _ in range(2)}) == 2


def test_a_base_with_a_chart_is_shared_until_a_file_of_the_chart_changes():
    cache = MemoryCache()
    base = {"kustomization.yaml": "resources: [k]", **chart(valuesFiles=["v2.yaml"])}
    sizes = []
    for size in ("3", "3", "4"):
        rendered = build(".", tree={**base, "k/v2.yaml": f"size: {size}"}, cache=cache)
        sizes.append(rendered.find("ConfigMap", "p-web").get("data", "size"))
    changed = {**base, "k/v2.yaml": "{}", "charts/web/values.yaml": "size: 7"}
    sizes.append(
        build(".", tree=changed, cache=cache).find("ConfigMap", "p-web").get("data", "size")
    )
    assert sizes == ["3", "3", "4", "7"]


# JsonnetGenerator


def jsonnet(code: str, **fields: Any) -> dict[str, str]:
    config = {
        "apiVersion": "kmanifest.dev/v1alpha1",
        "kind": "JsonnetGenerator",
        "metadata": {"name": "g"},
        "file": "a.jsonnet",
        **fields,
    }
    return {
        "kustomization.yaml": "generators: [g.yaml]\n",
        "g.yaml": "".join(f"{name}: {json.dumps(value)}\n" for name, value in config.items()),
        "a.jsonnet": code,
        "f.libsonnet": "function(name) name",
    }


EVALUATIONS = [
    JsonnetOptions(),
    pytest.param(
        JsonnetOptions(isolate="none"),
        marks=pytest.mark.skipif(EXTENSION is None, reason="needs the compiled backend"),
    ),
]
NO_PARAMETER = "(function has no parameter env|parameter env is not defined)"


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize(
    "code",
    [
        "function(values, env) (function(x) x)(env=1)",
        "local f(x) = x; function(env) f(env=1)",
        "function(env) (import 'f.libsonnet')(env=env)",
        "function(env) std.length(env=[])",
        "function(env) std.map(function(x) (function(y) y)(env=x), [1])",
        "function(env) { a: (function(x) x)(env=1) }",
        "function(env, name=(function(x) x)(env=1)) name",
        "function(env) error 'function has no parameter env'",
        "function(env) error 'parameter env is not defined'",
        "(function(x) x)(env=1)",
        "error 'function has no parameter env'",
    ],
)
def test_an_argument_is_not_left_out_because_of_a_call_inside(
    code: str, evaluation: JsonnetOptions
):
    files = jsonnet(code, values={"a": 1}, env={"env": "prod"})
    with pytest.raises(RenderError, match=rf"jsonnet:1:\d+: {NO_PARAMETER}"):
        build(tree=files, options=Options(engines=(evaluation,)))


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_only_values_and_env_are_left_out(evaluation: JsonnetOptions):
    files = jsonnet("function(other) 1", values={}, tlaCode={"another": "1"})
    with pytest.raises(RenderError, match="another"):
        build(tree=files, options=Options(engines=(evaluation,)))


def test_a_process_that_is_used_again_gets_the_arguments_of_each_file():
    config = "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: %s } }"
    with Workers(max=1) as workers:
        options = Options(engines=(JsonnetOptions(workers=workers),))
        names = [
            next(
                iter(build(tree=jsonnet(code, values={"a": "v"}, env={"a": "e"}), options=options))
            )
            for code in (
                "function() " + config % "'none'",
                "function(env) " + config % "env.a",
                "function(values) " + config % "values.a",
                config % "'file'",
            )
            for _ in range(2)
        ]
    assert [each.name for each in names][::2] == ["none", "e", "v", "file"]


def test_the_arguments_of_the_build_win_over_those_of_the_config():
    code = "function(values) { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: values.a } }"
    options = Options(engines=(JsonnetOptions(tla_code=(("values", "{ a: 'build' }"),)),))
    rendered = build(tree=jsonnet(code, values={"a": "config"}), options=options)
    assert [each.name for each in rendered] == ["build"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"vlaues": {}}, r"g\.yaml:5:1: vlaues: unknown field 'vlaues' \(did you mean values"),
        ({"values": [1]}, r"g\.yaml:5:1: values: expected a mapping, got list"),
        ({"env": "prod"}, r"g\.yaml:5:1: env: expected a mapping, got string"),
        ({"values": {}, "tla": {"values": "a"}}, r"g\.yaml:6:7: tla\.values: the field values has"),
        ({"env": {}, "tlaCode": {"env": "1"}}, r"g\.yaml:6:11: tlaCode\.env: the field env has"),
        ({"libraryPaths": [1]}, r"g\.yaml:5:16: libraryPaths\.0: expected a string"),
    ],
)
def test_a_wrong_jsonnet_generator_is_refused(fields: dict[str, Any], problem: str):
    with pytest.raises(SourceError, match=problem):
        build(tree=jsonnet("[]", **fields))


def test_jsonnet_gets_no_values_that_json_does_not_have():
    ctx = Context(MemoryTree({"a.jsonnet": "[]"}), default_registry())
    plugin = default_registry().find("generator", "kmanifest.dev/v1alpha1/JsonnetGenerator")
    for value in (float("inf"), {1, 2}):
        body = {"kind": "JsonnetGenerator", "file": "a.jsonnet", "env": {"a": value}}
        with pytest.raises(SourceError, match="JSON") as caught:
            plugin.call(ctx, Resource(body))
        assert caught.value.location.field == ("env",)
