"""Locations and messages of build errors that the suite of `test_error_locations.py` does not cover."""

import pytest

from kmanifest import MemoryTree, build
from kmanifest.model.errors import KmanifestError

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
OTHER_GROUP = CONFIG_MAP.replace("v1", "example.com/v1")
WITH_PATCH = "resources: [a.yaml]\npatches:\n- path: p.yaml\n"
TARGET = "  target: {kind: ConfigMap}\n"
OPERATIONS = "- {op: add, path: /data, value: {}}\n- {op: remove, path: /date}\n"
NAMESPACED = f"{CONFIG_MAP}  namespace: n\n---\n{CONFIG_MAP}"


@pytest.mark.parametrize(
    ("kustomization", "other_files", "location", "message"),
    [
        pytest.param(
            WITH_PATCH + TARGET,
            {"p.yaml": OPERATIONS},
            "p.yaml:2:3",
            'operation 1 (remove /date): there is no field "date" to remove',
            id="operation in a file",
        ),
        pytest.param(
            f"resources: [a.yaml]\npatches:\n-{TARGET[1:]}  patch: |\n    a: 1\n     b: 2\n",
            {},
            "kustomization.yaml:4:3",
            "patches.0.patch: line 2: mapping values are not allowed in this context",
            id="a line of a patch in the kustomization is no line of the kustomization",
        ),
        pytest.param(
            WITH_PATCH,
            {"p.yaml": OTHER_GROUP},
            "p.yaml:4:3",
            "metadata.name: no resource matches example.com/v1 ConfigMap/a (did you mean v1 ConfigMap/a?)",
            id="patch of another apiVersion",
        ),
        pytest.param(
            WITH_PATCH,
            {"patch.yaml": ""},
            "kustomization.yaml:3:3",
            "patches.0.path: no such file or directory: 'p.yaml' (did you mean a.yaml or patch.yaml?)",
            id="patch file missing",
        ),
        pytest.param(
            "configMapGenerator:\n- name: g\n  files: [conf/my.cfg]\n",
            {"conf/my.conf": ""},
            "kustomization.yaml:3:11",
            "configMapGenerator.0.files.0: no such file or directory: 'conf/my.cfg' (did you mean conf/my.conf?)",
            id="file of a generator missing",
        ),
        pytest.param(
            "secretGenerator:\n- name: g\n  literals:\n  - k=1\n  files: [k]\n",
            {"k": ""},
            "kustomization.yaml:5:11",
            "secretGenerator.0.files.0: the key 'k' comes a second time",
            id="key of a generator twice",
        ),
        pytest.param(
            "resources: [a.yaml, empty, base]\n",
            {"base/kustomization.yaml": "resources: [a.yaml]", "base/a.yaml": CONFIG_MAP}
            | {"empty/kustomization.yaml": "resources: []"},
            "kustomization.yaml:1:28",
            "resources.2: may not add ConfigMap/a: the id is already registered in a.yaml",
            id="id comes again from a base",
        ),
        pytest.param(
            "resources: [a.yaml, b.yaml]\n",
            {"b.yaml": f"{OTHER_GROUP}---\n{CONFIG_MAP}"},
            "b.yaml:9:3",
            "metadata.name: may not add ConfigMap/a: the id is already registered in a.yaml",
            id="id comes again in the second document of a file",
        ),
        pytest.param(
            "resources: [many.yaml]\nnamespace: m\n",
            {"many.yaml": NAMESPACED},
            "kustomization.yaml:2:1",
            "namespace: several objects become ConfigMap/a in namespace m: ConfigMap/a in namespace n, ConfigMap/a",
            id="namespace joins ids",
        ),
        pytest.param(
            "resources: [base]\n",
            {"base/kustomization.yaml": "vars:\n- name: V\n  objref: {kind: Secret, name: s}\n"},
            "base/kustomization.yaml:3:3",
            "vars.0.objref: var 'V': no resource Secret/s",
            id="var of a base",
        ),
    ],
)
def test_location(
    kustomization: str, other_files: dict[str, str], location: str, message: str
) -> None:
    tree = MemoryTree({"kustomization.yaml": kustomization, "a.yaml": CONFIG_MAP, **other_files})
    with pytest.raises(KmanifestError) as caught:
        build(tree=tree)
    assert str(caught.value) == f"{location}: {message}"
