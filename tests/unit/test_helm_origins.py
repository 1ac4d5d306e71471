"""Where each value was set, and which values an error or a warning of a render depends on."""

import pytest

from kmanifest.engines.helm.gotemplate.values import Int64
from kmanifest.engines.helm.values.error_values import values_in_error
from kmanifest.helm import ValueSources, find_origins, load_chart, render_chart
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, Location

FILES = {
    "shop/Chart.yaml": """\
apiVersion: v2
name: shop
version: 1.0.0
dependencies:
- {name: db, version: 1.0.0, alias: main}
- {name: db, version: 1.0.0, alias: spare}
""",
    "shop/values.yaml": "x: 0\nbase: b\nmain:\n  size: 2\n",
    "shop/templates/a.yaml": """\
a: {{ .Values.deep.er.still }}
b: {{ required "b is wanted" .Values.image.tag }}
{{- with .Values.t }}
c: {{ .a.b }}{{ if $.Values.x }}{{ end }}
{{- end }}
d: {{ b64enc .Values.x }}
""",
    "shop/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    "shop/charts/db/values.yaml": "# sizes\nsize: 1\nname: db\n",
    "shop/charts/db/templates/a.yaml": "a: {{ .Values.size.x }}\n",
    "a.yaml": "x: 1\nt: {a: 1, b: null}\n",
    "b.yaml": "# again\nx: 1\nt:\n  b: 2\n  c:\n  - 1\n",
}
TREE = MemoryTree(FILES)
CHART = load_chart(TREE, "shop")
SOURCES = ValueSources(files=("a.yaml", "b.yaml"), typed=("t.a=5,new=1",))


def test_each_value_has_the_file_and_line_or_the_flag_that_set_it_last():
    origins = find_origins(CHART, tree=TREE, sources=SOURCES, values={"given": 1, "new": 0})
    assert {path: str(place) for path, place in origins.items()} == {
        ("x",): "b.yaml:2:1",
        ("base",): "shop/values.yaml:2:1",
        ("main", "size"): "shop/values.yaml:4:3",
        ("main", "name"): "shop/charts/db/values.yaml:3:1",
        ("spare", "size"): "shop/charts/db/values.yaml:2:1",
        ("spare", "name"): "shop/charts/db/values.yaml:3:1",
        ("given",): "values",
        ("new",): "--set",
        ("t", "a"): "--set",
        ("t", "b"): "b.yaml:4:3",
        ("t", "c", 0): "b.yaml:6:5",
    }
    assert origins["x",].field == ("x",)


def test_a_table_has_the_location_of_the_value_set_last_in_it():
    origins = find_origins(CHART, tree=TREE, sources=ValueSources(files=("a.yaml", "b.yaml")))
    assert origins.find(("t",)) == Location("b.yaml", 3, 1, ("t",))
    assert origins.find(("t", "c", "0")) == Location("b.yaml", 6, 5, ("t", "c", 0))


def test_a_value_that_a_scalar_replaced_has_the_location_of_the_scalar():
    origins = find_origins(CHART, tree=TREE, sources=ValueSources(files=("a.yaml",)))
    assert origins.find(("t", "b", "below")) == Location("a.yaml", 2, 11, ("t", "b"))
    assert origins.find(("nowhere",)) is None


def test_padding_of_a_list_is_not_set_by_its_flag():
    sources = ValueSources(json=("l=[1,2]",), typed=("l[1]=3",))
    origins = find_origins(CHART, sources=sources)
    assert origins["l", 0].file == "--set-json"
    assert origins["l", 1].file == "--set"


def test_flags_are_merged_over_given_values_only():
    origins = find_origins(CHART, sources=ValueSources(typed=("base.a=1", "l[0]=1")))
    assert origins["base", "a"].file == "--set"
    assert ("base",) not in origins


TEMPLATE = 'template: shop/templates/a.yaml:{}: executing "shop/templates/a.yaml" at <{}>: {}'
SCHEMA = (
    "values don't meet the specifications of the schema(s) in the following chart(s):\n"
    "shop:\n- at '': additional properties 'a', 'b' not allowed\n- at '/t/c/0': got number, want string\n"
    "main:\n- at '/size': got number, want string\n"
)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (TEMPLATE.format("1:20", ".Values.deep.er.still", "nil pointer"), [("deep", "er", "still")]),
        ("execution error at (shop/templates/a.yaml:2:6): b is wanted", [("image", "tag")]),
        (TEMPLATE.format("4:8", ".a.b", "nil pointer"), []),
        (TEMPLATE.format("6:13", ".Values.x", "wrong type for value"), [("x",)]),
        (TEMPLATE.format("6:6", "b64enc .Values.x", "error calling b64enc"), [("x",)]),
        ('template: shop/charts/main/templates/a.yaml:1:13: executing "x" at <.V>: ', [("main", "size", "x")]),
        (SCHEMA, [("a",), ("b",), ("t", "c", "0"), ("main", "size")]),
        ("coalesce.go:237: warning: skipped value for shop.t: Not a table.", [("t",)]),
        (
            "coalesce.go:316: warning: cannot overwrite table with non table for shop.main.t (map[])",
            [("main", "t")],
        ),
        ("chart requires kubeVersion: 1", []),
    ],
)  # fmt: skip
def test_values_in_error(text: str, paths: list[tuple[str, ...]]):
    assert list(values_in_error(text, CHART)) == paths


def test_an_error_of_a_render_has_the_location_of_its_value():
    size = {"size": {"x": 1}}
    values = {"deep": {"er": Int64(1)}, "main": size, "spare": size}
    with pytest.raises(KmanifestError) as caught:
        render_chart(CHART, tree=TREE, sources=SOURCES, values=values)
    assert caught.value.location == Location("values", field=("deep", "er"))
    assert caught.value.message.startswith("template: shop/templates/a.yaml:1:")


def test_version_4_locates_values_as_it_reads_flags():
    tree = MemoryTree(
        {
            "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
            "values.schema.json": '{"properties": {"size": {"type": "integer"}}}',
        }
    )
    sources = ValueSources(json=('{"size": "big"}',))
    with pytest.raises(KmanifestError, match="at '/size': got string, want integer") as caught:
        render_chart("", tree=tree, sources=sources, helm_version="4")
    assert caught.value.location == Location("--set-json", field=("size",))
    chart = load_chart(tree, "", helm_version="4")
    assert str(find_origins(chart, sources=sources, helm_version="4")["size",]) == "--set-json"
