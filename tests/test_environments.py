"""kmanifest.yaml as the library builds it: rows, entries of every language, nested directories, traces and errors."""

from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest import (
    Change,
    EnvironmentOptions,
    KmanifestError,
    LimitError,
    MemoryCache,
    MissingError,
    Options,
    Rendered,
    Resource,
    build,
    environments,
    values,
)
from kmanifest.engines.environment import kustomization

CONFIG_MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}"
AXES = "environments: {axes: {env: [dev, prod], region: [eu, us]}}\n"


def files(definition: str, **more: str) -> dict[str, str]:
    """Return the files of a tree. In names of files, `__` stands for `/` and `_` for a dot."""
    paths = {name.replace("__", "/").replace("_", "."): content for name, content in more.items()}
    return {"kmanifest.yaml": definition, "map.yaml": CONFIG_MAP, **paths}


def error_of(tree: Mapping[str, str], environment: str = "") -> KmanifestError:
    with pytest.raises(KmanifestError) as caught:
        build(tree=tree, environment=environment)
    return caught.value


# --- rows


@pytest.mark.parametrize("chosen", ["prod/us", "env=prod,region=us", "region=us,env=prod"])
def test_an_environment_is_chosen_by_its_axes(chosen: str):
    tree = files(AXES + "namespace: 'shop-{env}'\nnamePrefix: '{region}-'\nresources: [map.yaml]")
    [found] = build(tree=tree, environment=chosen)
    assert (found.name, found.namespace) == ("us-map", "shop-prod")


def test_an_environment_is_chosen_by_a_mapping_or_the_options():
    tree = files(AXES + "nameSuffix: '-{env}'\nresources: [map.yaml]")
    row = {"region": "eu", "env": "dev"}
    assert build(tree=tree, environment=row).find("ConfigMap", "map-dev")
    options = Options(engines=(EnvironmentOptions(environment=row),))
    assert build(tree=tree, options=options).find("ConfigMap", "map-dev")


def test_an_environment_is_chosen_by_the_path():
    tree = {
        f"shop/{name}": content
        for name, content in files(AXES + "namespace: '{env}'\nresources: [map.yaml]").items()
    }
    assert build("shop/prod/us", tree=tree).find("ConfigMap", "map").namespace == "prod"


def test_a_directory_with_the_name_of_a_value_hides_no_environment():
    tree = {
        f"shop/{name}": content
        for name, content in files(AXES + "namespace: '{env}'\nresources: [map.yaml]").items()
    }
    tree |= {"shop/prod/patches/a.yaml": ""}
    assert build("shop/prod/us", tree=tree).find("ConfigMap", "map").namespace == "prod"


def test_a_directory_wins_over_an_environment_of_its_name():
    tree = {
        f"shop/{name}": content for name, content in files(AXES + "resources: [map.yaml]").items()
    }
    tree |= {"shop/prod/us/kustomization.yaml": "resources: [other.yaml]"}
    tree |= {"shop/prod/us/other.yaml": CONFIG_MAP.replace("map}", "other}")}
    assert build("shop/prod/us", tree=tree).find("ConfigMap", "other")


def test_one_environment_needs_no_choice():
    tree = files("environments: {axes: {env: [prod]}}\nnamespace: '{env}'\nresources: [map.yaml]")
    assert build(tree=tree).find("ConfigMap", "map").namespace == "prod"


@pytest.mark.parametrize(
    ("chosen", "message", "near"),
    [
        ("", "choose an environment: dev/eu, dev/us, prod/eu, prod/us", ()),
        ("prod/su", "no environment is called 'prod/su'; the environments are dev/eu, dev/us, prod/eu, prod/us", ("prod/us", "prod/eu")),
        ("prod", "'prod' does not have the form ENV/REGION; the environments are dev/eu, dev/us, prod/eu, prod/us", ("prod/us", "prod/eu")),
        ("env=prd,region=us", "the axis env has no value 'prd'; it has dev, prod", ("prod",)),
        ("env=prod,regoin=us", "no axis is called 'regoin'; the axes are env, region", ("region",)),
        ("env=prod", "choose a value of the axis region: dev/eu, dev/us, prod/eu, prod/us", ()),
        ("env=prod,env=dev", "the axis env is given twice: 'env=prod,env=dev'", ()),
    ],
)  # fmt: skip
def test_a_wrong_choice_lists_the_environments(chosen: str, message: str, near: tuple[str, ...]):
    error = error_of(files(AXES + "resources: [map.yaml]"), chosen)
    assert (error.message, error.near, error.location.file) == (message, near, "kmanifest.yaml")


