"""Transformers that kustomize does not have: images in resources of any kind, and resources to be dropped."""

from typing import Any

import pytest

from kmanifest import KmanifestError, MemoryTree, Options, build

ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: c, image: "web:1"}]
  steps:
  - run: {image: "registry.example.com/web:1@sha256:abc"}
  - image: 3
  - image: {repository: web}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: c}
spec: {image: "web:1"}
"""
IMAGES = """\
apiVersion: kmanifest.dev/v1alpha1
kind: ImageTransformer
metadata: {name: images}
imageFields: auto
images:
- {name: web, newTag: "2"}
- {name: registry.example.com/web, newName: mirror/web, digest: "sha256:def"}
"""
DROP = """\
apiVersion: kmanifest.dev/v1alpha1
kind: DropTransformer
metadata: {name: drop}
drop:
- {kind: Rollout, name: w.b}
"""


def project(config: str, **more: str) -> MemoryTree:
    resources = "resources: [rollout.yaml, crd.yaml]\ntransformers: [config.yaml]\n"
    files = {"kustomization.yaml": resources, "rollout.yaml": ROLLOUT, "crd.yaml": CRD}
    return MemoryTree({**files, "config.yaml": config, **more})


def bodies(tree: MemoryTree) -> dict[str, Any]:
    built = build(tree=tree)
    return {resource.kind: resource.body for resource in built.resources}


def test_images_in_any_kind():
    found = bodies(project(IMAGES))
    spec = found["Rollout"]["spec"]
    assert spec["template"]["spec"]["containers"][0]["image"] == "web:2"
    assert [step.get("image") or step["run"]["image"] for step in spec["steps"]] == [
        "mirror/web@sha256:def",
        3,
        {"repository": "web"},
    ]
    assert found["CustomResourceDefinition"]["spec"]["image"] == "web:1"


def test_fields_that_were_touched_are_findings():
    built = build(tree=project(IMAGES))
    assert [(str(each.location), each.location.field[-1], each.message) for each in built.findings] == [
        ("rollout.yaml:7:30", "image", "Rollout/web: web:1 is now web:2"),
        ("rollout.yaml:9:11", "image", "Rollout/web: registry.example.com/web:1@sha256:abc is now mirror/web@sha256:def"),
    ]  # fmt: skip
    assert {each.code for each in built.findings} == {"touched"}
    assert built.warnings == ()


def test_image_that_is_nowhere():
    config = IMAGES.replace("name: web,", "name: weeb,")
    codes = [finding.code for finding in build(tree=project(config)).findings]
    assert codes == ["untouched", "touched"]
    with pytest.raises(KmanifestError, match="no image is called 'weeb'") as caught:
        build(tree=project(config), options=Options(strict=True))
    assert str(caught.value.location) == "config.yaml:6:4"


def test_dropped():
    assert list(bodies(project(DROP))) == ["CustomResourceDefinition"]


@pytest.mark.parametrize(
    ("config", "place", "message"),
    [
        (
            DROP.replace("w.b", "api"),
            "config.yaml:5:3",
            "nothing to drop is selected by Rollout/api",
        ),
        (DROP.replace("w.b", "'['"), "config.yaml:5:19", "is not a regular expression"),
        (DROP.replace("drop:", "drops:"), "config.yaml:4:1", "drops"),
        (IMAGES.replace("auto", "all"), "config.yaml:4:1", "the one value of imageFields is auto"),
        (IMAGES.replace("newTag", "newTags"), "config.yaml:6:15", "newTags"),
    ],
)
def test_wrong_configs(config: str, place: str, message: str):
    with pytest.raises(KmanifestError, match=message) as caught:
        build(tree=project(config))
    assert str(caught.value.location) == place
