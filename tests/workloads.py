"""Work that grows with a size: every reader, and builds with large inputs of each kind. Tests measure its growth and its end.

Each entry of `WORKLOADS` prepares an input of about `size` parts and returns the function that is measured.
"""

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from kmanifest import Options
from kmanifest.api import build
from kmanifest.engines.helm.charts.ignore import parse_rules
from kmanifest.engines.helm.charts.loader import load_archive
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
from kmanifest.engines.helm.gotemplate.parser import parse
from kmanifest.engines.helm.objects.file_globs import path_matcher
from kmanifest.engines.helm.sources.index import load_index
from kmanifest.engines.helm.templates.runtime import make_functions
from kmanifest.engines.helm.values.set_flags import set_strings, set_typed
from kmanifest.engines.kustomize.goyaml.compose import parse_node
from kmanifest.engines.kustomize.goyaml.emitter import print_node
from kmanifest.engines.kustomize.key_values import parse_env
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.helm import render_chart
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.yaml import python as pure_yaml
from kmanifest.yaml.positions import find_position

Work = Callable[[], object]
Files = Mapping[str, str]
WIDE: Final = DEFAULT_LIMITS._replace(max_items=1 << 40)
FUNCTIONS: Final = {**BUILTINS, **make_functions(dialect=HELM3, limits=WIDE)}
_META = "{apiVersion: v2, name: c, version: 1.0.0}"


# --- builds -----------------------------------------------------------------------------------------------------------


def _resources(size: int, kind: str = "ConfigMap", rest: str = "data: {a: b}") -> str:
    api = "apps/v1" if kind == "Deployment" else "v1"
    return "".join(
        f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: n{index}, labels: {{i: 'v{index}'}}}}\n{rest}\n"
        for index in range(size)
    )


_DEPLOYMENT = "spec: {template: {spec: {containers: [{name: c, image: 'a:1', envFrom: [{configMapRef: {name: n1}}]}]}}}"


def _overlay(kustomization: str, kind: str = "Deployment") -> Callable[[int], Work]:
    """A kustomization over `size` resources."""

    def make(size: int) -> Work:
        rest = _DEPLOYMENT if kind == "Deployment" else "data: {a: b}"
        return _kustomization(
            {
                "kustomization.yaml": f"resources: [all.yaml]\n{kustomization}\n",
                "all.yaml": _resources(size, kind, rest),
            }
        )

    return make


def _kustomization(files: Files) -> Work:
    options = Options(engines=(KustomizeOptions(enable_helm=True),))
    return lambda: build(tree=files, options=options).text()


def _images(size: int) -> Work:
    """Many images over a few resources."""
    images = _lines("- {name: x{i}, newTag: '2'}\n", size)
    return _kustomization(
        {
            "kustomization.yaml": f"resources: [all.yaml]\nimages:\n{images}",
            "all.yaml": _resources(10, "Deployment", _DEPLOYMENT),
        }
    )


def _one_resource(body: Callable[[int], str], kustomization: str = "") -> Callable[[int], Work]:
    """A kustomization with one large resource."""

    def make(size: int) -> Work:
        head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\n"
        return _kustomization(
            {
                "kustomization.yaml": f"resources: [a.yaml]\n{kustomization}",
                "a.yaml": head + body(size),
            }
        )

    return make


def _generator(files: Callable[[int], Files]) -> Callable[[int], Work]:
    return lambda size: _kustomization(files(size))


def _lines(line: str, size: int) -> str:
    return "".join(line.replace("{i}", str(index)) for index in range(size))


def _json_patch(size: int) -> str:
    operations = _lines("  - {op: add, path: /data/k{i}, value: 'v'}\n", size)
    return f"patches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n{operations.replace('  -', '    -')}"


def _list_patch(size: int) -> Files:
    spec = (
        "spec: {template: {spec: {containers: [" + _lines("{name: c{i}, image: b}, ", size) + "]}}}"
    )
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n0}\n"
    return {
        "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "a.yaml": _resources(1, "Deployment", spec),
        "p.yaml": head + spec.replace("image: b", "image: c"),
    }