def test_excluded_combinations_are_no_environments():
    axes = "environments: {axes: {env: [dev, prod], region: [eu, us]}, exclude: [{env: dev, region: us}]}\n"
    tree = files(axes + "resources: [map.yaml]")
    assert ["/".join(row.values()) for row in environments(tree=tree)] == [
        "dev/eu", "prod/eu", "prod/us",
    ]  # fmt: skip
    message = "'dev/us' is excluded; the environments are dev/eu, prod/eu, prod/us"
    assert error_of(tree, "dev/us").message == message


@pytest.mark.parametrize(
    ("text", "message", "field"),
    [
        ("{axis: {env: [a]}}", "unknown field 'axis'", ("axis",)),
        ("{axes: {}}", "specify at least one axis", ("axes",)),
        ("{axes: {env: []}}", "specify at least one value", ("axes", "env")),
        ("{axes: {path: [a]}}", "no axis may be called 'path'", ("axes", "path")),
        ("{axes: {env: [a/b]}}", "the value of an axis consists of letters, digits and . _ -, got 'a/b'", ("axes", "env", 0)),
        ("{axes: {env: [a, a]}}", "'a' is given twice", ("axes", "env", 1)),
        ("{axes: {env: [1]}}", "expected a string, got integer", ("axes", "env", 0)),
        ("{axes: {env: [a]}, exclude: [{evn: a}]}", "no axis is called 'evn'; the axes are env", ("exclude", 0, "evn")),
        ("[env]", "expected a mapping, got list", ()),
    ],
)  # fmt: skip
def test_invalid_axes(text: str, message: str, field: tuple[Any, ...]):
    error = error_of(files(f"resources: [map.yaml]\nenvironments: {text}"))
    assert (error.message, error.location.field) == (message, ("environments", *field))
    assert error.location.line == 2


def test_too_many_environments_are_refused():
    axis = "[" + ", ".join(f"v{number}" for number in range(300)) + "]"
    error = error_of(
        files(f"environments: {{axes: {{a: {axis}, b: {axis}}}}}\nresources: [map.yaml]")
    )
    assert error.message == "more than 10000 environments"


def test_another_name_in_braces_is_refused():
    error = error_of(files(AXES + "namespace: 'a-{regoin}'\nresources: [map.yaml]"), "dev/eu")
    assert error.message == "no axis is called 'regoin'; the axes are env, region"
    assert (error.near, error.location.field, error.location.line) == (
        ("region",),
        ("namespace",),
        2,
    )


def test_a_choice_without_environments_is_refused():
    error = error_of(files("resources: [map.yaml]"), "prod")
    assert error.message == "no environments are declared here: 'prod' can't be chosen"


# --- the file


def test_a_renamed_kustomization_is_accepted():
    header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    assert build(tree=files(header + "resources: [map.yaml]")).find("ConfigMap", "map")


@pytest.mark.parametrize(
    ("text", "message", "near"),
    [
        ("kind: Biuld", "kind should be Build, got 'Biuld'", ("Build",)),
        ("apiVersion: v1", "apiVersion should be kmanifest.dev/v1alpha1", ()),
        ("resuorces: [map.yaml]", "unknown field 'resuorces'", ("resources",)),
        ("environment: {}", "unknown field 'environment'", ("environments",)),
    ],
)
def test_the_type_of_the_file(text: str, message: str, near: tuple[str, ...]):
    error = error_of({"kmanifest.yaml": f"namespace: a\n{text}"})
    assert (error.message, error.near, error.location.line) == (message, near, 2)


def test_two_marker_files_are_an_error():
    tree = files("resources: [map.yaml]") | {"kustomization.yaml": "resources: [map.yaml]"}
    assert (
        error_of(tree).message
        == "found kustomization.yaml and kmanifest.yaml: only one of them may be here, unless --engine chooses kustomize or environment"
    )
    tree = files("resources: [map.yaml]") | {
        "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}"
    }
    assert "Chart.yaml and kmanifest.yaml both claim this directory" in error_of(tree).message
    assert build(tree=tree, options=Options(engine="environment")).find("ConfigMap", "map")


def test_a_kustomization_can_name_a_directory_with_a_kmanifest_yaml():
    tree = {
        "prod/kustomization.yaml": "namePrefix: p-\nresources: [../shop]",
        "shop/kmanifest.yaml": AXES + "namespace: '{env}'\nresources: [map.yaml]",
        "shop/map.yaml": CONFIG_MAP,
    }
    assert (
        build("prod", tree=tree, environment="prod/eu").find("ConfigMap", "p-map").namespace
        == "prod"
    )


