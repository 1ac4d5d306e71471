"""examples/platform: all its environments, the fields in which they differ, and the same bytes from the peers."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kmanifest import ExecPluginOptions, MemoryCache, Options, build, environments, values
from tests.peers import Peers

PLATFORM = Path(__file__).parent.parent / "examples" / "platform"
OPTIONS = Options(
    enable_plugins=True, allow_exec=True, exec_plugins=ExecPluginOptions(environment=("PATH",))
)
TENANTS = ("amber", "blue", "cyan", "green", "olive", "pink", "red", "teal")
MORE_TENANTS = ("violet", "white")
DASHBOARDS = (
    "catalogue", "database", "gateway", "payments", "tenants", "web", "worker-mail", "worker-sms",
)  # fmt: skip
ALERTS = ("catalogue", "payments", "web")
DEPLOYMENTS = ("catalogue", "dashboard-loader", "web", "worker-mail", "worker-sms")
CHANGED = sorted(
    [
        *(f"ConfigMap/dashboard-{name} data.{name}.json" for name in DASHBOARDS),
        *(f"ConfigMap/tenant-{name} data.region" for name in TENANTS),
        *(f"ResourceQuota/tenant-{name} spec.hard.pods" for name in TENANTS),
        *(f"RoleBinding/tenant-{name} subjects[0].namespace" for name in TENANTS),
        "ResourceQuota/tenant-red spec.hard.requests.memory",
        *(
            f"Deployment/{name} spec.template.metadata.annotations.example.com/region"
            for name in DEPLOYMENTS
        ),
        *(f"PrometheusRule/{name} spec.groups[0].rules[0].expr" for name in ALERTS),
        *(f"PrometheusRule/{name} spec.groups[0].rules[0].labels.region" for name in ALERTS),
        *(f"PrometheusRule/{name} spec.groups[0].rules[0].labels.severity" for name in ALERTS),
        "ConfigMap/web data.settings.json",
        "Deployment/catalogue spec.replicas",
        "Deployment/web spec.replicas",
        "Deployment/web spec.template.spec.containers[0].env[0].name",  # the cache comes first
        "Deployment/worker-mail spec.replicas",
        "Ingress/web spec.rules[0].host",
    ]
)
"""The fields that all environments have, with different values. Namespaces, prefixes and hashes are left out."""

ADDED = sorted(
    [
        "ConfigMap/database", "CronJob/database-backup", "NetworkPolicy/database",
        "PersistentVolumeClaim/database-backup", "Service/database", "ServiceAccount/database",
        "StatefulSet/database",
        "ConfigMap/payments", "Deployment/payments", "Service/payments", "ServiceAccount/payments",
        "Deployment/web", "Deployment/web-cache", "Service/web-cache", "PodDisruptionBudget/web",
        "Ingress/route-catalogue", "Ingress/route-web",
        *(
            f"{kind}/tenant-{name}"
            for name in MORE_TENANTS
            for kind in (
                "ConfigMap", "LimitRange", "NetworkPolicy", "ResourceQuota", "Role", "RoleBinding", "ServiceAccount",
            )
        ),
    ]
)  # fmt: skip
"""The objects that some environments do not have, or of which they do not have all fields."""

ROWS = tuple("/".join(row.values()) for row in environments(PLATFORM))


@cache
def all_rows() -> dict[str, str]:
    shared = MemoryCache()
    return {
        row: build(PLATFORM, environment=row, options=OPTIONS, cache=shared).text() for row in ROWS
    }


def objects(row: str) -> list[dict[str, Any]]:
    return build(PLATFORM, environment=row, options=OPTIONS).to_dicts()


def test_the_table_has_fifteen_rows():
    assert len(ROWS) == 15
    assert (ROWS[0], ROWS[-1]) == ("dev/eu", "prod/ap")


def test_the_readme_shows_a_part_of_the_file():
    readme = (PLATFORM.parents[1] / "README.md").read_text()
    shown = readme.partition("\n## Environments\n")[2].partition("```yaml\n")[2].partition("```")[0]
    assert len(shown.splitlines()) > 20
    rest = (PLATFORM / "kmanifest.yaml").read_text().splitlines()
    for line in filter(None, shown.splitlines()):
        assert line in rest
        rest = rest[rest.index(line) + 1 :]


def test_production_has_all_apps():
    assert len(objects("prod/eu")) >= 120


@pytest.mark.parametrize("row", ["dev/eu", "test/us", "stage/ap", "prod/eu"])
def test_peers_print_the_same_bytes(row: str, tmp_path: Path):
    for program in ("kustomize", "helm", "jsonnet"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH")
    Peers(PLATFORM, row, tmp_path / "peers").write()
    flags = ["--enable-alpha-plugins", "--enable-exec"]
    process = subprocess.run(
        ["kustomize", "build", *flags, tmp_path / "peers"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stderr == ""
    assert all_rows()[row] == process.stdout


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def fields(row: str) -> dict[str, Any]:
    """Return all fields of an environment. The prefix of its region and the hashes of names are the same in all."""
    found: dict[str, Any] = {}
    for body in objects(row):
        name = re.sub("^(eu|us|ap)-", "", body["metadata"]["name"])
        name = re.sub("-[a-z0-9]{10}$", "", name)
        for path, value in leaves(body):
            text = re.sub(r"\b(eu|us|ap)-(?=[a-z])", "", str(value))
            text = re.sub("-[a-z0-9]{10}$", "", text)
            found[f"{body['kind']}/{name} {path}"] = text
    return found


def test_rows_differ_in_these_fields_only():
    all_fields = [fields(row) for row in ROWS]
    names = {name for found in all_fields for name in found}
    differing = {
        name for name in names if len({found.get(name, "absent") for found in all_fields}) > 1
    }
    everywhere = {name for name in names if all(name in found for found in all_fields)}
    changed = sorted(differing & everywhere)
    assert [name for name in changed if not name.endswith(" metadata.namespace")] == CHANGED
    assert sorted({name.split(" ")[0] for name in differing - everywhere}) == ADDED


def test_values_name_their_file_and_line():
    prod = values(PLATFORM, environment="prod/eu")
    assert prod["web"]["replicas"] == 5
    location = prod.location("web", "replicas")
    assert (Path(location.file).name, location.line) == ("prod.yaml", 4)
    assert Path(prod.location("worker", "image").file) == PLATFORM / "values.yaml"
