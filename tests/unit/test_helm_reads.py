"""Findings for values that no template reads, and for calls of functions whose result differs between renders."""

from typing import Any

import pytest

from kmanifest.helm import ValueSources, render_chart
from kmanifest.io.tree import MemoryTree
from kmanifest.model.findings import IMPURE, UNREACHED, UNUSED, Finding
from kmanifest.pipeline.rendered import Rendered

CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"


def rendered(template: str, values: dict[str, Any], **files: str) -> Rendered:
    tree = MemoryTree(
        {"Chart.yaml": CHART, "templates/a.yaml": f"# {template}", **{k.replace("__", "/"): v for k, v in files.items()}}
    )  # fmt: skip
    return render_chart("", tree=tree, values=values, unused_values=True, show_impure=True)


def unused(template: str, values: dict[str, Any], **files: str) -> list[str]:
    found = rendered(template, values, **files).findings
    return [
        ".".join(map(str, one.location.field)) for one in found if one.code in (UNUSED, UNREACHED)
    ]


DEEP = {"a": {"b": {"c": 1, "d": 2}, "e": 3}}


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("", ["a"]),
        ("{{ .Values.a.b.c }}", ["a.b.d", "a.e"]),
        ("{{ if .Values.a }}{{ end }}", ["a.b", "a.e"]),
        ("{{ .Values.a }}", []),
        ('{{ print .Values.a.b | replace "\\n" "" }}', ["a.e"]),
        ('{{ printf "%v" .Values.a.b }}', ["a.e"]),
        ("{{ toYaml .Values.a.b | b64enc }}", ["a.e"]),
        ("{{ toJson (dict `x` .Values.a.b) }}", ["a.e"]),
        ("{{ toJson (list .Values.a.b) }}", ["a.e"]),
        ("{{ .Values.YAML | b64enc }}", []),
        ("{{ with .Values.a }}{{ .e }}{{ .b.c }}{{ end }}", ["a.b.d"]),
        ("{{ $a := .Values.a }}{{ $a.e }}{{ $.Values.a.b.d }}", ["a.b.c"]),
        ("{{ range $k, $v := .Values.a }}{{ $k }}{{ end }}", ["a.b.c", "a.b.d"]),
        ("{{ range .Values.a.b }}{{ . }}{{ end }}", ["a.e"]),
        ("{{ range $k := keys .Values.a.b }}{{ index $.Values.a.b $k }}{{ end }}", ["a.e"]),
        ("{{ index .Values `a` `b` `c` }}", ["a.b.d", "a.e"]),
        ("{{ get .Values.a.b `c` }}", ["a.b.d", "a.e"]),
        ("{{ dig `b` `c` 0 .Values.a }}", ["a.b.d", "a.e"]),
        ("{{ hasKey .Values.a `e` }}", ["a.b"]),
        ("{{ pluck `e` .Values.a }}", ["a.b"]),
        ("{{ (pick .Values.a `b`).b.c }}", ["a.b.d", "a.e"]),
        ("{{ (default dict .Values.a.b).c }}", ["a.b.d", "a.e"]),
        ("{{ (merge (dict) .Values.a.b).c }}", ["a.e"]),
        ("{{ (deepCopy .Values.a).e }}", []),
        ("{{ define `x` }}{{ .b.c }}{{ end }}{{ include `x` .Values.a }}", ["a.b.d", "a.e"]),
        ("{{ define `x` }}{{ .v.c }}{{ end }}{{ include `x` (dict `v` .Values.a.b) }}", ["a.b.d", "a.e"]),
        ("{{ tpl `{{ .Values.a.e }}` . }}", ["a.b"]),
        ("{{ $_ := set .Values.a `new` 1 }}{{ .Values.a.new }}", ["a.b", "a.e"]),
        ("{{ eq .Values.a.e 3.0 }}{{ len .Values.a.b }}", []),
    ],
)  # fmt: skip
def test_unread_values_of_a_template(template: str, paths: list[str]):
    assert unused(template.replace("`", '"'), DEEP) == paths


def test_the_report_does_not_change_the_output():
    template = (
        "{{ toYaml .Values | b64enc }}{{ typeOf .Values }}{{ typeOf .Values.a }}{{ kindOf .Values.a }}{{ .Values.a }}"
        '{{ mergeOverwrite (deepCopy .Values.a) (dict "b" (dict "z" 1)) }}{{ .Values.a | toJson }}'
        '{{ deepEqual .Values.a.b (dict "c" 1.0 "d" 2.0) }}{{ has .Values.a.b (list (dict)) }}'
    )
    tree = MemoryTree({"Chart.yaml": CHART, "templates/a.yaml": f"# {template}"})
    texts = {
        render_chart("", tree=tree, values=DEEP, unused_values=noted).text()
        for noted in (False, True)
    }
    assert len(texts) == 1
    assert "truefalse" in texts.pop()


def test_a_list_is_read_as_a_whole():
    assert unused(
        "{{ range .Values.l }}{{ .a }}{{ end }}", {"l": [{"a": 1, "b": 2}], "m": [1]}
    ) == ["m"]


def test_the_most_similar_read_name_is_suggested():
    found = rendered("{{ .Values.replicaCount }}", {"replicas": 3}).findings
    place = found[0].location
    assert found == (Finding("info", "no template reads it", place, UNUSED, ("replicaCount",)),)
    assert (place.file, place.field) == ("values", ("replicas",))