# --- values


SHOP = files(
    AXES
    + """\
values: [values.yaml, 'env/{env}.yaml?', {web: {note: inline}}]
resources: [map.yaml]
replacements:
- source: {kind: Values, fieldPath: values.web.replicas}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.replicas], options: {create: true}}]
- source: {kind: Values, fieldPath: env.region}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.region], options: {create: true}}]
"""
) | {"values.yaml": "web: {replicas: 1, note: ''}", "env/prod.yaml": "web:\n  replicas: 5"}


def test_replacements_read_values_and_the_environment():
    found = build(tree=SHOP, environment="prod/us").find("ConfigMap", "map")
    assert found.get("data") == {"replicas": 5, "region": "us"}


def test_the_object_with_the_values_is_not_printed():
    assert [each.kind for each in build(tree=SHOP, environment="dev/eu")] == ["ConfigMap"]


def test_values_have_locations():
    shop = values(tree=SHOP, environment="prod/us")
    assert shop.to_dict() == {"web": {"replicas": 5, "note": "inline"}}
    assert shop.env == {"env": "prod", "region": "us"}
    assert str(shop.location("web", "replicas")) == "env/prod.yaml:2:3"
    assert str(shop.location("web", "note")) == "kmanifest.yaml:2:49"
    with pytest.raises(KeyError):
        shop["wbe"]


def test_a_fault_names_the_layer_the_line_and_the_near_name():
    error = error_of(SHOP | {"env/prod.yaml": "web:\n  replcas: 5"}, "prod/eu")
    assert str(error.location) == "env/prod.yaml:2:3"
    assert error.near == ("replicas",)
    assert error.location.field == ("web", "replcas")
    assert error.message == "not declared in values.yaml"


def test_options_can_set_values():
    options = Options(
        engines=(EnvironmentOptions(environment="dev/eu", values={"web": {"replicas": 9}}),)
    )
    rendered = build(tree=SHOP, options=options)
    assert rendered.find("ConfigMap", "map").get("data", "replicas") == 9
    assert [finding.message for finding in rendered.warnings] == [
        "the values of --set are in no file"
    ]
    wrong = Options(
        engines=(EnvironmentOptions(environment="dev/eu", values={"web": {"replica": 9}}),)
    )
    with pytest.raises(MissingError, match=r"web\.replica: not declared") as caught:
        build(tree=SHOP, options=wrong)
    assert caught.value.location.file == "--set"


def test_environments_do_not_share_results_by_mistake():
    shared = MemoryCache()
    found = [
        build(tree=SHOP, environment=row, cache=shared).find("ConfigMap", "map").get("data")
        for row in ("dev/eu", "prod/us", "dev/eu")
    ]
    assert found == [
        {"replicas": 1, "region": "eu"},
        {"replicas": 5, "region": "us"},
        {"replicas": 1, "region": "eu"},
    ]


# --- entries


CHART = {
    "chart/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
    "chart/values.yaml": "{note: default, big: 1}",
    "chart/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "  annotations: {kustomize.config.k8s.io/needs-hash: 'true'}\n"
        "data:\n  note: {{ .Values.note }}\n  big: {{ .Values.big | quote }}\n  namespace: {{ .Release.Namespace }}\n"
    ),
}


def find_map(rendered: Rendered) -> Resource:
    [found] = [each for each in rendered if each.kind == "ConfigMap"]
    return found


def test_a_chart_gets_its_part_of_the_values():
    tree = files(
        "namespace: shop\nvalues: [{web: {note: hello, big: 1000000}}]\n"
        "resources: [{chart: chart, release: front, values: .web}]"
    )
    found = find_map(build(tree=tree | CHART))
    # Helm reads numbers of value files as floating-point numbers.
    assert found.get("data") == {"note": "hello", "big": "1e+06", "namespace": "shop"}


def test_a_chart_without_values_gets_none():
    tree = files("values: [{note: other}]\nresources: [{chart: chart}]") | CHART
    assert find_map(build(tree=tree)).get("data", "note") == "default"


def test_an_error_in_a_chart_names_the_layer_of_the_value():
    chart = CHART | {"chart/values.schema.json": '{"properties": {"note": {"type": "integer"}}}'}
    tree = files("values: [values.yaml]\nresources: [{chart: chart, values: .web}]") | chart
    tree |= {"values.yaml": "web:\n  note: hello"}
    assert str(error_of(tree).location) == "values.yaml:2:3"


