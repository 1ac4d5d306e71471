"""The output of the three plug-ins for the kustomization in `example`, and their errors."""

import shutil
from pathlib import Path

import kmanifest_example
import pytest

from kmanifest import KmanifestError, Rendered, build, default_registry

EXAMPLE = Path(__file__).parents[1] / "example"


def build_example(directory: Path) -> Rendered:
    plugins = kmanifest_example.kmanifest_plugins()
    return build(str(directory), registry=default_registry().with_plugins(plugins))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "project"))


def test_generator_and_transformer() -> None:
    flags, deployment = sorted(build_example(EXAMPLE).resources, key=lambda each: each.kind)
    assert flags.body["data"] == {"new-cart": "on", "search": "on"}
    container = deployment.body["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": flags.name}}]
    assert flags.name.startswith("shop-flags-")
    for resource in (flags, deployment):
        assert resource.annotations["example.com/owner"] == "team-shop"


def test_validator_warns() -> None:
    findings = build_example(EXAMPLE).findings
    assert [finding.message for finding in findings] == ["ConfigMap/shop-flags has no label app"]


def test_strict_validator_refuses(project: Path) -> None:
    with (project / "labels.yaml").open("a") as stream:
        stream.write("strict: true\n")
    with pytest.raises(KmanifestError, match="has no label app"):
        build_example(project)


def test_invalid_config(project: Path) -> None:
    (project / "owner.yaml").write_text(
        "apiVersion: example.com/v1\nkind: Owner\nmetadata: {name: o}\nowner: 3\n"
    )
    with pytest.raises(KmanifestError, match="3 is not of type") as excinfo:
        build_example(project)
    assert str(excinfo.value.location) == f"{project}/owner.yaml:4:1"