def _bases(size: int) -> Files:
    files = {"kustomization.yaml": "resources: [" + _lines("b{i}, ", size) + "]\n"}
    for index in range(size):
        files[f"b{index}/kustomization.yaml"] = f"resources: [a.yaml]\nnamePrefix: p{index}-\n"
        files[f"b{index}/a.yaml"] = _resources(1)
    return files


def _chain(size: int) -> Files:
    """Each kustomization is on top of the one before. Python's stack limits their number."""
    files = {"b0/kustomization.yaml": "resources: [a.yaml]\n", "b0/a.yaml": _resources(size)}
    for index in range(1, 8):
        files[f"b{index}/kustomization.yaml"] = f"resources: [../b{index - 1}]\nnameSuffix: -s\n"
    files["kustomization.yaml"] = "resources: [b7]\n"
    return files


def _references(size: int) -> Files:
    return {
        "kustomization.yaml": "resources: [all.yaml]\nnamePrefix: p-\n",
        "all.yaml": _resources(size)
        + "".join(
            f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{index}}}\n"
            f"spec: {{containers: [{{name: c, envFrom: [{{configMapRef: {{name: n{index}}}}}]}}]}}\n"
            for index in range(size)
        ),
    }


def _replacement_targets(size: int) -> Files:
    return {
        "kustomization.yaml": "resources: [all.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: n0, fieldPath: data.a}\n"
        "  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a], options: {create: true}}]\n",
        "all.yaml": _resources(size),
    }


def _crds(size: int) -> Files:
    properties = ",".join(
        f'"p{index}": {{"type": "object", "x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"}}'
        for index in range(size)
    )
    return {
        "kustomization.yaml": "resources: [a.yaml]\ncrds: [crd.json]\nnamePrefix: p-\n",
        "a.yaml": _resources(3),
        "crd.json": f'{{"x.Kind": {{"Schema": {{"properties": {{{properties}}}}}}}}}',
    }


# --- charts -----------------------------------------------------------------------------------------------------------


def _chart(
    files: Callable[[int], Files], values: Callable[[int], Any] = lambda _: {}
) -> Callable[[int], Work]:
    def make(size: int) -> Work:
        tree = {"Chart.yaml": _META, **files(size)}
        given = values(size)
        return lambda: render_chart("", tree=tree, values=given).text()

    return make


def _template(text: Callable[[int], str]) -> Callable[[int], Work]:
    return _chart(lambda size: {"templates/a.yaml": text(size)})


def _subcharts(size: int) -> Files:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n"
        + _lines("- {name: s{i}, version: '*', condition: 's{i}.on'}\n", size)
    }
    for index in range(size):
        files[f"charts/s{index}/Chart.yaml"] = _META.replace("name: c", f"name: s{index}")
        files[f"charts/s{index}/templates/a.yaml"] = "a: {{ .Values.global }}"
    return files


def _schema(size: int) -> Files:
    properties = ",".join(f'"k{index}": {{"type": "integer"}}' for index in range(size))
    return {
        "values.schema.json": f'{{"properties": {{{properties}}}, "patternProperties": {{"^z": {{"type": "string"}}}}, "additionalProperties": {{"type": "integer"}}}}',
        "values.yaml": _lines("k{i}: 1\n", size),
        "templates/a.yaml": "a: b",
    }


def _unique_items(size: int) -> Files:
    return {
        "values.schema.json": '{"properties": {"l": {"uniqueItems": true, "items": {"enum": ["x", "y"]}}}}'.replace(
            ', "items": {"enum": ["x", "y"]}', ""
        ),
        "values.yaml": "l: [" + _lines("{a: {i}}, ", size) + "]\n",
        "templates/a.yaml": "a: b",
    }


