"""Output files: their names, and atomic writes."""

import os
from pathlib import Path

import pytest

from kmanifest.cli.output import OutputError, file_names, write_directory, write_file
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.rendered import Rendered


def resource(api: str, kind: str, name: str, space: str = "", *, cluster: bool = False) -> Resource:
    metadata = {"name": name, "namespace": space} if space else {"name": name}
    body = {"apiVersion": api, "kind": kind, "metadata": metadata}
    return Resource(body, cluster_scoped=cluster)


def names(*resources: Resource) -> list[str]:
    return list(file_names(resources))


def test_group_version_kind_name_in_lower_case():
    deployment = resource("apps/v1", "Deployment", "Web", "shop")
    assert names(deployment) == ["apps_v1_deployment_web.yaml"]
    assert names(resource("", "Thing", "t")) == ["thing_t.yaml"]


def test_namespace_only_where_there_are_several():
    one, other = resource("v1", "Service", "a", "Shop"), resource("v1", "Service", "a")
    role = resource("rbac/v1", "ClusterRole", "r", "stray", cluster=True)
    assert names(one, role) == ["v1_service_a.yaml", "rbac_v1_clusterrole_r.yaml"]
    assert names(one, other, role) == [
        "shop_v1_service_a.yaml",
        "default_v1_service_a.yaml",
        "rbac_v1_clusterrole_r.yaml",
    ]


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "\0"])
def test_no_name_leads_elsewhere(name: str):
    with pytest.raises(OutputError):
        names(resource("v1", "ConfigMap", name))
    with pytest.raises(OutputError):
        names(resource("v1", "ConfigMap", "a", name), resource("v1", "ConfigMap", "a"))
    with pytest.raises(OutputError):
        names(resource("v1", name, "x"))


def test_odd_names_are_escaped():
    assert names(resource("v1", "ConfigMap", "a\nb\\c")) == ["v1_configmap_a%0Ab%5Cc.yaml"]
    assert names(resource("v1", "ClusterRole", "system:é", cluster=True)) == [
        "v1_clusterrole_system:é.yaml"
    ]


def test_two_resources_never_share_a_file(tmp_path: Path):
    rendered = Rendered(
        ResourceMap([resource("v1", "ConfigMap", "a"), resource("v1", "ConfigMap", "A")])
    )
    with pytest.raises(OutputError, match="would both be written"):
        write_directory(str(tmp_path), rendered)
    assert not list(tmp_path.iterdir())


def test_link_in_the_directory_is_replaced_not_followed(tmp_path: Path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.write_text("keep")
    inside.mkdir()
    (inside / "v1_configmap_a.yaml").symlink_to(outside)
    write_directory(str(inside), Rendered(ResourceMap([resource("v1", "ConfigMap", "a")])))
    assert outside.read_text() == "keep"
    assert not (inside / "v1_configmap_a.yaml").is_symlink()
    assert (inside / "v1_configmap_a.yaml").read_text().startswith("apiVersion: v1\n")


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "out.yaml"
    path.write_text("old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_file(str(path), [b"new"])
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.yaml"]
