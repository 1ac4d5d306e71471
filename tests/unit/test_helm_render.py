"""`render_chart`: text first, resources on demand; a loaded chart serves many renders, in many threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from kmanifest.helm import Release, ValueSources, load_chart, render_chart
from kmanifest.io.tree import MemoryTree
from kmanifest.model.errors import KmanifestError, LimitError, RenderError, SourceError
from kmanifest.model.limits import Limits

FILES = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/values.yaml": "num: 1\nt: {a: 1}\n",
    "c/templates/a.yaml": """\
kind: ConfigMap
apiVersion: v1
metadata: {name: "{{ .Release.Name }}"}
data: {num: "{{ .Values.num }}", t: {{ toJson .Values.t | quote }}} # kept
{{- $_ := set .Values.t "b" 2 }}
""",
    "c/charts/s/Chart.yaml": "name: s\nversion: 1.0.0\n",
    "over.yaml": "num: 1000000\n",
}
TREE = MemoryTree(FILES)


def test_text_is_the_output_of_templates_and_resources_are_parsed_from_it():
    rendered = render_chart("c", tree=TREE, release=Release("rel"))
    assert rendered.text().endswith('data: {num: "1", t: "{\\"a\\":1}"} # kept\n')
    assert [resource.id.name for resource in rendered.resources] == ["rel"]
    assert b"".join(rendered.chunks()) == rendered.text().encode()
    copied = pickle.loads(pickle.dumps(rendered))  # noqa: S301 - our own bytes
    assert copied.text() == rendered.text()
    assert copied.resources == rendered.resources


def test_values_from_python_are_read_as_those_of_a_file():
    assert 'num: "1e+06"' in render_chart("c", tree=TREE, values={"num": 1_000_000}).text()
    sources = ValueSources(files=("over.yaml",))
    assert 'num: "1e+06"' in render_chart("c", tree=TREE, sources=sources).text()
    sources = ValueSources(typed=("num=1000000",))
    assert 'num: "1000000"' in render_chart("c", tree=TREE, sources=sources).text()


def test_a_loaded_chart_serves_many_threads_and_does_not_change():
    chart = load_chart(TREE, "c")

    def text(number: int) -> str:
        return render_chart(chart, values={"num": number}).text()

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(text, range(64)))
    assert texts == [text(number) for number in range(64)]
    assert chart.values == {"num": 1.0, "t": {"a": 1.0}}


def test_text_that_is_not_objects_fails_only_when_resources_are_read():
    files = {**FILES, "c/templates/a.yaml": "kind: X\nname: y\n"}
    rendered = render_chart("c", tree=MemoryTree(files))
    assert "kind: X" in rendered.text()
    with pytest.raises(KmanifestError):
        _ = rendered.resources


def test_errors_have_the_messages_of_helm():
    files = {**FILES, "c/templates/a.yaml": '{{ fail "no" }}'}
    with pytest.raises(RenderError) as caught:
        render_chart("c", tree=MemoryTree(files))
    assert caught.value.message == "execution error at (c/templates/a.yaml:1:3): no"
    with pytest.raises(SourceError, match="release name"):
        render_chart("c", tree=TREE, release=Release("Not_A_Name"))


def test_warnings_are_findings():
    rendered = render_chart("c", tree=TREE, values={"num": {"x": 1}})
    assert [finding.message for finding in rendered.warnings] == [
        "coalesce.go:237: warning: skipped value for c.num: Not a table."
    ]


@pytest.mark.parametrize(
    "template",
    ["{{ range until 100000000 }}x{{ end }}", '{{ repeat 100000000 "ab" }}', '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'],
)  # fmt: skip
def test_limits_apply_to_templates(template: str):
    files = {**FILES, "c/templates/a.yaml": template}
    with pytest.raises(RenderError):
        render_chart("c", tree=MemoryTree(files), limits=Limits(max_output=1 << 20))


def test_values_that_are_nested_too_deeply_are_an_error():
    files = {**FILES, "deep.yaml": "a: " + "[" * 5000 + "]" * 5000}
    with pytest.raises(LimitError):
        render_chart("c", tree=MemoryTree(files), sources=ValueSources(files=("deep.yaml",)))


def test_the_caller_chooses_the_version_of_helm():
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/values.yaml": "x: null\n---\ny2: 1\n",
        "c/templates/a.yaml": "v: {{ toJson .Values }}\n\n",
    }
    tree = MemoryTree(files)
    source = "---\n# Source: c/templates/a.yaml\n"
    assert render_chart("c", tree=tree).text() == f'{source}v: {{"x":null}}\n'
    assert render_chart("c", tree=tree, helm_version="4").text() == f'{source}v: {{"y2":1}}\n'
    loaded = load_chart(tree, "c", helm_version="4")
    assert render_chart(loaded, helm_version="4").text() == f'{source}v: {{"y2":1}}\n'
    with pytest.raises(
        SourceError, match="unknown major version of Helm: expected 3 or 4, got '2'"
    ):
        render_chart("c", tree=tree, helm_version="2")
