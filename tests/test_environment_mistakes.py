"""Mistakes that people make in the files of an environment: the error has the file, the line, and the name that was meant.

Each mistake is a small edit of one project, which builds without it. A mistake of the command line has the line 0.
"""

import sys
from typing import NamedTuple

import pytest

from kmanifest import KmanifestError, build
from kmanifest.yaml import BACKEND

ROW = "prod/eu"
DEFINITION = "kmanifest.yaml"
PROJECT = {
    "kmanifest.yaml": """\
apiVersion: kmanifest.dev/v1alpha1
kind: Build
environments:
  axes:
    env: [dev, prod]
    region: [eu, us]
  exclude:
  - {env: dev, region: us}
values:
- values.yaml
- env/{env}.yaml
- region/{region}.toml?
- file: env/{env}-{region}.json?
  lists:
    tenants: {by: name}
    gateway.hosts: append
- sizes.jsonnet
schema: values.schema.json
namespace: shop-{env}
namePrefix: "{region}-"
resources:
- base
- path: worker
  values: .worker
  environment: {zone: a}
  instances:
    mail: {queue: mail}
    sms: {queue: sms, replicas: 2}
- chart: charts/web
  release: web
  values: .web
- chart: charts/pay
  values: .pay
- jsonnet: alerts/main.jsonnet
  tla:
    thresholds: .alerts
- jsonnet: dashboards.jsonnet
- template: tenants.yaml.j2
  when:
    env: [prod]
- template: routes.yaml.j2
  values: .gateway
images:
- name: catalogue
  newTag: "2"
patches:
- path: restricted.yaml
  target: {kind: Deployment}
replacements:
- source:
    kind: Values
    fieldPath: values.catalogue.replicas
  targets:
  - select: {kind: Deployment, name: catalogue}
    fieldPaths:
    - spec.replicas
- source:
    kind: Values
    fieldPath: env.region
  targets:
  - select: {kind: Deployment, name: catalogue}
    fieldPaths:
    - metadata.annotations.region
    options: {create: true}
""",
    "values.yaml": """\
catalogue:
  replicas: 1
worker:
  replicas: 1
  queue: default
web:
  replicas: 1
  host: web.example.com
  labels: {}
pay:
  provider: sandbox
  rate: 1.0
alerts:
  severity: info
  seconds: 2.5
tenants:
- {name: blue, memory: 1Gi}
- {name: red, memory: 2Gi}
gateway:
  hosts: [example.com]
  certificate: null
sizes:
  small: 1
""",
    "values.schema.json": """\
{
  "properties": {
    "catalogue": {"properties": {"replicas": {"maximum": 20}}},
    "alerts": {
      "properties": {
        "severity": {"enum": ["info", "warning", "page"]}
      }
    }
  }
}
""",
    "env/dev.yaml": "{}\n",
    "env/prod.yaml": """\
# production
catalogue:
  replicas: 5
worker:
  replicas: 3
web:
  replicas: 4
  host: shop.example.com
  labels: {tier: gold}
pay:
  provider: live
  rate: 0.5
alerts:
  severity: page
""",
    "region/eu.toml": """\
[gateway]
certificate = "eu"

[web]
host = "eu.example.com"
""",
    "env/prod-eu.json": """\
{
  "tenants": [
    {"name": "red", "memory": "8Gi"},
    {"name": "teal", "memory": "1Gi"}
  ],
  "gateway": {
    "hosts": ["example.eu"]
  }
}
""",
    "sizes.jsonnet": """\
local double(size) = 2 * size;
{
  sizes: { small: double(4) },
}
""",
    "base/kustomization.yaml": """\
resources:
- catalogue.yaml
configMapGenerator:
- name: catalogue
  literals: [CURRENCY=EUR]
""",
    "base/catalogue.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: catalogue
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: catalogue
        image: catalogue:1
        envFrom: [{configMapRef: {name: catalogue}}]
""",
    "restricted.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: any}
spec:
  template:
    spec:
      hostNetwork: false
""",
    "worker/kmanifest.yaml": """\
environments:
  axes:
    zone: [a, b]
values:
- values.yaml
resources:
- worker.yaml
replacements:
- source:
    kind: Values
    fieldPath: values.queue
  targets:
  - select: {kind: Deployment}
    fieldPaths: [metadata.labels.queue]
""",
    "worker/values.yaml": """\
replicas: 1
queue: default
""",
    "worker/worker.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
  labels: {queue: none}
""",
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "replicas: 1\nhost: ''\nlabels: {}\n",
    "charts/web/templates/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    {{- range $name, $value := .Values.labels }}
    {{ $name }}: {{ $value }}
    {{- end }}
spec:
  replicas: {{ required "replicas is needed" .Values.replicas }}
""",
    "charts/pay/Chart.yaml": "apiVersion: v2\nname: pay\nversion: 1.0.0\n",
    "charts/pay/values.yaml": "provider: sandbox\nrate: 1.0\n",
    "charts/pay/values.schema.json": '{"properties": {"provider": {"enum": ["sandbox", "live"]}, "rate": {"type": "number"}}}',
    "charts/pay/templates/pay.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: pay
data:
  provider: {{ .Values.provider }}
  rate: {{ .Values.rate | quote }}
""",
    "alerts/main.jsonnet": """\
local rule = import 'rule.libsonnet';

function(thresholds, env) {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'alerts' },
  spec: rule(thresholds.severity, env.region),
}
""",
    "alerts/rule.libsonnet": """\