def _archive(
    entries: Callable[[int], list[tuple[tarfile.TarInfo, bytes]]],
) -> Callable[[int], Work]:
    def make(size: int) -> Work:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for info, content in [
                (tarfile.TarInfo("c/Chart.yaml"), _META.encode()),
                *entries(size),
            ]:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        content = gzip.compress(stream.getvalue(), 1)
        return lambda: load_archive(content, dialect=HELM3)

    return make


def _pax_records(size: int) -> list[tuple[tarfile.TarInfo, bytes]]:
    info = tarfile.TarInfo("c/a")
    info.type = tarfile.XHDTYPE
    return [(info, b"5 a=\n" * size), (tarfile.TarInfo("c/a"), b"")]


def _members(size: int) -> Work:
    """An archive in many gzip members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("c/Chart.yaml")
        content = _META.encode() + b" " * 512 * size
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    blocks = stream.getvalue()
    parts = [gzip.compress(blocks[start : start + 512], 1) for start in range(0, len(blocks), 512)]
    return partial(load_archive, b"".join(parts), dialect=HELM3)


# --- functions --------------------------------------------------------------------------------------------------------


def _function(name: str, *arguments: Any) -> Callable[[int], Work]:
    """A call of a template function. An argument that is a function makes the argument for a size."""

    def make(size: int) -> Work:
        values = [each(size) if callable(each) else each for each in arguments]
        return lambda: FUNCTIONS[name].call(*values)

    return make


def _times(piece: str) -> Callable[[int], str]:
    return lambda size: piece * size


def _numbered(line: str) -> Callable[[int], str]:
    return partial(_lines, line)


def _names(size: int) -> list[str]:
    return [f"x{index * 7919 % size}" for index in range(size)]


def _table(size: int) -> dict[str, Any]:
    return {f"k{index}": {"a": index, "b": [1, "x"]} for index in range(size)}


def _reader(read: Callable[[Any], object], content: Callable[[int], Any]) -> Callable[[int], Work]:
    return lambda size: partial(read, content(size))


def _bytes(line: str) -> Callable[[int], bytes]:
    return lambda size: _lines(line, size).encode()


def _set(
    read: Callable[[str, dict[str, Any]], None], text: Callable[[int], str]
) -> Callable[[int], Work]:
    return _reader(lambda flag: read(flag, {}), text)


def _ignore_rules(size: int) -> Work:
    rules = parse_rules(_lines("*.x{i}\n", 50).encode())
    return lambda: [
        rules.ignores(f"templates/f{index}.yaml", is_directory=False) for index in range(size)
    ]


def _glob(size: int) -> Work:
    matches = path_matcher("a/**/{b,c*}/[x-z]*.yaml")
    paths = [f"a/q/c{index}/y.yaml" for index in range(size)]
    return lambda: [*map(matches, paths)]


def _index_file(size: int) -> bytes:
    return (
        b"apiVersion: v1\nentries:\n  a:\n"
        + _lines("  - {name: a, version: 1.0.{i}, urls: [a.tgz]}\n", size).encode()
    )


def _print_nodes(text: str) -> str:
    node = parse_node(text)
    assert node is not None
    return print_node(node)


def _dump(value: Callable[[int], Any]) -> Callable[[int], Work]:
    return _reader(pure_yaml.dump, value)


def _field_position(size: int) -> Work:
    content = _lines("k{i}: {a: [b]}\n", size).encode()
    return lambda: find_position(content, (f"k{size - 1}", "a", 0))


_FOLDED = "- 'a b\n  c {i}'\n"

WORKLOADS: Final[Mapping[str, Callable[[int], Work]]] = {
    # readers
    "yaml lines": _reader(pure_yaml.load_documents, _bytes("k{i}: v{i}\n")),
    "yaml events": _reader(pure_yaml.load_documents, _bytes("k{i}: &a{i} [x, {b: 'it''s'}]\n")),
    "yaml documents": _reader(pure_yaml.load_documents, _bytes("---\na: {i}\n")),
    "yaml folded": _reader(pure_yaml.load_documents, _bytes(_FOLDED)),
    "yaml escapes": _reader(pure_yaml.load_documents, lambda size: b'a: "' + b"\\n" * size + b'"\n'),
    "yaml slashes": _reader(pure_yaml.load_documents, lambda size: b'a: "' + b"\\\\/ " * size + b'"\n'),
    "yaml block": _reader(pure_yaml.load_documents, lambda size: b"a: |\n" + b"  x\n\n" * size),
    "yaml comments": _reader(pure_yaml.load_documents, _bytes("# x\na{i}: 1 # y\n")),
    "yaml anchors": _reader(pure_yaml.load_documents, lambda size: b"a: &a x\n" + _lines("k{i}: [*a, x, y, z]\n", size).encode()),
    "yaml merges": _reader(pure_yaml.load_documents, lambda size: b"a: &a {x: 1}\n" + _lines("k{i}: {<<: *a, y: 1}\n", size).encode()),
    "values lines": _reader(pure_yaml.load_values, _bytes("k{i}: v{i}\n")),
    "values events": _reader(pure_yaml.load_values, _bytes("k{i}: &a{i} [x, {b: 'it''s'}]\n")),
    "yaml position": _field_position,
    "yaml dump": _dump(_table),
    "yaml dump strings": _dump(lambda size: {"a": "é: \n x" * size, "b": "a" * size}),
    "goyaml nodes": _reader(_print_nodes, _numbered("# c\nk{i}: {a: [b, 'c']} # d\n")),
    "goyaml strings": _reader(_print_nodes, lambda size: 'a: "' + "\\n x" * size + '"\nb: |\n' + "  y\n" * size),
    "goyaml tags": _reader(parse_node, lambda size: _lines("%TAG !a{i}! !b\n", size) + "---\na: 1\n"),
    "env file": _reader(lambda content: [*parse_env(content)], _bytes("K{i}=v\n# c\n")),
    "helmignore rules": _reader(parse_rules, _bytes("*.x{i}\n")),
    "helmignore": _ignore_rules,
    "glob": _glob,
    "index": _reader(lambda content: load_index(content, "a"), _index_file),
    "set": _set(set_typed, _numbered("a{i}=1,")),
    "set list": _set(set_strings, lambda size: "a={" + "x," * size + "}"),
    "set indexes": _set(set_typed, _numbered("a[{i}]=1,")),
    "template actions": _reader(lambda text: parse("a", text, FUNCTIONS), _numbered("{{ .a{i} | quote }}\n")),
    "template blocks": _reader(lambda text: parse("a", text, FUNCTIONS), lambda size: "{{ if .a }}" * size + "{{ end }}" * size),
    "template else": _reader(lambda text: parse("a", text, FUNCTIONS), lambda size: "{{ if .a }}" + "{{ else if .b }}" * size + "{{ end }}"),
    "template pipe": _reader(lambda text: parse("a", text, FUNCTIONS), lambda size: "{{ 1 " + "| add 1" * size + "}}"),
    "template arguments": _reader(lambda text: parse("a", text, FUNCTIONS), lambda size: "{{ list " + " .a" * size + "}}"),
    "template fields": _reader(lambda text: parse("a", text, FUNCTIONS), lambda size: "{{ " + ".a" * size + "}}"),
    "template variables": _reader(lambda text: parse("a", text, FUNCTIONS), _numbered("{{ $v{i} := 1 }}{{ $v{i} }}")),
    "template definitions": _reader(lambda text: parse("a", text, FUNCTIONS), _numbered("{{ define `d{i}` }}x{{ end }}")),
    "template many parentheses": _reader(lambda text: parse("a", text, FUNCTIONS), _numbered("{{ ((((1)))) }}")),
    "tar files": _archive(lambda size: [(tarfile.TarInfo(f"c/templates/f{index}"), b"x") for index in range(size)]),
    "tar headers": _archive(_pax_records),
    "tar members": _members,
    # functions
    "regexReplaceAll matches": _function("regexReplaceAll", "a", _times("a"), "b"),
    "regexReplaceAll template": _function("regexReplaceAll", "a", "a", _times("$$x${1}")),
    "regexSplit": _function("regexSplit", "[,;]", _times("a,"), -1),
    "regexFindAll": _function("regexFindAll", "[a-c]", _times("a,"), -1),
    "fromToml dotted": _function("fromToml", lambda size: "a." * size + "b = 1"),
    "fromToml tables": _function("fromToml", _numbered("[a.b{i}]\nc = {d.e = [1, 2.5]}\n")),
    "fromToml arrays": _function("fromToml", _numbered("[[a.b]]\nc = 'x'\nd = \"\\u00e9\"\n")),
    "fromYaml": _function("fromYaml", _numbered("k{i}: [a, {b: 1}]\n")),
    "fromJson": _function("fromJson", lambda size: '{"a": [' + '{"b": "\\u00e9", "c": 1.5},' * size + "1]}"),
    "toJson": _function("toJson", _table),
    "toYaml": _function("toYaml", _table),
    "toYamlPretty": _function("toYamlPretty", _table),
    "toToml": _function("toToml", _table),
    "printf": _function("print", "%v %+v %#v", _table, _names, 1),
    "print": _function("cat", _table, _names),
    "quote": _function("quote", _times("é\n\x01")),
    "join": _function("join", ",", _names),
    "sortAlpha": _function("sortAlpha", _names),
    "uniq": _function("uniq", _names),
    "without": _function("without", _names, "x1"),
    "has": _function("has", "y", _names),
    "seq": _function("seq", lambda size: size),
    "chunk": _function("chunk", 3, _names),
    "merge": _function("merge", _table, _table),
    "deepCopy": _function("deepCopy", _table),
    "deepEqual": _function("deepEqual", _table, _table),
    "wrap": _function("wrap", 3, _times("ab cd ")),
    "wrapWith": _function("wrapWith", 3, "\n", _times("abcdef")),
    "camelcase": _function("camelcase", _times("ab_cd ")),
    "snakecase": _function("snakecase", _times("AbCd9 ")),
    "snakecase invalid": _function("snakecase", _times("\udcff")),
    "title": _function("title", _times("ab cd ")),
    "swapcase": _function("swapcase", _times("ab CD ")),
    "b32dec": _function("b32dec", _times("MFRGGZDF")),
    "urlParse": _function("urlParse", lambda size: "http://a/" + "%41/" * size + "?" + "a=b&" * size),
    "duration": _function("dateModify", _times("1h"), FUNCTIONS["toDate"].call("2006", "2020")),
    "clean": _function("clean", _times("a/../b/./")),
    "randAlphaNum": _function("randAlphaNum", lambda size: size),
    "shuffle": _function("shuffle", _times("ab")),
    # charts
    "chart of many files": _chart(lambda size: {f"templates/f{index}.yaml": "a: b" for index in range(size)}),
    "chart of many documents": _template(_numbered("---\nkind: ConfigMap\nmetadata: {name: n{i}}\n")),
    "chart of many hooks": _template(_numbered("---\nkind: Pod\nmetadata: {name: n{i}, annotations: {helm.sh/hook: pre-install}}\n")),
    "chart with subcharts": _chart(_subcharts),
    "chart with a schema": _chart(_schema),
    "chart with unique items": _chart(_unique_items),
    "chart with ignored files": _chart(lambda size: {".helmignore": "*.txt\nx/\n", **{f"f{index}.txt": "" for index in range(size)}}),
    "chart with values": _chart(lambda size: {"values.yaml": _lines("k{i}: {a: 1}\n", size), "templates/a.yaml": "a: {{ .Values | toJson }}"}, _table),
    "Files": _chart(lambda size: {"templates/a.yaml": 'a: {{ (.Files.Glob "f*").AsConfig | len }}', **{f"f{index}": "x" for index in range(size)}}),
    "Files.Lines": _chart(lambda size: {"templates/a.yaml": 'a: {{ .Files.Lines "f" | len }}', "f": "x\n" * size}),
    "range": _template(lambda size: f"a: {{{{ range until {size} }}}}{{{{ . }}}}{{{{ end }}}}"),
    "range over a map": _chart(lambda _: {"templates/a.yaml": "a: {{ range $k, $v := .Values }}{{ $k }}{{ end }}"}, _table),
    "include": _template(lambda size: f'{{{{ define "d" }}}}x{{{{ end }}}}a: {{{{ range until {size} }}}}{{{{ include "d" . }}}}{{{{ end }}}}'),
    "tpl": _template(lambda size: f'a: {{{{ range until {size} }}}}{{{{ tpl (printf "%d{{{{`{{{{ 1 }}}}`}}}}" .) $ | len }}}}{{{{ end }}}}'),
    # kustomizations
    "resources": _overlay(""),
    "names": _overlay("namePrefix: p-\nnameSuffix: -s\nnamespace: x"),
    "labels": _overlay("labels: [{pairs: {a: b}, includeSelectors: true}]\ncommonAnnotations: {c: d}"),
    "images": _overlay("images: [{name: a, newTag: '2'}]"),
    "replicas": _overlay("replicas: [{name: n1, count: 3}]"),
    "patch of all": _overlay("patches: [{target: {kind: Deployment}, patch: '[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 3}]'}]"),
    "merge patch of all": _overlay("patches: [{target: {kind: Deployment}, patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 2}}'}]"),
    "patch by a pattern": _overlay("patches: [{target: {name: 'n[0-9]+', labelSelector: 'i in (v1, v2)'}, patch: '[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 3}]'}]"),
    "sorted": _overlay("sortOptions: {order: legacy}"),
    "annotated": _overlay("buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]"),
    "many images": _images,
    "many labels": _overlay("labels: [{pairs: {" + _lines("l{i}: v, ", 50) + "}}]"),
    "replacements": _generator(_replacement_targets),
    "references": _generator(_references),
    "bases": _generator(_bases),
    "chain": _generator(_chain),
    "crds": _generator(_crds),
    "vars": _overlay("vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: n1}, fieldref: {fieldpath: data.a}}]", "ConfigMap"),
    "large resource": _one_resource(lambda size: "data:\n" + _lines("  k{i}: v\n", size), "namePrefix: p-\n"),
    "many operations": lambda size: _one_resource(lambda _: "data: {a: b}\n", _json_patch(size))(size),
    "list patch": _generator(_list_patch),
    "literals": _generator(lambda size: {"kustomization.yaml": "configMapGenerator:\n- name: a\n  literals:\n" + _lines("  - k{i}=v\n", size)}),
    "env generator": _generator(lambda size: {"kustomization.yaml": "secretGenerator: [{name: a, envs: [e]}]\n", "e": _lines("K{i}=v\n", size)}),
    "generators": _generator(lambda size: {"kustomization.yaml": "configMapGenerator:\n" + _lines("- {name: a{i}, literals: [a=b]}\n", size)}),
    "lists": _generator(lambda size: {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: List\nitems:\n" + _lines("- {apiVersion: v1, kind: ConfigMap, metadata: {name: n{i}}}\n", size)}),
    "configurations": _generator(lambda size: {"kustomization.yaml": "resources: [a.yaml]\nconfigurations: [c.yaml]\nnamePrefix: p-\n", "a.yaml": _resources(3), "c.yaml": "nameReference:\n- kind: ConfigMap\n  fieldSpecs:\n" + _lines("  - {path: spec/a{i}, kind: ConfigMap}\n", size)}),
    "helmCharts": _generator(lambda size: {"kustomization.yaml": "helmCharts: [{name: c}]\n", "charts/c/Chart.yaml": _META, "charts/c/values.yaml": "", "charts/c/templates/a.yaml": _lines("---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: n{i}}\n", size)}),
}  # fmt: skip
"""Work by name. The size is the number of parts of the input."""
