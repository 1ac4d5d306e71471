import pytest

from tests.rule_cases import POD, assert_faults, faults_of, pod_faults, template_faults, within

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, []),
        ({"emptyDir": {"sizeLimit": "-1"}}, [("emptyDir.sizeLimit", "Forbidden: SizeLimit")]),
        (
            {"emptyDir": {}, "nfs": {"server": "a", "path": "/"}},
            [("nfs", "Forbidden: may not specify more than 1 volume type")],
        ),
        (
            {"hostPath": {"path": "/a/../b"}},
            [("hostPath.path", "Invalid value: \"/a/../b\": must not contain '..'")],
        ),
        (
            {"secret": {"secretName": "", "items": [{"key": "a", "path": "/b", "mode": 512}]}},
            [
                ("secret.secretName", "Required value"),
                ("secret.items.0.path", 'Invalid value: "/b": must be a relative path'),
                ("secret.items.0.mode", "Invalid value: 512: must be a number between 0 and 0777"),
            ],
        ),
        (
            {"configMap": {"name": "a", "defaultMode": -1}},
            [("configMap.defaultMode", "Invalid value: -1: must be a number between 0 and 0777")],
        ),
        ({"persistentVolumeClaim": {"claimName": "Bad_Name"}}, []),
        (
            {"persistentVolumeClaim": {"claimName": ""}},
            [("persistentVolumeClaim.claimName", "Required value")],
        ),
        (
            {"nfs": {"server": "a", "path": "b"}},
            [("nfs.path", 'Invalid value: "b": must be an absolute path')],
        ),
        (
            {"csi": {"driver": "Bad_", "nodePublishSecretRef": {"name": "A"}}},
            [
                ("csi.driver", 'Invalid value: "Bad_": a lowercase RFC 1123 subdomain'),
                ("csi.name", 'Invalid value: "A": a lowercase RFC 1123 subdomain'),
            ],
        ),
        (
            {"iscsi": {"targetPortal": "a", "iqn": "iqn.2001", "lun": 256}},
            [
                ("iscsi.iqn", 'Invalid value: "iqn.2001": must be valid format'),
                ("iscsi.lun", "Invalid value: 256: must be between 0 and 255, inclusive"),
            ],
        ),
        ({"iscsi": {"targetPortal": "a", "iqn": "iqn.2001-04.com.example:disk", "lun": 1}}, []),
        ({"iscsi": {"targetPortal": "a", "iqn": "eui.0123456789abcdef", "lun": 0}}, []),
        (
            {"fc": {"targetWWNs": ["a"]}},
            [("fc.lun", "Required value: lun is required if targetWWNs is specified")],
        ),
        (
            {"flexVolume": {"driver": "a/b", "options": {"Kubernetes.io/x": "y"}}},
            [("flexVolume.options.Kubernetes.io/x", 'Invalid value: "Kubernetes.io/x"')],
        ),
        (
            {"azureDisk": {"diskName": "a", "diskURI": "b"}},
            [("azureDisk.diskURI", 'Unsupported value: "b": supported values: "https://')],
        ),
        (
            {"quobyte": {"registry": "a:1,b", "volume": "v"}},
            [("quobyte.registry", 'Invalid value: "a:1,b": must be a host:port pair')],
        ),
        ({"flocker": {"datasetName": "a/b"}}, [("flocker.datasetName", 'Invalid value: "a/b"')]),
        (
            {
                "downwardAPI": {
                    "items": [{"path": "..a", "fieldRef": {"fieldPath": "spec.nodeName"}}]
                }
            },
            [
                ("downwardAPI.path", "Invalid value: \"..a\": must not start with '..'"),
                ("downwardAPI.fieldRef.fieldPath", 'Unsupported value: "spec.nodeName"'),
            ],
        ),
        (
            {
                "downwardAPI": {
                    "items": [{"path": "a", "resourceFieldRef": {"resource": "limits.cpu"}}]
                }
            },
            [("downwardAPI.resourceFieldRef.containerName", "Required value")],
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"secret": {"name": "a", "items": [{"key": "k", "path": "p"}]}},
                        {"configMap": {"name": "a", "items": [{"key": "k", "path": "p"}]}},
                        {"serviceAccountToken": {"path": "t", "expirationSeconds": 599}},
                        {"secret": {"name": "a"}, "configMap": {"name": "a"}},
                    ]
                }
            },
            [
                ("projected", 'Invalid value: "p": conflicting duplicate paths'),
                (
                    "projected.sources.2.serviceAccountToken.expirationSeconds",
                    "Invalid value: 599: may not specify a duration less than 10 minutes",
                ),
                ("projected.sources.3", "Forbidden: may not specify more than 1 volume type per"),
            ],
        ),
        ({"ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}}, []),
        ({"ephemeral": {}}, [("ephemeral.volumeClaimTemplate", "Required value")]),
        (
            {"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "a"}, "spec": CLAIM}}},
            [("ephemeral.volumeClaimTemplate.metadata.name", "Forbidden: cannot be set")],
        ),
        ({"image": {"reference": ""}}, [("image.reference", "Required value")]),
    ],
)
def test_volumes(volume, expected):
    found = pod_faults({"volumes": [*POD["volumes"], {"name": "v", **volume}]})
    assert_faults(within("volumes.1", found), *expected)


def test_a_template_may_have_an_image_without_reference():
    assert template_faults({"volumes": [{"name": "v", "image": {}}]}) == []


def test_names_of_volumes():
    volumes = [{"name": "v"}, {"name": "v"}, {"name": ""}, {"name": "Bad_Name"}]
    assert_faults(
        pod_faults({"volumes": volumes}),
        ("volumes.1.name", 'Duplicate value: "v"'),
        ("volumes.2.name", "Required value"),
        ("volumes.3.name", 'Invalid value: "Bad_Name": a lowercase RFC 1123 label'),
    )


def test_a_claim_must_not_be_that_of_an_ephemeral_volume():
    volumes = [
        {"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "web-a"}},
    ]
    assert_faults(
        pod_faults({"volumes": volumes}),
        (
            "volumes.1.persistentVolumeClaim.claimName",
            'Invalid value: "web-a": must not reference a PVC that gets created',
        ),
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"accessModes": []}, [("accessModes", "Required value: at least 1 access mode")]),
        (
            {"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]},
            [("accessModes", "Forbidden: may not use ReadWriteOncePod with other access modes")],
        ),
        ({"resources": {}}, [("resources.storage", "Required value")]),
        (
            {"resources": {"requests": {"storage": "0"}}},
            [("resources.storage", 'Invalid value: "0": must be greater than zero')],
        ),
        (
            {"storageClassName": "Bad_"},
            [("storageClassName", 'Invalid value: "Bad_": a lowercase RFC 1123 subdomain')],
        ),
        # The server drops a source of another kind.
        ({"dataSource": {"kind": "VolumeSnapshot", "name": "s"}}, []),
        (
            {"dataSourceRef": {"kind": "X", "name": ""}},
            [
                ("dataSourceRef.name", "Required value"),
                ("dataSourceRef", "Invalid value: \"X\": must be 'PersistentVolumeClaim'"),
            ],
        ),
        (
            {
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"},
            },
            [("", 'Invalid value: "dataSource": must match dataSourceRef')],
        ),
    ],
)
def test_claims(change, expected):
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "a"},
        "spec": {**CLAIM, **change},
    }
    assert_faults(
        faults_of(body), *((f"spec.{path}".rstrip("."), message) for path, message in expected)
    )


def test_a_claim_without_spec():
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"}}
    assert_faults(
        faults_of(body),
        ("spec.accessModes", "Required value: at least 1 access mode is required"),
        ("spec.resources.storage", "Required value"),
    )


def test_old_definitions_have_claims_with_the_resources_of_containers():
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "a"},
        "spec": CLAIM,
    }
    assert faults_of(body, (1, 25)) == []
