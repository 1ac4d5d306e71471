"""Parsing and executing a megabyte of templates that look like a big chart's: CPU milliseconds, least and median of a few runs.

    python bench/gotemplate.py [RUNS]

The text is 64 files with 10,000 actions, of which a quarter are distinct; a quarter of the blocks are not entered.
"""

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from kmanifest.gotemplate import gofmt
from kmanifest.gotemplate.execute import Run
from kmanifest.gotemplate.parser import parse
from kmanifest.gotemplate.templates import Parsed, TemplateSet
from kmanifest.gotemplate.values import Function

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
    """The files: that many actions in about that many bytes."""
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
    """What the blocks look at."""
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


def functions(runs: list[Run]) -> dict[str, Function]:
    """A few functions like helm's."""

    def include(name: str, data: object) -> str:
        return runs[-1].execute(name, data)

    return {
        "include": Function(include, ("string", "interface {}"), "string"),
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


def timed(work: Callable[[], object], runs: int) -> str:
    """Least and median milliseconds of CPU time."""
    spent = []
    for _ in range(runs):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1000)
    return f"{min(spent):6.1f} least {statistics.median(spent):6.1f} median ms CPU"


def main() -> None:
    """Print what was measured."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    files = make(10_000, 1_000_000)
    known = functions([])
    size = sum(len(text) for _, text in files)
    actions = sum(text.count("{{") for _, text in files)
    memo: dict[str, Any] = {}
    parsed = [parse(name, text, known, actions=memo) for name, text in files]
    print(f"{len(files)} files, {size} bytes, {actions} actions, {len(memo)} distinct")

    def read() -> list[Parsed]:
        memo: dict[str, Any] = {}
        return [parse(name, text, known, actions=memo) for name, text in files]

    data = values()

    def write() -> int:
        made: list[Run] = []
        made.append(Run(TemplateSet("t").with_parsed(*parsed), functions(made), missing_key="zero"))
        return sum(len(made[0].execute(name, data)) for name, _ in files[1:])

    print(f"prints {write()} bytes")
    gc.freeze()
    print("lex and parse ", timed(read, runs))
    print("execute       ", timed(write, runs))


if __name__ == "__main__":
    main()
