"""Modules that a small build must not import, because every import makes start-up slower."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kmanifest.yaml import BACKEND

FORBIDDEN = (
    "argparse",
    "asyncio",
    "concurrent.futures",
    "contextvars",
    "copy",
    "ctypes",
    "dataclasses",
    "difflib",
    "email",
    "hashlib",
    "http.client",
    "importlib.metadata",
    "inspect",
    "json",
    "kmanifest.cli.cfg",
    "kmanifest.cli.create",
    "kmanifest.cli.glob",
    "kmanifest.cli.help",
    "kmanifest.cli.localize",
    "kmanifest.cli.report",
    "kmanifest.cli.settings",
    "kmanifest.cli.unknown",
    "kmanifest.cli.version",
    "kmanifest.engines.kustomize.localize",
    "kmanifest.model.globs",
    "kmanifest.engines.helm.gotemplate",
    "kmanifest.model.arguments",
    "kmanifest.model.cancel",
    "kmanifest.model.changes",
    "kmanifest.model.masking",
    "kmanifest.model.records",
    "kmanifest.pipeline.arguments",
    "kmanifest.pipeline.dumping",
    "kmanifest.io.runner",
    "kmanifest.validation",
    "logging",
    "multiprocessing",
    "pathlib",
    "pluggy",
    "random",
    "re2",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "tokenize",
    "tomllib",
    "traceback",
    "typing",
    "urllib.parse",
    "urllib.request",
)
OVERLAY = {
    "kustomization.yaml": """
namespace: shop
namePrefix: p-
labels: [{pairs: {env: prod}, includeSelectors: true}]
commonAnnotations: {owner: "42", ratio: "0.5"}
resources: [app.yaml]
images: [{name: registry.example.com/shop/web, newTag: 2.1.0}, {name: busybox, digest: sha256:0}]
replicas: [{name: app, count: 3}]
patches:
- path: patch.yaml
- target: {kind: Deployment}
  patch: |-
    - {op: replace, path: /spec/minReadySeconds, value: 21}
configMapGenerator: [{name: settings, literals: ["A=1", "B=a: b"]}]
secretGenerator: [{name: token, literals: [token=t1]}]
""",
    "app.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}  # a comment
spec:
  minReadySeconds: 1
  template:
    spec:
      containers:
      - {name: main, image: "registry.example.com/shop/web:1.0", resources: {limits: {cpu: 0.5}}}
      - {name: other, image: busybox}
""",
    "patch.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {template: {spec: {containers: [{name: main, env: [{name: A, value: "1"}]}]}}}
