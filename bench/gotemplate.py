"""Measure parsing and executing a megabyte of templates like those of a large chart. Prints CPU milliseconds, minimum and median.

    python bench/gotemplate.py [RUNS [CHART ...]]

The input is 64 files with 10,000 actions, a quarter of them distinct. A quarter of the blocks are not entered. The templates of each
directory CHART, and of its subcharts, are parsed as well. If the extension is installed, it alternates with the pure-Python parser.
"""

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate import gofmt
from kmanifest.engines.helm.gotemplate.execute import Execution
from kmanifest.engines.helm.gotemplate.parser import Actions, parse
from kmanifest.engines.helm.gotemplate.parsers import IS_COMPILED, CachingParser
from kmanifest.engines.helm.gotemplate.suspending import TemplateCall
from kmanifest.engines.helm.gotemplate.templates import ParseResult, TemplateSet
from kmanifest.engines.helm.gotemplate.values import Function
from kmanifest.engines.helm.templates.runtime import make_functions

HELPERS = """{{/* The name. */}}
{{- define "c.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "c.labels" -}}
app.kubernetes.io/name: {{ include "c.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- if .Values.commonLabels }}
{{ toYaml .Values.commonLabels }}
{{- end }}
{{- end -}}
"""
BLOCK = """{{{{- if .Values.{a}.enabled }}}}
apiVersion: v1
kind: Service
metadata:
  name: {{{{ include "c.name" . }}}}-{a}
  labels: {{{{- include "c.labels" . | nindent 4 }}}}
  {{{{- with .Values.{a}.annotations }}}}
  annotations: {{{{- toYaml . | nindent 4 }}}}
  {{{{- end }}}}
spec:
  type: {{{{ .Values.{a}.type | quote }}}}
  {{{{- if and .Values.{a}.{b} (eq .Values.{a}.type "ClusterIP") }}}}
  clusterIP: {{{{ .Values.{a}.{b} }}}}
  {{{{- else if not (empty .Values.{a}.{b}) }}}}
  loadBalancerIP: {{{{ default "none" .Values.{a}.{b} }}}}
  {{{{- end }}}}
  ports:
    {{{{- range $key, $port := .Values.{a}.ports }}}}
    - name: {{{{ $key }}}}
      port: {{{{ $port.number }}}}
      targetPort: {{{{ printf "%s-%s" $key $port.protocol }}}}
    {{{{- end }}}}
  {{{{- $full := printf "%s-%s" (include "c.name" .) "{b}" }}}}
  selector: {{{{ $full | quote }}}}
  # {filler}
{{{{- end }}}}
---
"""
ACTIONS = 20