function(severity, region) {
  labels: {
    severity: severity,
    region: region,
  },
}
""",
    "dashboards.jsonnet": """\
function(values, env) [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'dashboard' },
    data: {
      latency: std.toString(values.alerts.seconds),
      region: env.region,
    },
  },
]
""",
    "tenants.yaml.j2": """\
{% for tenant in values.tenants %}
---
apiVersion: v1
kind: ResourceQuota
metadata:
  name: tenant-{{ tenant.name }}
  labels: {region: {{ env.region }}}
spec:
  hard:
    requests.memory: {{ tenant.memory }}
{% endfor %}
""",
    "routes.yaml.j2": """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: routes
spec:
  tls:
  - secretName: {{ values.certificate }}
    hosts: [{{ values.hosts | join(", ") }}]
""",
}


class Mistake(NamedTuple):
    """An edit of a file: `old` is replaced by `new`. Without `old`, `new` is a whole file.

    `at`: the file and the line of the mistake. `near`: the name that was meant, if there is one. Where the error falls
    short of them, `noticed` is the file and the line that it has, and `is_suggested` is false.
    """

    file: str
    old: str
    new: str
    at: str
    near: str = ""
    row: str = ROW
    noticed: str = ""
    is_suggested: bool = True


COMMA_LINE = 7 if sys.version_info >= (3, 13) else 8
"""Python's parser of JSON reports a comma at the end where it is since 3.13, before that at what follows it."""