def test_a_template_gets_values_and_the_environment():
    tree = files(AXES + "values: [{name: web}]\nresources: [{template: map.yaml.j2}]") | {
        "map.yaml.j2": "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ values.name }}-{{ env.region }}'}}"
    }
    assert build(tree=tree, environment="dev/us").find("ConfigMap", "web-us")


JSONNET = """\
function(values, env, replicas) {
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: values.name + '-' + env.env },
  data: { replicas: std.toString(replicas) },
}
"""


def test_a_jsonnet_function_gets_values_the_environment_and_arguments():
    tree = files(
        AXES + "values: [{name: web, web: {replicas: 3}}]\n"
        "resources: [{jsonnet: map.jsonnet, tla: {replicas: .web.replicas}}]"
    ) | {"map.jsonnet": JSONNET}
    found = build(tree=tree, environment="prod/us").find("ConfigMap", "web-prod")
    assert found.get("data", "replicas") == "3"


def test_an_entry_can_be_for_some_environments():
    tree = files(
        AXES + "resources: [map.yaml, {path: other.yaml, when: {env: [prod], region: us}}]"
    )
    tree |= {"other.yaml": CONFIG_MAP.replace("map}", "other}")}
    names = {
        row: [each.name for each in build(tree=tree, environment=row)]
        for row in ("dev/us", "prod/eu", "prod/us")
    }
    assert names == {"dev/us": ["map"], "prod/eu": ["map"], "prod/us": ["map", "other"]}


WORKER = {
    "worker/kmanifest.yaml": (
        "values: [values.yaml]\nresources: [{template: map.yaml.j2}]\n"
        "configMapGenerator: [{name: settings, literals: [a=b]}]"
    ),
    "worker/values.yaml": "{queue: default, replicas: 1}",
    "worker/map.yaml.j2": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\n"
        "spec: {replicas: {{ values.replicas }}, template: {spec: {containers: [{name: {{ values.queue }},"
        " envFrom: [{configMapRef: {name: settings}}]}]}}}\n"
    ),
}


def test_instances_build_a_directory_several_times():
    tree = files(
        "values: [{worker: {replicas: 2}}]\n"
        "resources: [{path: worker, values: .worker, instances: {mail: {queue: mail}, sms: {queue: sms, replicas: 7}}}]"
    )
    rendered = build(tree=tree | WORKER)
    found = {
        name: rendered.find("Deployment", f"worker-{name}").get("spec") for name in ("mail", "sms")
    }
    assert {name: spec["replicas"] for name, spec in found.items()} == {"mail": 2, "sms": 7}
    maps = {each.name for each in rendered if each.kind == "ConfigMap"}
    for name, spec in found.items():
        [container] = spec["template"]["spec"]["containers"]
        assert container["name"] == name
        reference = container["envFrom"][0]["configMapRef"]["name"]
        assert reference in maps
        assert reference.startswith(f"settings-{name}-")


def test_the_values_of_an_instance_can_be_a_part():
    tree = files(
        "environments: {axes: {env: [dev, prod]}}\nvalues: [values.yaml, 'env/{env}.yaml?']\n"
        "resources: [{path: worker, instances: {mail: .workers.mail, sms: .workers.sms}}]"
    )
    tree |= WORKER
    tree |= {"values.yaml": "workers: {mail: {queue: m, replicas: 1}, sms: {queue: s}}"}
    tree |= {"env/prod.yaml": "workers: {mail: {replicas: 3}}"}
    for row, replicas in (("dev", 1), ("prod", 3)):
        rendered = build(tree=tree, environment=row)
        spec = rendered.find("Deployment", "worker-mail").get("spec")
        assert spec["replicas"] == replicas
        assert spec["template"]["spec"]["containers"][0]["name"] == "m"


def test_a_chart_gets_the_part_of_each_instance():
    tree = files(
        "values: [{a: {note: one}, b: {note: two}}]\n"
        "resources: [{chart: chart, instances: {a: .a, b: .b}}]"
    )
    rendered = build(tree=tree | CHART)
    assert sorted(each.get("data", "note") for each in rendered) == ["one", "two"]