def make(actions: int, size: int) -> list[tuple[str, str]]:
    """Return files with this many actions in about this many bytes."""
    chance = random.Random(1)
    blocks = actions // ACTIONS
    words = [f"part{number}" for number in range(160)]
    filler = "x" * max(size // blocks - len(BLOCK), 0)
    texts = [
        BLOCK.format(a=chance.choice(words), b=f"key{chance.randrange(12)}", filler=filler)
        for _ in range(blocks)
    ]
    files = [("_helpers.tpl", HELPERS)]
    step = blocks // 63 + 1
    files += [
        (f"templates/f{number:03d}.yaml", "".join(texts[number : number + step]))
        for number in range(0, blocks, step)
    ]
    return files


def values() -> dict[str, Any]:
    """Return the values that the blocks use."""
    parts = {
        f"part{number}": {
            "enabled": number % 4 > 0,
            "annotations": {"a": "b"} if number % 2 else {},
            "type": "ClusterIP" if number % 3 else "LoadBalancer",
            "ports": {"http": {"number": 80.0, "protocol": "TCP"}, "dns": {"number": 53.0, "protocol": "UDP"}},
            **{f"key{key}": "10.0.0.1" if key % 2 else "" for key in range(12)},
        }
        for number in range(160)
    }  # fmt: skip
    return {
        "Values": {**parts, "nameOverride": "", "commonLabels": {"team": "a"}},
        "Chart": {"Name": "chart"},
        "Release": {"Name": "release"},
    }


def functions() -> dict[str, Function]:
    """Return a few functions like Helm's."""

    def include(name: str, data: object) -> TemplateCall:
        return name, data, None, None, None, None

    return {
        "include": Function(include, ("string", "interface {}"), "string", suspending=True),
        "default": Function(lambda value, given=None: given or value, ("interface {}", "...interface {}")),
        "trunc": Function(lambda size, text: text[:size], ("int", "string"), "string"),
        "trimSuffix": Function(lambda end, text: text.removesuffix(end), ("string", "string"), "string"),
        "toYaml": Function(gofmt.text, ("interface {}",), "string"),
        "nindent": Function(
            lambda size, text: "\n" + " " * size + text.replace("\n", "\n" + " " * size),
            ("int", "string"),
            "string",
        ),
        "quote": Function(lambda *given: " ".join(map(gofmt.quoted, given)), ("...interface {}",), "string"),
        "empty": Function(lambda value: not value, ("interface {}",), "bool"),
    }  # fmt: skip


Files = list[tuple[str, str]]


def chart_files(chart: Path) -> Files:
    """Return the templates below a directory."""
    paths = sorted(path for path in chart.rglob("templates/**/*") if path.is_file())
    return [(str(path), path.read_text("utf-8", "surrogateescape")) for path in paths]


def pure(files: Files, known: Collection[str]) -> list[ParseResult]:
    """Parse all files with the pure-Python parser."""
    actions: Actions = {}
    return [
        parse(name, text, known, actions=actions, suspending=["include"]) for name, text in files
    ]


def chosen(files: Files, known: Collection[str]) -> list[ParseResult]:
    """Parse all files with the parser that charts use here."""
    parser = CachingParser(known, ["include"])
    return [parser.parse(name, text) for name, text in files]


def timed(works: Mapping[str, Callable[[], object]], runs: int) -> None:
    """Print the minimum and median CPU milliseconds of the works, which alternate."""
    spent: dict[str, list[float]] = {title: [] for title in works}
    for _ in range(runs):
        for title, work in works.items():
            start = time.process_time()
            work()
            spent[title].append((time.process_time() - start) * 1000)
    for title, found in spent.items():
        print(f"{title:30}{min(found):6.1f} least {statistics.median(found):6.1f} median ms CPU")


def time_parsers(files: Files, known: Collection[str], runs: int) -> None:
    """Compare both parsers on the same files, or measure the only one that is installed."""
    size = sum(len(text) for _, text in files)
    actions: Actions = {}
    for name, text in files:
        parse(name, text, known, actions=actions)
    count = sum(text.count("{{") for _, text in files)
    print(f"{len(files)} files, {size} characters, {count} actions, {len(actions)} distinct")
    works: dict[str, Callable[[], object]] = {"parse, pure": lambda: pure(files, known)}
    if IS_COMPILED:
        works["parse, compiled"] = lambda: chosen(files, known)
    timed(works, runs)


def main() -> None:
    """Print the measurements."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    files = make(10_000, 1_000_000)
    data = values()
    parsed = chosen(files, functions())

    def write() -> int:
        templates = TemplateSet("t").with_parsed(*parsed)
        made = Execution(templates, functions(), missing_key="zero", suspending=["include"])
        return sum(len(made.execute(name, data)) for name, _ in files[1:])

    print(f"prints {write()} bytes")
    gc.disable()  # as the command does
    time_parsers(files, functions(), runs)
    timed({"execute": write}, runs)
    helm = {*make_functions(dialect=HELM3), "include", "tpl", "required", "fail", "lookup"}
    for chart in map(Path, sys.argv[2:]):
        print(chart.name)
        time_parsers(chart_files(chart), helm, runs)


if __name__ == "__main__":
    main()