MISTAKES = {
    # --- values: YAML, TOML, JSON, Jsonnet
    "a key that is not declared": Mistake("env/prod.yaml", "catalogue:\n  replicas", "catalogue:\n  replcas", "env/prod.yaml:3", "replicas"),
    "a part that is not declared": Mistake("env/prod.yaml", "worker:", "wroker:", "env/prod.yaml:4", "worker"),
    "a string instead of an integer": Mistake("env/prod.yaml", "replicas: 4", "replicas: four", "env/prod.yaml:7"),
    "a number in quotes": Mistake("env/prod.yaml", "replicas: 4", "replicas: '4'", "env/prod.yaml:7"),
    "a float instead of an integer": Mistake("env/prod.yaml", "replicas: 4", "replicas: 4.5", "env/prod.yaml:7"),
    "null instead of a string": Mistake("env/prod.yaml", "host: shop.example.com", "host:", "env/prod.yaml:8"),
    "a list instead of a mapping": Mistake("env/prod.yaml", "worker:\n  replicas: 3", "worker:\n- replicas: 3", "env/prod.yaml:4"),
    "an item of a list with another type": Mistake("env/prod-eu.json", '"memory": "1Gi"', '"memory": 1', "env/prod-eu.json:4"),
    "a key of an item that is not declared": Mistake("env/prod-eu.json", '"memory": "8Gi"', '"memroy": "8Gi"', "env/prod-eu.json:3", "memory"),
    "an item without the key of the rule": Mistake("env/prod-eu.json", '"name": "teal", ', "", "env/prod-eu.json:4"),
    "a choice that the schema does not have": Mistake("env/prod.yaml", "severity: page", "severity: paeg", "env/prod.yaml:14", "page"),
    "a number outside of the range of the schema": Mistake("env/prod.yaml", "catalogue:\n  replicas: 5", "catalogue:\n  replicas: 50", "env/prod.yaml:3"),
    "a tab in YAML": Mistake("env/prod.yaml", "  rate: 0.5", "\trate: 0.5", "env/prod.yaml:12"),
    "a wrong indentation in YAML": Mistake("env/prod.yaml", "  host: shop", "   host: shop", "env/prod.yaml:8"),
    "a key that is given twice": Mistake("env/prod.yaml", "  rate: 0.5", "  rate: 0.5\n  rate: 0.6", "env/prod.yaml:13"),
    "a string without quotes in TOML": Mistake("region/eu.toml", '"eu"', "eu", "region/eu.toml:2"),
    "a key that is not declared in TOML": Mistake("region/eu.toml", "host =", "hots =", "region/eu.toml:5", "host"),
    "a table that is not declared in TOML": Mistake("region/eu.toml", "[gateway]", "[getaway]", "region/eu.toml:1", "gateway"),
    "a comma at the end in JSON": Mistake("env/prod-eu.json", '["example.eu"]', '["example.eu"],', f"env/prod-eu.json:{COMMA_LINE}"),
    "a list of another type in JSON": Mistake("env/prod-eu.json", '["example.eu"]', '"example.eu"', "env/prod-eu.json:7"),
    "a key that Jsonnet adds": Mistake("sizes.jsonnet", "small: double", "smal: double", "sizes.jsonnet:3", "small"),
    "a function that a Jsonnet layer does not have": Mistake("sizes.jsonnet", "double(4)", "dubble(4)", "sizes.jsonnet:3", "double", is_suggested=False),
    "a Jsonnet layer without a comma": Mistake("sizes.jsonnet", "double(4) },", "double(4) }\n  web: {},", "sizes.jsonnet:4"),
    "a required layer that does not exist": Mistake(DEFINITION, "- env/{env}.yaml", "- envs/{env}.yaml", "kmanifest.yaml:11", "env/prod.yaml"),
    "an axis that a path does not have": Mistake(DEFINITION, "region/{region}.toml?", "region/{regoin}.toml?", "kmanifest.yaml:12", "region"),
    "a rule for a list that is not declared": Mistake(DEFINITION, "gateway.hosts: append", "gateway.host: append", "kmanifest.yaml:16", "gateway.hosts"),
    "a rule that does not exist": Mistake(DEFINITION, "gateway.hosts: append", "gateway.hosts: apend", "kmanifest.yaml:16", "append"),
    "a misspelt field of a layer": Mistake(DEFINITION, "  lists:", "  list:", "kmanifest.yaml:14", "lists"),
    "a first layer that is optional": Mistake(DEFINITION, "- values.yaml", "- values.yaml?", "kmanifest.yaml:10"),
    "a list that is merged by another key": Mistake(DEFINITION, "{by: name}", "{by: nmae}", "kmanifest.yaml:15", "name"),
    "a value that an inline layer misspells": Mistake(DEFINITION, "- values.yaml\n", "- values.yaml\n- web: {replcas: 3}\n", "kmanifest.yaml:11", "replicas"),
    # --- the schema
    "a schema file that does not exist": Mistake(DEFINITION, "schema: values.schema.json", "schema: value.schema.json", "kmanifest.yaml:18", "values.schema.json"),
    "a schema that is no JSON": Mistake("values.schema.json", '"page"]}', '"page"}', "values.schema.json:6"),
    "a type that no schema has": Mistake("values.schema.json", '{"maximum": 20}', '{"maximum": 20, "type": "int"}', "values.schema.json:3"),
    # --- axes and the fields of the file
    "a misspelt field of the file": Mistake(DEFINITION, "patches:", "pathces:", "kmanifest.yaml:46", "patches"),
    "a misspelt field of the environments": Mistake(DEFINITION, "  exclude:", "  exlude:", "kmanifest.yaml:7", "exclude"),
    "an axis that does not exist is excluded": Mistake(DEFINITION, "{env: dev, region: us}", "{evn: dev, region: us}", "kmanifest.yaml:8", "env"),
    "a value that no axis has is excluded": Mistake(DEFINITION, "{env: dev, region: us}", "{env: dve, region: us}", "kmanifest.yaml:8", "dev"),
    "a value of an axis that is no string": Mistake(DEFINITION, "[dev, prod]", "[dev, prod, 3]", "kmanifest.yaml:5"),
    "a kind that is not Build": Mistake(DEFINITION, "kind: Build", "kind: Built", "kmanifest.yaml:2", "Build"),
    "an environment that does not exist": Mistake(DEFINITION, "kind: Build", "kind:  Build", "kmanifest.yaml:0", "prod/eu", row="prod/ue"),
    "an environment that is excluded": Mistake(DEFINITION, "kind: Build", "kind:  Build", "kmanifest.yaml:8", "dev/eu", row="dev/us"),
    "an axis in the namespace that does not exist": Mistake(DEFINITION, "shop-{env}", "shop-{evn}", "kmanifest.yaml:19", "env"),
    "two files that claim the directory": Mistake("kustomization.yaml", "", "resources: [base]\n", ".:0"),
    "a brace without its pair": Mistake(DEFINITION, "shop-{env}", "shop-{env", "kmanifest.yaml:19"),
    "two pairs of braces": Mistake(DEFINITION, "shop-{env}", "shop-{{env}}", "kmanifest.yaml:19"),
    "axes without the field axes": Mistake(DEFINITION, "  axes:\n    env: [dev, prod]\n    region: [eu, us]\n  exclude:\n  - {env: dev, region: us}", "  env: [dev, prod]\n  region: [eu, us]", "kmanifest.yaml:4"),
    # --- entries
    "a misspelt kind of entry": Mistake(DEFINITION, "- template: routes", "- tempalte: routes", "kmanifest.yaml:41", "template"),
    "a misspelt field of an entry": Mistake(DEFINITION, "  release: web", "  relase: web", "kmanifest.yaml:30", "release"),
    "a directory that does not exist": Mistake(DEFINITION, "- base\n", "- bsae\n", "kmanifest.yaml:22", "base"),
    "a directory of an entry that does not exist": Mistake(DEFINITION, "- path: worker", "- path: workers", "kmanifest.yaml:23", "worker"),
    "a chart that does not exist": Mistake(DEFINITION, "- chart: charts/web", "- chart: charts/wbe", "kmanifest.yaml:29", "charts/web"),
    "a Jsonnet file that does not exist": Mistake(DEFINITION, "dashboards.jsonnet", "dashboard.jsonnet", "kmanifest.yaml:37", "dashboards.jsonnet"),
    "a template that does not exist": Mistake(DEFINITION, "- template: routes.yaml.j2", "- template: route.yaml.j2", "kmanifest.yaml:41", "routes.yaml.j2"),
    "a part of the values that does not exist": Mistake(DEFINITION, "  values: .web", "  values: .wbe", "kmanifest.yaml:31", ".web"),
    "a part for an argument that does not exist": Mistake(DEFINITION, "thresholds: .alerts", "thresholds: .alert", "kmanifest.yaml:36", ".alerts"),
    "an argument that the function does not have": Mistake(DEFINITION, "thresholds: .alerts", "treshold: .alerts", "kmanifest.yaml:36", "thresholds", is_suggested=False),
    "a value of an instance that is not declared": Mistake(DEFINITION, "sms: {queue: sms, replicas: 2}", "sms: {queue: sms, replica: 2}", "kmanifest.yaml:28", "replicas"),
    "a value of an instance with another type": Mistake(DEFINITION, "sms: {queue: sms, replicas: 2}", "sms: {queue: sms, replicas: two}", "kmanifest.yaml:28"),
    "a value of an inner directory that is not declared": Mistake("env/prod.yaml", "worker:\n  replicas: 3", "worker:\n  replicas: 3\n  quee: a", "env/prod.yaml:6", "queue"),
    "a value for an inner directory that only the outer one declares": Mistake("values.yaml", "  queue: default", "  queue: default\n  burst: 1", "values.yaml:6"),
    "a pinned axis that does not exist": Mistake(DEFINITION, "environment: {zone: a}", "environment: {zoen: a}", "kmanifest.yaml:25", "zone"),
    "a pinned value that no axis has": Mistake(DEFINITION, "environment: {zone: a}", "environment: {zone: c}", "kmanifest.yaml:25"),
    "an axis of a condition that does not exist": Mistake(DEFINITION, "    env: [prod]", "    evn: [prod]", "kmanifest.yaml:40", "env"),
    "a value of a condition that no axis has": Mistake(DEFINITION, "    env: [prod]", "    env: [prdo]", "kmanifest.yaml:40", "prod"),
    "two languages in one entry": Mistake(DEFINITION, "  release: web", "  template: routes.yaml.j2", "kmanifest.yaml:30"),
    "values for a directory without a kmanifest.yaml": Mistake(DEFINITION, "- base\n", "- path: base\n  values: .catalogue\n", "kmanifest.yaml:23"),
    "a part that is no path": Mistake(DEFINITION, "  values: .web", "  values: {replicas: 3}", "kmanifest.yaml:31"),
    "a directory instead of a Jsonnet file": Mistake(DEFINITION, "alerts/main.jsonnet", "alerts", "kmanifest.yaml:34"),
    "a setting of a chart with another type": Mistake(DEFINITION, "  release: web", "  includeCRDs: sure", "kmanifest.yaml:30"),
    # --- what reads the values
    "a value that a replacement does not find": Mistake(DEFINITION, "values.catalogue.replicas", "values.catalogue.replcias", "kmanifest.yaml:52", "replicas"),
    "an axis that a replacement does not find": Mistake(DEFINITION, "fieldPath: env.region", "fieldPath: env.regoin", "kmanifest.yaml:59", "region"),
    "a kind that a replacement does not find": Mistake(DEFINITION, "kind: Values\n    fieldPath: values", "kind: Value\n    fieldPath: values", "kmanifest.yaml:51", "Values", noticed="kmanifest.yaml:50"),
    "a field that a replacement does not find": Mistake(DEFINITION, "    - spec.replicas", "    - spec.replcas", "kmanifest.yaml:56", "replicas"),
    "a value that a template does not find": Mistake("routes.yaml.j2", "values.certificate", "values.certifcate", "routes.yaml.j2:7", "certificate"),
    "an axis that a template does not find": Mistake("tenants.yaml.j2", "env.region", "env.regoin", "tenants.yaml.j2:7", "region"),
    "a template that writes no YAML": Mistake("routes.yaml.j2", "kind: Ingress", "kind: Ingress: a", "routes.yaml.j2:2"),
    "a template without the end of a loop": Mistake("tenants.yaml.j2", "{% endfor %}\n", "", "tenants.yaml.j2:1", noticed="tenants.yaml.j2:10"),
    "a template that writes an object without a name": Mistake("routes.yaml.j2", "  name: routes", "  nmae: routes", "routes.yaml.j2:4", noticed="routes.yaml.j2:3"),
    "a value that Jsonnet does not find": Mistake("dashboards.jsonnet", "values.alerts", "values.alert", "dashboards.jsonnet:7", "alerts", is_suggested=False),
    "a variable that Jsonnet does not find": Mistake("dashboards.jsonnet", "std.toString(values", "std.toString(vals", "dashboards.jsonnet:7", "values", is_suggested=False),
    "a function of std that Jsonnet does not find": Mistake("dashboards.jsonnet", "std.toString", "std.tostring", "dashboards.jsonnet:7", "toString", is_suggested=False),
    "an import that Jsonnet does not find": Mistake("alerts/main.jsonnet", "rule.libsonnet", "rules.libsonnet", "alerts/main.jsonnet:1", "rule.libsonnet"),
    "a parameter that Jsonnet does not know": Mistake("dashboards.jsonnet", "function(values, env)", "function(value, env)", "dashboards.jsonnet:1", "value", noticed="dashboards.jsonnet:7", is_suggested=False),
    "a value that a chart needs and does not find": Mistake("charts/web/templates/web.yaml", ".Values.replicas", ".Values.relicas", "charts/web/templates/web.yaml:10", "replicas", is_suggested=False),
    "a function that a chart does not know": Mistake("charts/pay/templates/pay.yaml", "| quote", "| qoute", "charts/pay/templates/pay.yaml:7", "quote", is_suggested=False),
    "a value that the schema of a chart refuses": Mistake("env/prod.yaml", "provider: live", "provider: life", "env/prod.yaml:11", "live", is_suggested=False),
    "a chart that writes no YAML": Mistake("charts/pay/templates/pay.yaml", "  name: pay", "  name: pay: b", "charts/pay/templates/pay.yaml:4", noticed="charts/pay/templates/pay.yaml:0"),
    "a patch that is no YAML": Mistake("restricted.yaml", "metadata: {name: any}", "metadata: {name: any", "restricted.yaml:4"),
    "a base that is no YAML": Mistake("base/catalogue.yaml", "kind: Deployment", "kind Deployment", "base/catalogue.yaml:2", noticed="base/catalogue.yaml:3"),
}  # fmt: skip


