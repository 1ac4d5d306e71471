"""Rules for storage."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

VOLUME = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "pv"},
    "spec": {
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "csi.example.io", "volumeHandle": "v"},
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.capacity": ABSENT},
            [
                "spec.capacity: Required value",
                'spec.capacity: Unsupported value: {}: supported values: "storage"',
            ],
        ),
        (
            {"spec.capacity": {"storage": "0"}},
            ['spec.capacity.storage: Invalid value: "0": must be greater than zero'],
        ),
        (
            {"spec.capacity": {"storage": "1Gi", "cpu": "1"}},
            [
                'spec.capacity: Unsupported value: {"storage":"1Gi","cpu":"1"}: supported values: "storage"'
            ],
        ),
        ({"spec.accessModes": []}, ["spec.accessModes: Required value"]),
        (
            {"spec.accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
        ),
        (
            {"spec.accessModes": ["RWO"]},
            [
                'spec.accessModes.0: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWri'
            ],
        ),
        ({"spec.csi": ABSENT}, ["spec: Required value: must specify a volume type"]),
        (
            {"spec.hostPath": {"path": "/x"}},
            ["spec.csi: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            {"spec.csi": ABSENT, "spec.local": {"path": "/x"}},
            ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
        ),
        (
            {
                "spec.csi": ABSENT,
                "spec.hostPath": {"path": "/a/.."},
                "spec.persistentVolumeReclaimPolicy": "Recycle",
            },
            [
                "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
                "spec.hostPath.path: Invalid value: \"/a/..\": must not contain '..'",
            ],
        ),
        (
            {"spec.storageClassName": "Bad"},
            ['spec.storageClassName: Invalid value: "Bad": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.volumeMode": "Raw"},
            ['spec.volumeMode: Unsupported value: "Raw": supported values: "Block", "Filesystem"'],
        ),
        (
            {"spec.persistentVolumeReclaimPolicy": "Keep"},
            [
                'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Re'
            ],
        ),
        (
            {"spec.nodeAffinity": {}},
            ["spec.nodeAffinity.required: Required value: must specify required node constraints"],
        ),
        (
            {"spec.volumeAttributesClassName": ""},
            ["spec.volumeAttributesClassName: Required value: an empty string is disallowed"],
        ),
    ],
)
def test_volume(edits, expected):
    assert_faults_after(VOLUME, edits, expected)


STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "fast"},
    "provisioner": "ebs.CSI.aws.com",
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"provisioner": ""}, ["provisioner: Required value"]),
        ({"provisioner": "a b"}, ['provisioner: Invalid value: "a b": name part']),
        ({"parameters": {"": "x"}}, ['parameters: Invalid value: "": field can not be empty.']),
        (
            {"parameters": {str(i): "" for i in range(513)}},
            ["parameters: Too long: may not be more than 512 bytes"],
        ),
        (
            {"reclaimPolicy": "Recycle"},
            ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
        ),
        (
            {"reclaimPolicy": ""},
            [
                'reclaimPolicy: Unsupported value: "": supported values: "Delete", "Recycle", "Retain"'
            ],
        ),
        (
            {"volumeBindingMode": "Later"},
            [
                'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'
            ],
        ),
        (
            {"allowedTopologies": [{}]},
            ['allowedTopologies.0.matchLabelExpressions: Duplicate value: ""'],
        ),
        (
            {
                "allowedTopologies": [
                    {
                        "matchLabelExpressions": [
                            {"key": "zone", "values": ["a", "a"]},
                            {"key": "zone", "values": []},
                        ]
                    }
                ]
            },
            [
                'allowedTopologies.0.matchLabelExpressions.0.values.1: Duplicate value: "a"',
                "allowedTopologies.0.matchLabelExpressions.1.values: Required value",
                'allowedTopologies.0.matchLabelExpressions.1.key: Duplicate value: "zone"',
            ],
        ),
        (
            {
                "allowedTopologies": [
                    {"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]},
                    {"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]},
                ]
            },
            ['allowedTopologies.1.matchLabelExpressions: Duplicate value: ""'],
        ),
    ],
)
def test_storage_class(edits, expected):
    assert_faults_after(STORAGE_CLASS, edits, expected)


ATTRIBUTES_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "VolumeAttributesClass",
    "metadata": {"name": "fast"},
    "driverName": "csi.example.io",
    "parameters": {"iops": "1"},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"driverName": ""}, ["driverName: Required value"]),
        (
            {"parameters": {}},
            ["parameters: Required value: must contain at least one key/value pair"],
        ),
    ],
)
def test_attributes_class(edits, expected):
    assert_faults_after(ATTRIBUTES_CLASS, edits, expected)


ATTACHMENT = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "VolumeAttachment",
    "metadata": {"name": "a"},
    "spec": {
        "attacher": "csi.example.io",
        "nodeName": "n1",
        "source": {"persistentVolumeName": "pv"},
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.attacher": ""}, ["spec.attacher: Required value"]),
        (
            {"spec.attacher": "a_b"},
            ['spec.attacher: Invalid value: "a_b": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.nodeName": ""},
            ['spec.nodeName: Invalid value: "": a lowercase RFC 1123 subdomain'],
        ),
        (
            {"spec.source": {}},
            [
                "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"
            ],
        ),
        (
            {"spec.source.persistentVolumeName": ""},
            [
                "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName"
            ],
        ),
        (
            {
                "spec.source.inlineVolumeSpec": {
                    "accessModes": ["ReadWriteOnce"],
                    "csi": {"driver": "csi.example.io", "volumeHandle": "v"},
                }
            },
            [
                "spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName"
            ],
        ),
        (
            {
                "spec.source": {
                    "inlineVolumeSpec": {
                        "accessModes": ["ReadWriteOnce"],
                        "csi": {"driver": "csi.example.io", "volumeHandle": "v"},
                    }
                }
            },
            [],
        ),
        (
            {
                "spec.source": {
                    "inlineVolumeSpec": {
                        "accessModes": ["ReadWriteOnce"],
                        "nfs": {"server": "a", "path": "/"},
                        "capacity": {"storage": "1"},
                        "volumeMode": "Block",
                        "persistentVolumeReclaimPolicy": "Delete",
                        "nodeAffinity": {"required": {"nodeSelectorTerms": [{}]}},
                    }
                }
            },
            [
                "spec.source.inlineVolumeSpec.nodeAffinity: Forbidden: may not be specified in the context of inline volum",
                "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
                "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes",
                "spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context ",
                "spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in t",
            ],
        ),
    ],
)
def test_attachment(edits, expected):
    assert_faults_after(ATTACHMENT, edits, expected)


CSI_NODE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSINode",
    "metadata": {"name": "n1"},
    "spec": {"drivers": [{"name": "csi.example.io", "nodeID": "n1"}]},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        ({"spec.drivers.0.nodeID": ""}, ["spec.drivers.0.nodeID: Required value"]),
        (
            {"spec.drivers.0.nodeID": "a" * 257},
            [
                'spec.drivers.0.nodeID: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
            ],
        ),
        (
            {"spec.drivers.0.topologyKeys": ["a b", "", ""]},
            [
                'spec.drivers.0: Invalid value: "a b": name part',
                "spec.drivers.0: Required value",
                'spec.drivers.0: Invalid value: "": name part must be non-empty',
                'spec.drivers.0: Invalid value: "": name part',
                "spec.drivers.0: Required value",
                'spec.drivers.0: Duplicate value: ""',
                'spec.drivers.0: Invalid value: "": name part must be non-empty',
                'spec.drivers.0: Invalid value: "": name part',
            ],
        ),
        (
            {"spec.drivers.0.allocatable": {"count": -1}},
            [
                "spec.drivers.0.allocatable.count: Invalid value: -1: must be greater than or equal to 0"
            ],
        ),
        (
            {"spec.drivers.0.name": "A_b"},
            ['spec.drivers.0.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain'],
        ),
    ],
)
def test_csi_node(edits, expected):
    assert_faults_after(CSI_NODE, edits, expected)


CSI_DRIVER = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSIDriver",
    "metadata": {"name": "csi.example.io"},
    "spec": {},
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.fsGroupPolicy": "All"},
            [
                'spec.fsGroupPolicy: Unsupported value: "All": supported values: "File", "None", "ReadWriteOnceWithFSType"'
            ],
        ),
        (
            {"spec.volumeLifecycleModes": ["Forever"]},
            [
                'spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"'
            ],
        ),
        (
            {"spec.nodeAllocatableUpdatePeriodSeconds": 9},
            [
                "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"
            ],
        ),
        (
            {
                "spec.tokenRequests": [
                    {"audience": "a", "expirationSeconds": 599},
                    {"audience": "a"},
                    {"audience": "b", "expirationSeconds": 4294967297},
                ]
            },
            [
                "spec.tokenRequests.0.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minut",
                'spec.tokenRequests.1.audience: Duplicate value: "a"',
                "spec.tokenRequests.2.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than",
            ],
        ),
        (
            {"spec.serviceAccountTokenInSecrets": False},
            [
                "spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no token"
            ],
        ),
    ],
)
def test_csi_driver(edits, expected):
    assert_faults_after(CSI_DRIVER, edits, expected)


CAPACITY = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSIStorageCapacity",
    "metadata": {"name": "a", "namespace": "b"},
    "storageClassName": "fast",
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"storageClassName": ""},
            ['storageClassName: Invalid value: "": a lowercase RFC 1123 subdomain'],
        ),
        ({"capacity": "-1"}, ['capacity: Invalid value: "-1": must be greater than or equal to 0']),
    ],
)
def test_capacity(edits, expected):
    assert_faults_after(CAPACITY, edits, expected)