""",
}
OF_PATTERNS = ("collections", "enum", "functools", "operator", "re", "types")
"""Modules that a small build does not import with the compiled backend. The pure-Python backend reads YAML with `re`."""
PROGRAM = """
import sys
from kmanifest.cli.main import main
code = main(["build", sys.argv[1]])
sys.stderr.write("\\n".join(sys.modules))
sys.exit(code)
"""


def test_small_build_imports_nothing_it_does_not_need(tmp_path: Path):
    (tmp_path / "kustomization.yaml").write_text("namePrefix: p-\nresources: [cm.yaml]\n")
    (tmp_path / "cm.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    interpreter_modules = modules("import sys; sys.stderr.write('\\n'.join(sys.modules))", tmp_path)
    loaded = modules(PROGRAM, tmp_path)
    assert "kmanifest.api" in loaded
    forbidden = FORBIDDEN + (OF_PATTERNS if BACKEND == "native" else ())
    assert sorted((loaded - interpreter_modules) & set(forbidden)) == []


def test_usual_overlay_imports_no_regular_expressions(tmp_path: Path):
    if BACKEND != "native":
        pytest.skip("the pure-Python backend reads YAML with regular expressions")
    for path, content in OVERLAY.items():
        (tmp_path / path).write_text(content)
    interpreter_modules = modules("import sys; sys.stderr.write('\\n'.join(sys.modules))", tmp_path)
    loaded = modules(PROGRAM, tmp_path)
    assert "kmanifest.engines.kustomize.transformers.images" in loaded
    assert sorted((loaded - interpreter_modules) & set(OF_PATTERNS)) == []


def modules(program: str, directory: Path) -> set[str]:
    """Run Python code and return the modules that are loaded at its end."""
    result = subprocess.run(
        [sys.executable, "-c", program, str(directory)], capture_output=True, text=True, check=True
    )
    return set(result.stderr.split("\n"))


def test_chart_of_version_3_imports_nothing_of_version_4(tmp_path: Path):
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    loaded = modules(PROGRAM.replace('["build"', '["helm", "template"'), tmp_path)
    assert "kmanifest.engines.helm.dialect" in loaded
    found = [name for name in loaded if name.startswith("kmanifest.engines.helm.dialects.v4")]
    assert [*found, *(loaded & {"kmanifest.cli.helm.version4"})] == []


CHART = """
import sys
from kmanifest.cli.main import main
code = main(["helm", "template", "mine", sys.argv[1]])
sys.stderr.write("\\n".join(sys.modules))
sys.exit(code)
"""


def _render(chart: Path, **environment: str) -> tuple[str, set[str]]:
    """Render a chart and return the output and the loaded modules."""
    result = subprocess.run(
        [sys.executable, "-c", CHART, str(chart)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return result.stdout, set(result.stderr.split("\n"))


def test_second_run_uses_the_parsed_templates_of_the_first(tmp_path: Path):
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: c, version: 1.0.0}")
    (chart / "templates" / "a.yaml").write_text("a: {{ .Release.Name | quote }}\n")
    environment_variables = {
        "KMANIFEST_YAML": "python",
        "KMANIFEST_CACHE_DIR": str(tmp_path / "cache"),
    }
    first, first_modules = _render(chart, **environment_variables)
    second, second_modules = _render(chart, **environment_variables)
    assert first == second == '---\n# Source: c/templates/a.yaml\na: "mine"\n'
    assert {
        "kmanifest.engines.helm.gotemplate.parser",
        "kmanifest.engines.helm.gotemplate.lexer",
    } <= first_modules
    assert (
        not {"kmanifest.engines.helm.gotemplate.parser", "kmanifest.engines.helm.gotemplate.lexer"}
        & second_modules
    )
    (chart / "templates" / "a.yaml").write_text("a: {{ .Release.Namespace | quote }}\n")
    assert (
        _render(chart, **environment_variables)[0]
        == '---\n# Source: c/templates/a.yaml\na: "default"\n'
    )


TEMPLATE = """\
{{- $name := printf "%s-web" .Release.Name | trunc 63 | trimSuffix "-" }}
kind: ConfigMap
metadata:
  name: {{ $name }}
  labels: {{- toYaml .Values.labels | nindent 4 }}
data:
  list: {{ join "," .Values.list | quote }}
  json: {{ toJson .Values.labels | squote }}
  {{- if semverCompare ">=1.20-0" .Capabilities.KubeVersion.Version }}
  port: {{ .Values.port | default 80 | quote }}
  {{- end }}
"""


def test_usual_chart_imports_no_regular_expressions(tmp_path: Path):
    if BACKEND != "native":
        pytest.skip("the pure-Python backend reads YAML and templates with regular expressions")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "map.yaml").write_text(TEMPLATE)
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text("labels: {app: web}\nlist: [a, b]\nport: 8080\n")
    interpreter_modules = modules("import sys; sys.stderr.write('\\n'.join(sys.modules))", tmp_path)
    output, loaded = _render(tmp_path)
    assert 'json: \'{"app":"web"}\'' in output
    assert 'port: "8080"' in output
    assert sorted((loaded - interpreter_modules) & set(OF_PATTERNS)) == []