def test_a_fault_of_an_inner_directory_names_the_outer_layer():
    tree = files("values: [values.yaml]\nresources: [{path: worker, values: .worker}]") | WORKER
    tree |= {"values.yaml": "worker:\n  qeue: mail"}
    error = error_of(tree)
    assert str(error.location) == "values.yaml:2:3"
    assert error.location.field == ("worker", "qeue")
    assert error.near == ("queue",)
    assert error.message == "not declared in worker/values.yaml"


def test_an_inner_directory_gets_the_environment_and_what_the_entry_pins():
    inner = {
        "shop/kmanifest.yaml": AXES + "nameSuffix: '-{env}-{region}'\nresources: [map.yaml]",
        "shop/map.yaml": CONFIG_MAP,
    }
    outer = "environments: {axes: {env: [dev, prod]}}\nresources: [{path: shop, environment: {region: us}}]"
    assert build(tree=files(outer) | inner, environment="prod").find("ConfigMap", "map-prod-us")
    unpinned = "environments: {axes: {env: [dev, prod]}}\nresources: [shop]"
    error = error_of(files(unpinned) | inner, "prod")
    assert error.message == "choose a value of the axis region: dev/eu, dev/us, prod/eu, prod/us"
    assert error.location.file == "shop/kmanifest.yaml"


@pytest.mark.parametrize(
    ("entry", "message", "field", "near"),
    [
        ("{pth: a}", "an entry has one of the fields path, chart, jsonnet, template", (), ("path",)),
        ("{path: a, chart: b}", "path and chart can't both be given", ("chart",), ()),
        ("{template: a.j2, vales: .web}", "unknown field 'vales' of a template entry", ("vales",), ("values",)),
        ("{path: map.yaml, values: .wbe}", "there is no value .wbe", ("values",), (".web",)),
        ("{path: map.yaml, values: .web}", "'values' needs a directory with a kmanifest.yaml, got 'map.yaml'", ("values",), ()),
        ("{path: worker, values: .web.replicas}", "expected the path of a mapping, .web.replicas is of type integer", ("values",), ()),
        ("{path: worker, instances: {mail: .web.replicas}}", "expected the path of a mapping, .web.replicas is of type integer", ("instances", "mail"), ()),
        ("{path: worker, instances: {Mail: {}}}", "the name of an instance consists of lower-case letters, digits and -, got 'Mail'", ("instances", "Mail"), ()),
        ("{path: map.yml}", "no such file or directory: 'map.yml'", ("path",), ("map.yaml",)),
        ("{chart: chrat}", "no such file or directory: 'chrat'", ("chart",), ("chart",)),
        ("{jsonnet: mpa.jsonnet}", "no such file or directory: 'mpa.jsonnet'", ("jsonnet",), ("map.jsonnet",)),
        ("{path: map.yaml, when: {evn: [a]}}", "no axis is called 'evn'; the axes are env, region", ("when", "evn"), ("env",)),
        ("{path: map.yaml, when: {env: [prd]}}", "the axis env has no value 'prd'; it has dev, prod", ("when", "env", 0), ("prod",)),
        ("{jsonnet: map.jsonnet, tla: {replicas: .web.replcas}}", "there is no value .web.replcas", ("tla", "replicas"), (".web.replicas",)),
    ],
)  # fmt: skip
def test_invalid_entries(entry: str, message: str, field: tuple[Any, ...], near: tuple[str, ...]):
    tree = files(AXES + f"values: [{{web: {{replicas: 1}}}}]\nresources:\n- {entry}") | CHART
    error = error_of(tree | WORKER | {"map.jsonnet": JSONNET}, "dev/eu")
    assert (error.message, error.near) == (message, near)
    assert error.location.field == ("resources", 0, *field)
    assert (error.location.file, error.location.line) == ("kmanifest.yaml", 4)


# --- bounds


def test_lists_that_layers_append_are_bounded():
    items = "l: [" + ", ".join(["1"] * 20_000) + "]"
    layers = ", ".join(["{file: more.yaml, lists: {l: append}}"] * 1000)
    tree = files(f"values: [values.yaml, {layers}]\nresources: [map.yaml]")
    error = error_of(tree | {"values.yaml": "l: []", "more.yaml": items})
    assert (error.code, error.message) == (
        "limit-error",
        "a merged list has more than 100000 items",
    )


def test_instances_inside_of_instances_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kustomization, "MAX_READ", 500)
    tree = {"l0/kmanifest.yaml": "{values: [{a: ''}], namePrefix: x-}"}
    for level in range(1, 31):
        instances = ", ".join(f"{name}: {{a: {name}{level}}}" for name in "ab")
        entry = f"{{path: ../l{level - 1}, instances: {{{instances}}}}}"
        tree[f"l{level}/kmanifest.yaml"] = f"values: [{{a: ''}}]\nresources: [{entry}]"
    with pytest.raises(
        LimitError, match=r"the build uses kmanifest\.yaml files more than 500 times"
    ):
        build("l30", tree=tree)