def test_a_null_that_deletes_a_default_counts_as_read_with_the_default():
    files = {"values.yaml": "a: 1\nb: 1\n"}
    assert unused("{{ if .Values.a }}{{ end }}", {"a": None, "b": None}, **files) == ["b"]


SUB = {
    "charts__db__Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    "charts__db__templates__a.yaml": "# {{ .Values.size }}{{ .Values.global.zone }}",
}
DECLARED = f"""{CHART}dependencies:
- {{name: db, version: 1.0.0, condition: db.enabled, tags: [data], import-values: [{{child: out.put, parent: in}}]}}
"""


def test_values_of_another_chart_are_read_by_that_one():
    values = {"db": {"size": 1, "siz": 2}, "global": {"zone": "a", "zones": "b"}}
    assert unused("", values, **SUB) == ["db.siz", "global.zones"]
    assert unused("{{ .Values.db.siz }}{{ .Values.global.zones }}", values, **SUB) == []


def test_an_alias_is_the_name_of_its_values():
    aliased = f"{CHART}dependencies: [{{name: db, version: 1.0.0, alias: main}}]\n"
    values = {"db": {"size": 1}, "main": {"size": 1, "siz": 2}}
    assert unused("", values, **{**SUB, "Chart.yaml": aliased}) == ["db", "main.siz"]


def test_values_named_in_chart_yaml_count_as_read():
    values = {
        "db": {"enabled": True, "size": 1, "out": {"put": {"a": 1}, "puts": 1}},
        "tags": {"data": True, "date": True},
    }
    assert unused("", values, **{**SUB, "Chart.yaml": DECLARED}) == ["db.out.puts", "tags.date"]


def test_the_values_of_a_disabled_chart_are_reported_once():
    files = {**SUB, "Chart.yaml": DECLARED}
    assert unused("", {"db": {"enabled": False}}, **files) == []
    found = rendered("", {"db": {"enabled": False, "size": 1, "x": 2}}, **files).findings
    assert [(one.message, one.location.field, one.code) for one in found] == [
        ("its chart is disabled", ("db",), UNREACHED)
    ]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ if false }}{{ .Values.tag }}{{ end }}", UNREACHED),
        ('{{ if false }}{{ index .Values "tag" }}{{ end }}', UNREACHED),
        ("{{ if false }}{{ .Values.image.tag }}{{ end }}", UNUSED),
        ("{{ if false }}{{ .Values.tags }}{{ end }}", UNUSED),
    ],
)
def test_values_behind_a_false_condition_are_reported_as_unreached(template: str, code: str):
    assert [one.code for one in rendered(template, {"tag": 1}).findings] == [code]


def test_a_table_that_is_passed_on_may_be_read_there():
    template = (
        '{{ .Values.probe.period }}{{ if false }}{{ omit .Values.probe "on" | toYaml }}{{ end }}'
    )
    [found] = rendered(template, {"probe": {"period": 1, "periods": 1}}).findings
    assert (found.code, found.near) == (UNREACHED, ("period",))
    [found] = rendered("{{ .Values.probe.period }}", {"probe": {"period": 1, "delay": 1}}).findings
    assert found.code == UNUSED


def test_the_parent_chart_may_read_the_values_of_a_subchart():
    values = {"db": {"size": 1, "deploy": 1}, "global": {"zone": "a"}}
    template = "{{ if false }}{{ .Values.db.deploy }}{{ end }}"
    assert [one.code for one in rendered(template, values, **SUB).findings] == [UNREACHED]


def test_deeper_names_may_be_read_from_any_table():
    template = "{{ .Values.image }}{{ if false }}{{ with .Values.a }}{{ .tag }}{{ end }}{{ end }}"
    values = {"image": 1, "b": {"tag": 1}}
    assert [one.code for one in rendered(template, values).findings] == [UNUSED]
    template = "{{ if .Values.b }}{{ end }}" + template
    assert [one.code for one in rendered(template, values).findings] == [UNREACHED]


def test_layers_have_their_lines():
    tree = MemoryTree({"Chart.yaml": CHART, "a.yaml": "x: 1\nt:\n  z: 1\n", "b.yaml": "x: 2\n"})
    sources = ValueSources(files=("a.yaml", "b.yaml"), strings=("w=1",))
    found = render_chart("", tree=tree, sources=sources, unused_values=True).findings
    assert [str(one.location) for one in found] == ["b.yaml:1:1", "a.yaml:2:1", "--set-string"]


def test_impure_calls_are_reported_with_their_locations():
    template = (
        '{{ include "x" . }}{{ lookup "v1" "Pod" "" "" }}\n# {{ upper "a" }}{{ tpl "{{ now }}" . }}'
    )
    files = {"templates___b.tpl": '{{ define "x" }}\n  {{- randAlpha 3 }}{{ end }}'}
    found = rendered(template, {}, **files).findings
    assert {one.code for one in found} == {IMPURE}
    assert [(str(one.location), one.message.split()[0]) for one in found] == [
        ("shop/templates/_b.tpl:2:7", "randAlpha"),
        ("shop/templates/a.yaml:1:25", "lookup"),
        ("gotpl:1:4", "now"),
    ]


def test_nothing_is_reported_by_default():
    tree = MemoryTree({"Chart.yaml": CHART, "templates/a.yaml": "# {{ now }}"})
    assert render_chart("", tree=tree, values={"a": 1}).findings == ()