def edited(mistake: Mistake) -> dict[str, str]:
    """Return the files of the project with the mistake."""
    if not mistake.old:
        return PROJECT | {mistake.file: mistake.new}
    assert PROJECT[mistake.file].count(mistake.old) == 1
    return PROJECT | {mistake.file: PROJECT[mistake.file].replace(mistake.old, mistake.new)}


ONLY_COMPILED = (
    "a value that Jsonnet does not find",
    "a function of std that Jsonnet does not find",
    "an import that Jsonnet does not find",
    "a parameter that Jsonnet does not know",
)
"""The mistakes to which rjsonnet, without the compiled backend, gives other lines."""


def test_the_project_builds():
    assert len(list(build(tree=PROJECT, environment=ROW))) == 12


@pytest.mark.parametrize("name", MISTAKES)
def test_the_location_and_the_name_are_right(name: str):
    if name in ONLY_COMPILED and BACKEND != "native":
        pytest.skip("the compiled evaluator has these lines")
    mistake = MISTAKES[name]
    with pytest.raises(KmanifestError) as caught:
        build(tree=edited(mistake), environment=mistake.row)
    error = caught.value
    location = f"{error.location.file}:{error.location.line}"
    assert location == (mistake.noticed or mistake.at), error
    if mistake.near:
        assert (mistake.near in error.near) == mistake.is_suggested, error


def test_nearly_all_have_the_right_line_and_most_the_right_name():
    assert len(MISTAKES) >= 90
    assert sum(bool(mistake.noticed) for mistake in MISTAKES.values()) <= 6
    suggested = [mistake for mistake in MISTAKES.values() if mistake.near and mistake.is_suggested]
    assert len(suggested) >= 44