def test_rows_that_are_excluded_one_by_one_take_linear_time():
    names = [f"v{number}" for number in range(9_000)]
    excluded = ", ".join(f"{{a: {name}}}" for name in names[1:])
    axes = f"environments: {{axes: {{a: [{', '.join(names)}]}}, exclude: [{excluded}]}}\n"
    assert environments(tree=files(axes + "resources: [map.yaml]")) == ({"a": "v0"},)


def test_some_environment_is_left():
    axes = "environments: {axes: {a: [x]}, exclude: [{a: x}]}\n"
    error = error_of(files(axes + "resources: [map.yaml]"))
    assert error.message == "all environments are excluded"


def test_a_lone_surrogate_is_an_error_of_its_layer():
    tree = files("values: [values.json]\nresources: [{template: map.yaml.j2}]")
    error = error_of(tree | {"values.json": '{"a": "\\ud800"}', "map.yaml.j2": ""})
    assert error.message == "invalid JSON: a character is not valid Unicode"
    assert error.location.file == "values.json"
    assert error_of(files("values: [{a: '\ud800'}]")).location.file == "kmanifest.yaml"


def test_locations_of_values_that_do_not_exist():
    shop = values(tree=SHOP, environment="prod/us")
    for path in (("zz",), ("web", "zz"), ("web", "replicas", 3)):
        with pytest.raises(MissingError, match="there is no value at"):
            shop.location(*path)


# --- one build of all languages


def test_transformers_hashes_and_references_work_across_languages():
    tree = {
        "kmanifest.yaml": """\
environments: {axes: {env: [prod]}}
values: [{web: {note: hello}, replicas: 4}]
resources:
- {chart: chart, release: front, values: .web}
- {jsonnet: job.jsonnet}
- {template: deployment.yaml.j2}
configMapGenerator:
- {name: more, literals: [more=text]}
patches: [{target: {kind: ConfigMap, name: front}, patch: '[{"op": "add", "path": "/data/patched", "value": "yes"}]'}]
images: [{name: registry/tool, newTag: v2}]
replacements:
- source: {kind: Values, fieldPath: values.replicas}
  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]
""",
        "job.jsonnet": (
            "function(values) {apiVersion: 'batch/v1', kind: 'Job', metadata: {name: 'job'}, spec: {template: {spec:"
            " {containers: [{name: 'tool', image: 'registry/tool:v1', envFrom: [{configMapRef: {name: 'front'}}]}]}}}}"
        ),
        "deployment.yaml.j2": (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ env.env }}}\nspec:\n  replicas: 1\n"
            "  template: {spec: {volumes: [{name: settings, configMap: {name: front}}]}}\n"
        ),
        **CHART,
    }
    changes: list[Change] = []
    rendered = build(tree=tree, on_change=changes.append)
    [settings] = [each for each in rendered if each.name.startswith("front-")]
    assert settings.get("data", "patched") == "yes"
    container = rendered.find("Job", "job").get("spec", "template", "spec", "containers", 0)
    assert container["image"] == "registry/tool:v2"
    assert container["envFrom"][0]["configMapRef"]["name"] == settings.name
    deployment = rendered.find("Deployment", "prod")
    assert deployment.get("spec", "replicas") == 4
    volumes = deployment.get("spec", "template", "spec", "volumes")
    assert volumes[0]["configMap"]["name"] == settings.name
    causes = {change.step for change in changes}
    assert causes >= {
        "kmanifest.dev/v1alpha1/ChartGenerator",
        "kmanifest.dev/v1alpha1/JsonnetGenerator",
        "kmanifest.dev/v1alpha1/JinjaGenerator",
        "builtin/ConfigMapGenerator",
        "builtin/PatchTransformer",
        "builtin/ImageTagTransformer",
        "builtin/ReplacementTransformer",
        "builtin/HashTransformer",
        "builtin/NameReferenceTransformer",
    }


def test_invalid_arguments():
    with pytest.raises(TypeError, match="environment must be a string or a mapping"):
        build(tree=SHOP, environment=3)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(MissingError, match=r"no such file or directory: 'kmanifest\.yaml'"):
        environments(tree={"a.txt": ""})
